#include "adapters/vault/password_hash.h"

#include <sodium.h>

#include <charconv>

#include "adapters/vault/base64.h"

namespace troupe::vault {
namespace {

constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;

std::string encode(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), kVariant);
  text.pop_back();  // the zero behind it
  return text;
}

/// Reads a text from left to right; once something does not fit, nothing fits any more.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  Scanner& expect(std::string_view word) {
    ok_ = ok_ && rest_.starts_with(word);
    if (ok_) rest_.remove_prefix(word.size());
    return *this;
  }
  /// Decimal, without leading zeroes, from 1 to `max`.
  Scanner& number(std::uint32_t& value, std::uint32_t max) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    ok_ = ok_ && error == std::errc{} && rest_.front() != '0' && value <= max;
    if (ok_) rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return *this;
  }
  /// Base64 of `size` bytes, to the next '$' or the end.
  Scanner& bytes(std::string& value, std::size_t size) {
    const std::string_view text = rest_.substr(0, rest_.find('$'));
    value.assign(size, '\0');
    std::size_t found = 0;
    ok_ = ok_ && is_ascii(text) &&
          sodium_base642bin(reinterpret_cast<unsigned char*>(value.data()), size, text.data(),
                            text.size(), nullptr, &found, nullptr, kVariant) == 0 &&
          found == size;
    if (ok_) rest_.remove_prefix(text.size());
    return *this;
  }
  bool is_done() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string write(const PasswordHash& hash) {
  return "$argon2id$v=19$m=" + std::to_string(hash.memory_kib) +
         ",t=" + std::to_string(hash.passes) + ",p=1$" + encode(hash.salt) + "$" +
         encode(hash.hash);
}

std::optional<PasswordHash> parse_password_hash(std::string_view text) {
  PasswordHash hash;
  Scanner in(text);
  in.expect("$argon2id$v=19$m=").number(hash.memory_kib, kMemoryKibMax);
  in.expect(",t=").number(hash.passes, kPassesMax);
  in.expect(",p=1$").bytes(hash.salt, kSaltBytes);
  in.expect("$").bytes(hash.hash, kHashBytes);
  // Argon2 itself wants 8 KiB for its one lane.
  if (!in.is_done() || hash.memory_kib < 8) return std::nullopt;
  return hash;
}

}  // namespace troupe::vault
