#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/base/secret_text.h"

namespace troupe::vault {

// The forms that a master key may have. Its size tells which it is: 32 bytes are the key itself, 64
// characters are hexadecimal, 43 or 44 base64; one line end behind a text does not count. What is
// plainly no random key is refused: 32 printable characters, which are somebody's password or half
// a key in hexadecimal, and bytes that are all alike. `source` begins the sentence that says so.
// kConfigInvalid; the key is in locked memory.

Result<SecretText> parse_master_key_file(std::string_view bytes, const std::string& source);
/// The texts alone.
Result<SecretText> parse_master_key_text(std::string_view text, const std::string& source);

}  // namespace troupe::vault
