#pragma once

#include <string>
#include <string_view>

namespace troupe::graph {

// Letter case for the filters `upper` and `lower`: one code point to one, for the Latin (basic,
// Latin-1, Extended-A), Greek and Cyrillic alphabets, whatever the locale. Other text stays as it
// is.

std::string upper_case(std::string_view utf8);
std::string lower_case(std::string_view utf8);

}  // namespace troupe::graph
