#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace troupe::json {

/// Why a text is not valid JSON, and at which byte.
struct Fault {
  std::string message;  ///< empty if the text is valid
  std::size_t offset = 0;
};

/// Checks everything that Text promises, except the size. Needs no stack per level of nesting, and
/// after warming up no allocation for valid text.
Fault check(std::string_view text, int depth_max);

}  // namespace troupe::json
