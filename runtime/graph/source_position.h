#pragma once

#include <optional>
#include <string_view>

#include "runtime/json/text.h"

namespace troupe::graph {

/// Where a JSON pointer points to in a document, for messages such as "line 3, column 9". A pointer
/// to something absent (a missing field) gives the nearest value around it; text that is no
/// pointer, nothing.
std::optional<json::LineColumn> position_of(const json::Text& document,
                                            std::string_view json_pointer);

}  // namespace troupe::graph
