#include <algorithm>
#include <utility>

#include "runtime/graph/draft.h"
#include "runtime/graph/upstream.h"
#include "runtime/graph/wiring.h"

namespace troupe::graph {
namespace {

/// Names of a longer circle are left out in the middle.
constexpr std::size_t kCycleNamesMax = 20;

void index_ids(LevelDraft& level, Findings& findings) {
  level.by_id.reserve(level.steps.size());
  for (StepDraft& draft : level.steps) {
    if (draft.step.id.empty()) continue;
    const auto [found, added] = level.by_id.emplace(draft.step.id, draft.step.index);
    if (added) continue;
    findings.error(Code::kDuplicateId, draft.step.id, draft.pointer + "/id",
                   "the id " + in_quotes(draft.step.id) + " belongs to " +
                       level.steps[found->second].pointer + " already");
  }
}

void link(LevelDraft& level, Findings& findings) {
  for (StepDraft& draft : level.steps) {
    Step& step = draft.step;
    for (const DependencyDraft& dependency : draft.dependencies) {
      const auto found = level.by_id.find(dependency.id);
      if (found != level.by_id.end()) {
        step.depends_on.push_back(found->second);
        continue;
      }
      findings.error(Code::kDanglingDependency, step.id, dependency.pointer,
                     "\"depends_on\" names " + in_quotes(dependency.id) +
                         ", and there is no such step" +
                         (level.kind == LevelDraft::Kind::kTop ? "" : " in this body"));
    }
    // A body is a chain unless it says otherwise.
    if (level.kind != LevelDraft::Kind::kTop && !draft.depends_on_given && step.index > 0) {
      step.depends_on.push_back(step.index - 1);
    }
    std::sort(step.depends_on.begin(), step.depends_on.end());
    step.depends_on.erase(std::unique(step.depends_on.begin(), step.depends_on.end()),
                          step.depends_on.end());
    for (const std::uint32_t dependency : step.depends_on) {
      level.steps[dependency].step.dependants.push_back(step.index);
    }
  }
}

/// Pointer of the entry of `depends_on` that makes the edge, or nothing for an edge of a body's
/// chain.
std::string edge_pointer(const StepDraft& from, const StepDraft& to) {
  for (const DependencyDraft& dependency : from.dependencies) {
    if (dependency.id == to.step.id) return dependency.pointer;
  }
  return {};
}

void report_cycle(const LevelDraft& level, std::vector<std::uint32_t> cycle, Findings& findings) {
  // Starts at its first step in the document whose edge is written there.
  std::size_t start = 0;
  std::string pointer;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    std::string edge =
        edge_pointer(level.steps[cycle[i]], level.steps[cycle[(i + 1) % cycle.size()]]);
    if (edge.empty() || (!pointer.empty() && cycle[i] > cycle[start])) continue;
    start = i;
    pointer = std::move(edge);
  }
  std::rotate(cycle.begin(), cycle.begin() + static_cast<std::ptrdiff_t>(start), cycle.end());
  std::string names;
  for (std::size_t i = 0; i < std::min(cycle.size(), kCycleNamesMax); ++i) {
    names += level.steps[cycle[i]].step.id + " → ";
  }
  if (cycle.size() > kCycleNamesMax) {
    names += "… (" + std::to_string(cycle.size()) + " steps) → ";
  }
  const std::string& first = level.steps[cycle[0]].step.id;
  findings.error(Code::kCycle, first, std::move(pointer),
                 "these steps wait for each other: " + names + first);
}

/// Every step that is stuck waits for another that is, so a walk over such edges runs into a
/// circle.
void find_cycles(const LevelDraft& level, const Upstream& upstream, Findings& findings) {
  std::vector<std::uint32_t> walk_of(level.steps.size(), 0);
  std::vector<std::uint32_t> path;
  for (std::uint32_t begin = 0; begin < level.steps.size(); ++begin) {
    if (!upstream.stuck(begin) || walk_of[begin] != 0) continue;
    const std::uint32_t walk = begin + 1;
    path.clear();
    std::uint32_t at = begin;
    while (walk_of[at] == 0) {
      walk_of[at] = walk;
      path.push_back(at);
      const auto& dependencies = level.steps[at].step.depends_on;
      at = *std::find_if(dependencies.begin(), dependencies.end(),
                         [&](std::uint32_t step) { return upstream.stuck(step); });
    }
    if (walk_of[at] != walk) continue;
    report_cycle(level, {std::find(path.begin(), path.end(), at), path.end()}, findings);
  }
}

/// Goes through a level and, inside it, through the bodies of its loops.
class Validator {
 public:
  Validator(const StartInput& input, Findings& findings)
      : findings_(findings), wiring_(input, findings) {}

  void level(LevelDraft& level, const Scope* outer, std::uint32_t loop, const TemplateUse* output) {
    index_ids(level, findings_);
    link(level, findings_);
    Upstream upstream(level);
    if (!upstream.ordered()) find_cycles(level, upstream, findings_);
    const Scope scope{level, upstream, outer, loop};
    for (StepDraft& draft : level.steps) {
      wire(draft, Place::kStep, scope, draft.step.index);
      if (draft.body) this->level(*draft.body, &scope, draft.step.index, nullptr);
    }
    if (outer != nullptr) wire(outer->level.steps[loop], Place::kAfterBody, scope, std::nullopt);
    if (output != nullptr) wiring_.check_template(*output, "", scope, std::nullopt);
  }

 private:
  void wire(StepDraft& draft, Place place, const Scope& scope, std::optional<std::uint32_t> self) {
    for (const TemplateUse& use : draft.templates) {
      if (use.place == place) wiring_.check_template(use, draft.step.id, scope, self);
    }
    for (const ScriptDraft& script : draft.scripts) {
      if (script.place != place) continue;
      ScriptUse use = wiring_.resolve_script(script, draft.step.id, scope, self);
      if (auto* lua = std::get_if<LuaScript>(&draft.step.work))
        lua->use = std::move(use);
      else if (auto* loop = std::get_if<While>(&draft.step.work))
        loop->eval_script->use = std::move(use);
    }
  }

  Findings& findings_;
  Wiring wiring_;
};

}  // namespace

void validate(LevelDraft& top,
              const TemplateUse* output,
              const StartInput& input,
              ParseContext& context) {
  Validator(input, context.findings).level(top, nullptr, 0, output);
}

}  // namespace troupe::graph
