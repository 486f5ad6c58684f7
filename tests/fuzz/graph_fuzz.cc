// Fuzzes the graph parser: any JSON gives a graph or an error, and pointers that lead into the
// text.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/ensure.h"
#include "runtime/graph/graph.h"
#include "runtime/graph/source_position.h"
#include "runtime/json/text.h"

namespace {

using namespace troupe;

class AnySyntax : public ScriptSyntax {
 public:
  Status check(std::string_view, std::string_view) const override { return ok(); }
};

class NoPattern : public Pattern {
 public:
  bool found_in(std::string_view) const override { return false; }
};
class AnyPatterns : public PatternCompiler {
 public:
  Result<std::shared_ptr<const Pattern>> compile(std::string_view) const override {
    return std::shared_ptr<const Pattern>(std::make_shared<NoPattern>());
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto document = json::Text::parse(std::string(reinterpret_cast<const char*>(data), size));
  if (!document.ok()) return -1;
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
  return 0;
}
