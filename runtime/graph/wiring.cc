#include "runtime/graph/wiring.h"

#include <algorithm>
#include <utility>

#include "runtime/json/read.h"

namespace troupe::graph {
namespace {

constexpr std::size_t kSharedNamesMax = 16;

/// The nearest loop of a kind around a scope, itself included.
const Scope* nearest(const Scope& scope, LevelDraft::Kind kind) {
  for (const Scope* s = &scope; s != nullptr; s = s->outer) {
    if (s->level.kind == kind) return s;
  }
  return nullptr;
}

std::string braces(std::string_view path) { return "{{" + std::string(path) + "}}"; }

}  // namespace

Wiring::Reader Wiring::reader(const Scope& scope, std::optional<std::uint32_t> self) {
  Reader found{&scope, self};
  while (found.top->outer != nullptr) {
    found.step = found.top->loop;
    found.top = found.top->outer;
  }
  return found;
}

void Wiring::check_template(const TemplateUse& use,
                            std::string_view step_id,
                            const Scope& scope,
                            std::optional<std::uint32_t> self) {
  for (const Reference& reference : use.compiled.references()) {
    if (findings_.errors_full()) return;
    auto problem = check(reference, scope, self);
    if (!problem) continue;
    if (use.missing_is_false && problem->code == Code::kInputMissing) {
      findings_.warning(problem->code, step_id, use.pointer, std::move(problem->message));
    } else {
      findings_.error(problem->code, step_id, use.pointer, std::move(problem->message));
    }
  }
}

std::optional<Wiring::Problem> Wiring::check(const Reference& reference,
                                             const Scope& scope,
                                             std::optional<std::uint32_t> self) {
  switch (reference.root) {
    case Root::kInput:
      return check_input(reference);
    case Root::kStepResult:
    case Root::kStepInput:
    case Root::kStepStatus:
    case Root::kStepError:
      return check_step(reference, scope, self);
    case Root::kBody:
      return check_body(reference, scope, self);
    case Root::kItem:
    case Root::kIndex:
      if (nearest(scope, LevelDraft::Kind::kForEach) != nullptr) return std::nullopt;
      return Problem{Code::kTemplateNotUpstream,
                     braces(reference.text) + " is known only inside the body of a for_each"};
    case Root::kWhileIteration:
    case Root::kWhilePrev:
      return check_while(reference, scope);
    case Root::kRunId:
    case Root::kRunExternalId:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Wiring::Problem> Wiring::check_step(const Reference& reference,
                                                  const Scope& scope,
                                                  std::optional<std::uint32_t> self) {
  const Reader from = reader(scope, self);
  const LevelDraft& top = from.top->level;
  const auto found = top.by_id.find(reference.step);
  if (found == top.by_id.end()) {
    for (const Scope* s = &scope; s->outer != nullptr; s = s->outer) {
      if (s->level.by_id.count(reference.step) == 0) continue;
      return Problem{Code::kTemplateUnknownStep,
                     braces(reference.text) + ": " + in_quotes(reference.step) +
                         " is a step of a body: write body." + reference.step};
    }
    return unknown_step(reference.text, reference.step, top);
  }
  if (!from.step || from.top->upstream.before(found->second, *from.step)) return std::nullopt;
  const std::string_view reader_id = top.steps[*from.step].step.id;
  return Problem{
      Code::kTemplateNotUpstream,
      braces(reference.text) + ": " + in_quotes(reference.step) +
          (found->second == *from.step ? " cannot read itself"
                                       : " may not have run yet: let " + in_quotes(reader_id) +
                                             " depend on it, directly or not")};
}

std::optional<Wiring::Problem> Wiring::check_body(const Reference& reference,
                                                  const Scope& scope,
                                                  std::optional<std::uint32_t> self) {
  if (scope.outer == nullptr) {
    return Problem{Code::kTemplateNotUpstream,
                   braces(reference.text) + " is known only inside the body of a loop"};
  }
  const auto found = scope.level.by_id.find(reference.step);
  if (found == scope.level.by_id.end()) {
    for (const Scope* s = scope.outer; s->outer != nullptr; s = s->outer) {
      if (s->level.by_id.count(reference.step) == 0) continue;
      return Problem{Code::kTemplateNotUpstream,
                     braces(reference.text) + ": " + in_quotes(reference.step) +
                         " is a step of an outer body: hand its value in as for_each_items"};
    }
    return unknown_step(reference.text, reference.step, scope.level);
  }
  if (!self || scope.upstream.before(found->second, *self)) return std::nullopt;
  return Problem{Code::kTemplateNotUpstream, braces(reference.text) + ": " +
                                                 in_quotes(reference.step) +
                                                 " does not come earlier in this body"};
}

std::optional<Wiring::Problem> Wiring::check_while(const Reference& reference, const Scope& scope) {
  const Scope* loop = nearest(scope, LevelDraft::Kind::kWhile);
  if (loop == nullptr) {
    return Problem{Code::kTemplateNotUpstream,
                   braces(reference.text) + " is known only inside the body of a while"};
  }
  if (reference.root == Root::kWhilePrev && loop->level.by_id.count(reference.step) == 0) {
    return unknown_step(reference.text, reference.step, loop->level);
  }
  return std::nullopt;
}

std::optional<Wiring::Problem> Wiring::check_input(const Reference& reference) const {
  if (input_.given.empty() || reference.has_default || reference.path.empty()) return std::nullopt;
  auto value = json::child(input_.given, reference.path[0]);
  if (!value && !input_.params.empty()) value = json::child(input_.params, reference.path[0]);
  for (std::size_t i = 1; value && i < reference.path.size(); ++i) {
    value = json::child(*value, reference.path[i]);
  }
  if (value) return std::nullopt;
  return Problem{Code::kInputMissing, braces(reference.text) + " is not in the input"};
}

Wiring::Problem Wiring::unknown_step(std::string_view text,
                                     std::string_view id,
                                     const LevelDraft& level) {
  constexpr std::size_t kCandidatesMax = 1000;
  std::string suggestion;
  if (suggestions_left_ > 0 && level.steps.size() <= kCandidatesMax) {
    --suggestions_left_;
    std::vector<std::string_view> ids;
    for (const auto& [known, index] : level.by_id) ids.push_back(known);
    std::sort(ids.begin(), ids.end());
    suggestion = did_you_mean(id, ids);
  }
  return {Code::kTemplateUnknownStep,
          braces(text) + ": there is no step " + in_quotes(id) +
              (level.kind == LevelDraft::Kind::kTop ? "" : " in this body") + suggestion};
}

const std::vector<std::uint32_t>* Wiring::by_alias(const std::string& name, const LevelDraft& top) {
  if (!has_aliases_) {
    has_aliases_ = true;
    for (const auto& [id, index] : top.by_id) {
      std::string alias(id);
      std::replace(alias.begin(), alias.end(), '-', '_');
      auto& steps = aliases_[std::string(id)];
      if (std::find(steps.begin(), steps.end(), index) == steps.end()) steps.push_back(index);
      if (alias != id) aliases_[alias].push_back(index);
    }
  }
  const auto found = aliases_.find(name);
  return found == aliases_.end() ? nullptr : &found->second;
}

ScriptUse Wiring::resolve_script(const ScriptDraft& script,
                                 std::string_view step_id,
                                 const Scope& scope,
                                 std::optional<std::uint32_t> self) {
  const ScriptNames& names = script.names;
  ScriptUse use;
  use.all_steps = names.all_steps;
  use.input = names.input;
  use.item = names.item;
  use.index = names.index;
  use.loop = names.loop;
  use.body = names.body;
  use.run = names.run;
  const Reader from = reader(scope, self);
  for (const std::string& name : names.steps) {
    const auto* candidates = by_alias(name, from.top->level);
    // A script may ask for nil on purpose, so these two are warnings.
    if (candidates == nullptr) {
      findings_.warning(Code::kTemplateUnknownStep, step_id, script.pointer,
                        "the script reads steps." + name + ", which is nil: there is no such step");
      continue;
    }
    // Ids made of - and _ alone could all share one name, and each script would list them all.
    if (candidates->size() > kSharedNamesMax) use.all_steps = true;
    bool any = false;
    for (const std::uint32_t candidate : *candidates) {
      if (from.step && !from.top->upstream.before(candidate, *from.step)) continue;
      any = true;
      if (use.all_steps) break;
      use.steps.push_back(from.top->level.steps[candidate].step.id);
    }
    if (!any) {
      findings_.warning(Code::kTemplateNotUpstream, step_id, script.pointer,
                        "the script reads steps." + name +
                            ", which is nil: that step does not come before this one");
    }
  }
  std::sort(use.steps.begin(), use.steps.end());
  use.steps.erase(std::unique(use.steps.begin(), use.steps.end()), use.steps.end());
  return use;
}

}  // namespace troupe::graph
