#include "runtime/tenancy/token_text.h"

#include <array>
#include <cstddef>

namespace troupe::tenancy {
namespace {

constexpr std::array<std::string_view, 5> kPrefixes = {"pat_", "ses_", "inv_", "att_",
                                                       "eml_"};
constexpr std::string_view kDigits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kPrefixSize = 4;
constexpr std::size_t kSecretSize = 30;
constexpr std::size_t kChecksumSize = 6;  // 62^6 > 2^32
constexpr std::size_t kShownSize = kPrefixSize + 4;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
    table[byte] = crc;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kTable = make_table();

/// Of IEEE 802.3, which is not the one of the journal: tokens in this form exist elsewhere too.
std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) {
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  }
  return ~crc;
}

std::array<char, kChecksumSize> checksum_of(std::string_view secret) {
  std::uint32_t rest = crc32(secret);
  std::array<char, kChecksumSize> digits;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, rest /= kDigits.size()) {
    *at = kDigits[rest % kDigits.size()];
  }
  return digits;
}

}  // namespace

std::string make_token(TokenKind kind, Entropy& entropy) {
  std::string token(kPrefixes[static_cast<std::size_t>(kind)]);
  token.reserve(kPrefixSize + kSecretSize + kChecksumSize);
  while (token.size() < kPrefixSize + kSecretSize) {
    std::uint64_t bits = entropy.next();
    for (int i = 0; i < 10 && token.size() < kPrefixSize + kSecretSize; ++i, bits >>= 6) {
      const auto value = static_cast<std::size_t>(bits & 0x3F);
      // Two of 64 values are thrown away: folded back, they would favour two digits.
      if (value < kDigits.size()) token += kDigits[value];
    }
  }
  const auto checksum = checksum_of(std::string_view(token).substr(kPrefixSize));
  token.append(checksum.data(), checksum.size());
  return token;
}

std::optional<TokenKind> kind_of_token(std::string_view text) {
  if (text.size() != kPrefixSize + kSecretSize + kChecksumSize) return std::nullopt;
  const std::string_view secret = text.substr(kPrefixSize, kSecretSize);
  if (secret.find_first_not_of(kDigits) != std::string_view::npos) return std::nullopt;
  const auto checksum = checksum_of(secret);
  if (!text.ends_with(std::string_view(checksum.data(), checksum.size()))) return std::nullopt;
  for (std::size_t kind = 0; kind < kPrefixes.size(); ++kind) {
    if (text.starts_with(kPrefixes[kind])) return static_cast<TokenKind>(kind);
  }
  return std::nullopt;
}

std::string_view shown_part(std::string_view token) {
  return kind_of_token(token) ? token.substr(0, kShownSize) : std::string_view();
}

bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned different = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    different |= static_cast<unsigned>(static_cast<unsigned char>(a[i] ^ b[i]));
  }
  return different == 0;
}

}  // namespace troupe::tenancy
