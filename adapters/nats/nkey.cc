#include "adapters/nats/nkey.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>

namespace troupe::nats {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t kKeyBytes = 32;
/// Two bytes that say "seed of a user", the key, two bytes of checksum.
constexpr std::size_t kSeedBytes = 2 + kKeyBytes + 2;
/// Each letter stands for five bits, so a key's first byte decides its first letter.
constexpr std::uint8_t kUser = ('U' - 'A') << 3;
constexpr std::uint8_t kSeed = ('S' - 'A') << 3;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
/// Bytes that nobody may find in memory later.
struct Secret {
  std::array<std::uint8_t, kSeedBytes> bytes{};
  ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

/// CRC-16/XMODEM.
std::uint16_t checksum(const std::uint8_t* bytes, std::size_t size) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < size; ++i) {
    sum ^= std::uint32_t{bytes[i]} << 8;
    for (int bit = 0; bit < 8; ++bit) {
      sum = (sum & 0x8000) != 0 ? sum << 1 ^ 0x1021 : sum << 1;
      sum &= 0xFFFF;
    }
  }
  return static_cast<std::uint16_t>(sum);
}

/// False if it is not just as long, or holds other letters.
bool decode(std::string_view text, Secret* out) {
  if (text.size() != (kSeedBytes * 8 + 4) / 5) return false;
  std::uint32_t held = 0;
  int bits = 0;
  std::size_t at = 0;
  for (const char letter : text) {
    const std::size_t value = kAlphabet.find(letter);
    if (value == std::string_view::npos) return false;
    held = (held << 5 | static_cast<std::uint32_t>(value)) & 0xFFFF;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    if (at < kSeedBytes) out->bytes[at++] = static_cast<std::uint8_t>(held >> bits);
  }
  return at == kSeedBytes;
}

std::string encode(const std::uint8_t* bytes, std::size_t size) {
  std::string text;
  std::uint32_t held = 0;
  int bits = 0;
  for (std::size_t i = 0; i < size; ++i) {
    held = (held << 8 | bytes[i]) & 0xFFFF;
    for (bits += 8; bits >= 5; bits -= 5) text += kAlphabet[held >> (bits - 5) & 31];
  }
  if (bits > 0) text += kAlphabet[held << (5 - bits) & 31];
  return text;
}

Error invalid(std::string message) { return {Code::kConfigInvalid, std::move(message), {}}; }

}  // namespace

Result<std::string> public_nkey(std::string_view seed) {
  Secret secret;
  const bool is_read = decode(seed, &secret);
  const auto& bytes = secret.bytes;
  const std::size_t summed = kSeedBytes - 2;
  // A seed's own letter takes five bits, so that of its kind lies across two bytes.
  const bool is_user = (bytes[0] & 0xF8) == kSeed &&
                       static_cast<std::uint8_t>(bytes[0] << 5 | bytes[1] >> 3) == kUser;
  const bool is_whole = checksum(bytes.data(), summed) == (bytes[summed] | bytes[summed + 1] << 8);
  if (!is_read || !is_user || !is_whole) return invalid("nats: this is no seed of a user's nkey.");
  const std::unique_ptr<EVP_PKEY, FreeKey> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes.data() + 2, kKeyBytes));
  std::array<std::uint8_t, 1 + kKeyBytes + 2> shown{kUser};
  std::size_t size = kKeyBytes;
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), shown.data() + 1, &size) != 1) {
    return invalid("nats: no public key can be made of an nkey's seed.");
  }
  const std::uint16_t sum = checksum(shown.data(), 1 + kKeyBytes);
  shown[1 + kKeyBytes] = static_cast<std::uint8_t>(sum & 0xFF);
  shown[2 + kKeyBytes] = static_cast<std::uint8_t>(sum >> 8);
  return encode(shown.data(), shown.size());
}

Result<std::string> public_nkey_of_file(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  Result<std::string> found = invalid("nats: the nkey's seed file " + path + " holds no seed.");
  while (!found.ok() && std::getline(in, line)) {
    const std::size_t end = line.find_last_not_of(" \t\r");
    line.resize(end == std::string::npos ? 0 : end + 1);
    if (line.starts_with("SU")) {
      found = public_nkey(line);
      if (!found) found = invalid("nats: what " + path + " holds is no seed of a user's nkey.");
    }
    OPENSSL_cleanse(line.data(), line.size());
  }
  return found;
}

}  // namespace troupe::nats
