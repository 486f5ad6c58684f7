#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// The URL-safe alphabet without padding (RFC 4648 §5), as web tokens have it. Not for keys: the
/// time taken depends on the bytes.
std::string encode_base64url(std::string_view bytes);
/// The ordinary alphabet with padding (RFC 4648 §4).
std::string encode_base64(std::string_view bytes);
/// Nothing for any other character, padding and spare bits that are not 0 included, so that no
/// bytes have two forms.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace troupe
