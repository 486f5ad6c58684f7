#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/graph/draft.h"
#include "runtime/graph/upstream.h"

namespace troupe::graph {

/// A level with its order and its way out: the loop whose body it is.
struct Scope {
  LevelDraft& level;
  Upstream& upstream;
  const Scope* outer = nullptr;
  std::uint32_t loop = 0;  ///< in the outer level
};

/// Checks that what templates and scripts name exists and has run before them, and finds out which
/// values each script reads.
class Wiring {
 public:
  Wiring(const StartInput& input, Findings& findings) : input_(input), findings_(findings) {}

  /// `self`: the step that holds the template, or nothing where every step of the level has run.
  void check_template(const TemplateUse& use,
                      std::string_view step_id,
                      const Scope& scope,
                      std::optional<std::uint32_t> self);
  ScriptUse resolve_script(const ScriptDraft& script,
                           std::string_view step_id,
                           const Scope& scope,
                           std::optional<std::uint32_t> self);

 private:
  /// Where `steps` is looked up: the document's level, and what of it holds the reader.
  struct Reader {
    const Scope* top;
    std::optional<std::uint32_t> step;
  };
  static Reader reader(const Scope& scope, std::optional<std::uint32_t> self);

  struct Problem {
    Code code;
    std::string message;
  };
  std::optional<Problem> check(const Reference& reference,
                               const Scope& scope,
                               std::optional<std::uint32_t> self);
  std::optional<Problem> check_step(const Reference& reference,
                                    const Scope& scope,
                                    std::optional<std::uint32_t> self);
  std::optional<Problem> check_body(const Reference& reference,
                                    const Scope& scope,
                                    std::optional<std::uint32_t> self);
  std::optional<Problem> check_while(const Reference& reference, const Scope& scope);
  std::optional<Problem> check_input(const Reference& reference) const;
  Problem unknown_step(std::string_view text, std::string_view id, const LevelDraft& level);
  const std::vector<std::uint32_t>* by_alias(const std::string& name, const LevelDraft& top);

  const StartInput& input_;
  Findings& findings_;
  int suggestions_left_ = 20;  ///< comparing names costs much; a few help, more are noise
  bool has_aliases_ = false;
  /// Steps of the document under the names that Lua gives them, with _ for -.
  std::unordered_map<std::string, std::vector<std::uint32_t>> aliases_;
};

}  // namespace troupe::graph
