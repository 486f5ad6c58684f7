#include "runtime/graph/source_position.h"

#include <cstddef>

#include "runtime/json/read.h"

namespace troupe::graph {

std::optional<json::LineColumn> position_of(const json::Text& document,
                                            std::string_view json_pointer) {
  if (document.empty()) return std::nullopt;
  if (!json_pointer.empty() && json_pointer.front() != '/') return std::nullopt;
  const std::string_view text = document.view();
  while (true) {
    if (const auto value = json::at_pointer(text, json_pointer)) {
      return json::line_column(text, static_cast<std::size_t>(value->data() - text.data()));
    }
    if (json_pointer.empty()) return std::nullopt;
    json_pointer = json_pointer.substr(0, json_pointer.rfind('/'));
  }
}

}  // namespace troupe::graph
