#include "adapters/system/token.h"

#include <array>
#include <cstdint>

namespace troupe::system {
namespace {

constexpr std::string_view kPrefix = "pat_";
constexpr std::string_view kDigits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kSecretSize = 30;
constexpr std::size_t kChecksumSize = 6;

/// The CRC of IEEE 802.3. Tokens are made and checked rarely, so bit by bit will do.
std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}

std::string checksum_of(std::string_view secret) {
  std::uint32_t rest = crc32(secret);
  std::string digits(kChecksumSize, kDigits[0]);
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, rest /= kDigits.size()) {
    *at = kDigits[rest % kDigits.size()];
  }
  return digits;
}

}  // namespace

std::string make_token(Entropy& entropy) {
  std::string secret;
  while (secret.size() < kSecretSize) {
    std::uint64_t bits = entropy.next();
    for (int i = 0; i < 8 && secret.size() < kSecretSize; ++i, bits >>= 8) {
      const auto value = static_cast<std::size_t>(bits & 0x3F);
      if (value < kDigits.size()) secret += kDigits[value];  // the rest would favour some digits
    }
  }
  return std::string(kPrefix) + secret + checksum_of(secret);
}

bool is_well_formed_token(std::string_view token) {
  if (token.size() != kPrefix.size() + kSecretSize + kChecksumSize) return false;
  if (!token.starts_with(kPrefix)) return false;
  const std::string_view secret = token.substr(kPrefix.size(), kSecretSize);
  if (secret.find_first_not_of(kDigits) != std::string_view::npos) return false;
  return token.substr(kPrefix.size() + kSecretSize) == checksum_of(secret);
}

}  // namespace troupe::system
