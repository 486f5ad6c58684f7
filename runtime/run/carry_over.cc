#include <string>
#include <utility>
#include <vector>

#include "runtime/run/decide.h"

// What a retried run takes over from the one that it repeats.

namespace troupe::run {
namespace {

/// Marks the steps behind the marked ones.
void mark_downstream(const graph::Graph& graph, std::vector<bool>& marked) {
  std::vector<std::uint32_t> open;
  for (std::uint32_t i = 0; i < marked.size(); ++i) {
    if (marked[i]) open.push_back(i);
  }
  while (!open.empty()) {
    const std::uint32_t at = open.back();
    open.pop_back();
    for (const std::uint32_t next : graph.steps[at].dependants) {
      if (marked[next]) continue;
      marked[next] = true;
      open.push_back(next);
    }
  }
}

/// Only what the graph itself decided stays skipped; the rest was the failure's doing.
bool settled(const StepState& step) {
  if (step.status == StepStatus::kCompleted) return true;
  if (step.status != StepStatus::kSkipped) return false;
  return step.skip == SkipReason::kCondition || step.skip == SkipReason::kStepDisabled ||
         step.skip == SkipReason::kRejected || step.skip == SkipReason::kOutOfScope;
}

}  // namespace

Result<std::vector<Carried>> carry_over(const State& old_state, const graph::Graph& new_graph,
                                        std::string_view from_step) {
  const graph::Graph& old_graph = *old_state.graph;
  std::vector<bool> again(new_graph.steps.size(), false);
  if (!from_step.empty()) {
    const auto from = new_graph.find(from_step);
    if (!from) return {Code::kNotFound, "There is no step '" + std::string(from_step) + "'."};
    again[*from] = true;
  }
  std::vector<const StepState*> old_steps(new_graph.steps.size(), nullptr);
  for (const graph::Step& step : new_graph.steps) {
    const auto index = old_graph.find(step.id);
    const StepState* old = index ? &old_state.root.steps[*index] : nullptr;
    const bool same = old != nullptr && old_graph.steps[*index].definition == step.definition;
    // Results in chunks are addressed inside the old run's bucket, and made again.
    const bool chunks = old != nullptr && old->loop != nullptr;
    if (!same || chunks || !settled(*old)) again[step.index] = true;
    old_steps[step.index] = old;
  }
  mark_downstream(new_graph, again);
  std::vector<Carried> carried;
  for (const graph::Step& step : new_graph.steps) {
    if (again[step.index]) continue;
    const StepState& old = *old_steps[step.index];
    carried.push_back(
        {step.index, old.result, old.input, old.skip, old.rejected, {}, 0, {}});
  }
  return carried;
}

}  // namespace troupe::run
