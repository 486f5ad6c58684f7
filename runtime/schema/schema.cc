#include "runtime/schema/schema.h"

#include <algorithm>

#include "runtime/json/scan.h"
#include "runtime/schema/evaluate.h"
#include "runtime/schema/keywords.h"
#include "runtime/schema/library.h"

namespace troupe::schema {

namespace {

constexpr std::size_t kInstanceDepthMax = 256;

Issue refusal(std::string message) { return {Code::kAnswerInvalid, {}, {}, std::move(message)}; }

}  // namespace

Schema::Schema(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

Schema::~Schema() = default;

Result<std::shared_ptr<const Schema>> Schema::compile(const json::Text& schema,
                                                      const PatternCompiler& patterns,
                                                      const RemoteSchemas* remotes) {
  auto compiled = std::make_unique<Compiled>();
  Library library(*compiled, remotes);
  const Place* const root = library.add(schema, "");
  while (const Place* const place = library.next()) compile_keywords(*place, library, patterns);
  if (!library.issues().empty()) {
    const Issue& first = library.issues().front();
    std::string message = "the schema is not valid at \"" + first.pointer + "\": " + first.message;
    return Error{Code::kSchemaInvalid, std::move(message), std::move(library.issues())};
  }
  compiled->root = root->node;
  return std::shared_ptr<const Schema>(new Schema(std::move(compiled)));
}

std::vector<Issue> Schema::validate(std::string_view instance, std::size_t issues_max) const {
  instance = json::trim(instance);
  if (instance.empty()) return {refusal("there is no value")};
  if (json::scan::depth(instance) > kInstanceDepthMax) {
    return {refusal("the value is nested too deeply")};
  }
  const json::Tree tree = json::parse_tree(instance);
  Evaluation evaluation(std::max<std::size_t>(issues_max, 1));
  evaluation.run(*compiled_->root, tree);
  return evaluation.take_issues();
}

}  // namespace troupe::schema
