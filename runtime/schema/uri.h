#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace troupe::schema {

/// The reference resolved against the base (RFC 3986, section 5), its fragment kept.
std::string resolve_uri(std::string_view base, std::string_view reference);
/// What stands before the first '#', and what stands behind it.
std::pair<std::string_view, std::string_view> split_fragment(std::string_view uri);
std::string percent_decode(std::string_view text);

}  // namespace troupe::schema
