#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace troupe::graph {

/// What a path inside {{ }} starts from.
enum class Root : unsigned char {
  kInput,           ///< input.a.b
  kStepResult,      ///< steps.<id>.result.… or steps.<id>.…
  kStepInput,       ///< steps.<id>.input.…
  kStepStatus,      ///< steps.<id>.status
  kStepError,       ///< steps.<id>.error.…
  kItem,            ///< foreach.item.… or item.…
  kIndex,           ///< foreach.index or index
  kBody,            ///< body.<id>.… : result of an earlier step of the same body
  kWhileIteration,  ///< while.iteration
  kWhilePrev,       ///< while.prev.<id>.…
  kRunId,           ///< run.id
  kRunExternalId,   ///< run.external_id
};

/// One path, taken apart at compile time.
struct Reference {
  Root root = Root::kInput;
  std::string step;               ///< for kStep…, kBody, kWhilePrev: the id
  std::vector<std::string> path;  ///< segments behind it: keys or decimal indices
  std::string text;               ///< as written, for messages
  bool has_default = false;       ///< a `default` filter follows: the path may be missing
};

/// Where an expansion finds its values; implemented over the state of a run.
class Environment {
 public:
  virtual ~Environment() = default;
  /// The raw JSON value without white space around it, or nothing if the path is missing. A value
  /// that has to be made (a status, an id) is put into `*storage`, which outlives the view.
  virtual std::optional<std::string_view> find(const Reference& reference,
                                               std::string* storage) const = 0;
};

/// A JSON value with {{ }} in its strings (keys of objects are never templates), compiled once at
/// publish time. Immutable and shared; thread-safe.
class Template {
 public:
  /// `value` is valid JSON. kTemplateSyntax names the position inside the string; its one issue has
  /// the pointer of that string inside `value`.
  static Result<Template> compile(std::string_view value);

  /// JSON of the expanded value. A string that is exactly one {{ }} keeps the JSON type of its
  /// value; in mixed text numbers and booleans appear as JSON, null as empty, objects and arrays
  /// compact. Values are never expanded again. kTemplateUnresolved names a missing path.
  Result<std::string> expand(const Environment& environment) const;

  const std::vector<Reference>& references() const;
  /// No {{ }} at all: expands to the same text every time.
  bool constant() const;

  struct Node;  ///< compiled form, private to template.cc

 private:
  std::shared_ptr<const Node> root_;
  std::shared_ptr<const std::vector<Reference>> references_;
};

}  // namespace troupe::graph
