#pragma once

#include <string>
#include <string_view>

namespace troupe::vault {

/// What a program that handled keys has complained about, as it may stand in the log. Keys come as
/// base64 or hexadecimal digits, so every long run of such characters goes, and every line that is
/// not plain text. `is_cut` says that the text goes on: then its last run goes too, as it may be
/// the beginning of a long one.
std::string redact(std::string_view text, bool is_cut);

}  // namespace troupe::vault
