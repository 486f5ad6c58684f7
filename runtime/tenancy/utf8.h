#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::tenancy {

/// Takes the first code point off the text; nothing if what it begins with is not UTF-8. The text
/// is not empty.
std::optional<char32_t> take_code_point(std::string_view& text);

/// How many there are; nothing if the text is not UTF-8.
std::optional<std::size_t> count_code_points(std::string_view text);

}  // namespace troupe::tenancy
