#pragma once

#include <optional>
#include <string_view>

#include "runtime/base/secret_text.h"

namespace troupe::vault {

// Texts of keys, coded in a time that does not depend on the key.

/// libsodium's decoders take some bytes over 127 for digits, so that a text would have two forms;
/// such texts are refused before they get there.
bool is_ascii(std::string_view text);

/// Standard alphabet, padded.
SecretText encode_base64(std::string_view bytes);
/// Standard or URL-safe alphabet, padded or not; nothing else, white space included. In locked
/// memory.
std::optional<SecretText> decode_base64(std::string_view text);
/// Hexadecimal digits of either case. In locked memory.
std::optional<SecretText> decode_hex(std::string_view text);

}  // namespace troupe::vault
