#include "adapters/vault/master_key_text.h"

#include <algorithm>
#include <optional>

#include "adapters/vault/aead.h"
#include "adapters/vault/base64.h"
#include "adapters/vault/memory.h"

namespace troupe::vault {
namespace {

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

Result<SecretText> checked(std::optional<SecretText> key, const std::string& source) {
  if (!key || key->size() != kKeyBytes) {
    return {Code::kConfigInvalid,
            source +
                " does not hold a master key: 32 random bytes, as base64 or hexadecimal "
                "text, or in a file as they are."};
  }
  const std::string_view bytes = key->reveal();
  if (bytes.find_first_not_of(bytes.front()) == std::string_view::npos) {
    return {Code::kConfigInvalid, source + " holds the same byte 32 times, which is no key."};
  }
  return std::move(*key);
}

}  // namespace

Result<SecretText> parse_master_key_file(std::string_view bytes, const std::string& source) {
  if (bytes.size() != kKeyBytes) return parse_master_key_text(bytes, source);
  if (std::all_of(bytes.begin(), bytes.end(), is_printable)) {
    return {Code::kConfigInvalid,
            source +
                " holds 32 printable characters. A master key is 32 random bytes: 64 "
                "hexadecimal digits, or 44 characters of base64."};
  }
  return checked(SecretText(bytes, locked_memory()), source);
}

Result<SecretText> parse_master_key_text(std::string_view text, const std::string& source) {
  text = without_line_end(text);
  if (text.size() == 2 * kKeyBytes) return checked(decode_hex(text), source);
  if (text.size() == 43 || text.size() == 44) return checked(decode_base64(text), source);
  return checked(std::nullopt, source);
}

}  // namespace troupe::vault
