#include <string>
#include <string_view>

#include "adapters/re2/pattern_compiler.h"
#include "runtime/base/ensure.h"
#include "runtime/json/read.h"
#include "runtime/schema/metaschema.h"
#include "runtime/schema/schema.h"
#include "tests/fuzz/entries.h"

namespace troupe::fuzz {

// The input is a JSON array of a schema and an instance. What compiles fits the meta-schema, and a
// validation always ends, with one verdict however many issues are asked for.
void fuzz_schema(std::string_view bytes) {
  static const re2::Re2PatternCompiler patterns;
  static const std::shared_ptr<const schema::Schema> meta = *schema::Schema::compile(
      json::Text::trusted("{\"$ref\":\"" + std::string(schema::kDialect) + "\"}"), patterns);

  const Result<json::Text> input = json::Text::parse(std::string(bytes));
  if (!input.ok()) return;
  const std::string_view source = json::element(input->view(), 0).value_or("");
  const std::string_view instance = json::element(input->view(), 1).value_or("");
  const auto compiled = schema::Schema::compile(json::Text::trusted(std::string(source)), patterns);
  if (!compiled.ok()) {
    TROUPE_ENSURE(!compiled.error().issues.empty());
    return;
  }
  TROUPE_ENSURE(meta->validate(source).empty());
  const bool valid = (*compiled)->validate(instance).empty();
  TROUPE_ENSURE(valid == (*compiled)->validate(instance, 1).empty());
}

}  // namespace troupe::fuzz
