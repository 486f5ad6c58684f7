#include <string>
#include <string_view>

#include "runtime/base/ensure.h"
#include "runtime/graph/graph.h"
#include "runtime/graph/source_position.h"
#include "runtime/json/text.h"
#include "tests/fuzz/entries.h"
#include "tests/fuzz/lenient_tools.h"

namespace troupe::fuzz {

// Fuzzes the graph parser: any JSON gives a graph or an error, and pointers that lead into the
// text.
void fuzz_graph(std::string_view bytes) {
  auto document = json::Text::parse(std::string(bytes));
  if (!document.ok()) return;
  const AnySyntax syntax;
  const AnyPatterns patterns;
  const json::Text input = json::Text::trusted("{}");
  const graph::Parsed parsed = graph::parse(*document, {syntax, patterns}, {}, &input);
  bool error = false;
  for (const Issue& issue : parsed.issues) {
    error = error || !issue.warning;
    TROUPE_ENSURE(!issue.message.empty());
    TROUPE_ENSURE(graph::position_of(*document, issue.pointer).has_value());
  }
  TROUPE_ENSURE((parsed.graph == nullptr) == error);
}

}  // namespace troupe::fuzz
