#include "adapters/vault/base64.h"

#include <sodium.h>

#include <algorithm>

#include "adapters/vault/memory.h"

namespace troupe::vault {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

SecretText encode_base64(std::string_view bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;
  // One more than the text, for the zero behind it.
  const std::size_t size = sodium_base64_encoded_len(bytes.size(), kVariant);
  SecretText text = SecretText::of_size(size);
  sodium_bin2base64(reinterpret_cast<char*>(text.writable().data()), size,
                    reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), kVariant);
  text.truncate(size - 1);
  return text;
}

std::optional<SecretText> decode_base64(std::string_view text) {
  if (!is_ascii(text)) return std::nullopt;
  constexpr int kVariants[] = {
      sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
      sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING};
  SecretText bytes = SecretText::of_size(text.size() / 4 * 3 + 3, locked_memory());
  for (const int variant : kVariants) {
    std::size_t size = 0;
    if (sodium_base642bin(bytes.writable().data(), bytes.size(), text.data(), text.size(), nullptr,
                          &size, nullptr, variant) == 0) {
      bytes.truncate(size);
      return bytes;
    }
  }
  return std::nullopt;
}

std::optional<SecretText> decode_hex(std::string_view text) {
  if (!is_ascii(text)) return std::nullopt;
  SecretText bytes = SecretText::of_size(text.size() / 2 + 1, locked_memory());
  std::size_t size = 0;
  if (sodium_hex2bin(bytes.writable().data(), bytes.size(), text.data(), text.size(), nullptr,
                     &size, nullptr) != 0) {
    return std::nullopt;
  }
  bytes.truncate(size);
  return bytes;
}

}  // namespace troupe::vault
