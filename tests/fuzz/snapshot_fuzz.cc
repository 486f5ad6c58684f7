#include <string_view>

#include "runtime/base/ensure.h"
#include "runtime/run/change.h"
#include "tests/fuzz/entries.h"
#include "tests/fuzz/stored_run.h"

namespace troupe::fuzz {
namespace {

/// A snapshot names its graph, which is the one that attach() gets; so only those count here that
/// have the shape of the one graph that is tried.
bool fits(const graph::Graph& graph, const run::Scope& scope);

bool fits(const graph::Step& step, const run::Loop& loop) {
  const graph::Graph* const body = run::body_of(step);
  if (body == nullptr) return false;
  const bool repeats = std::holds_alternative<graph::While>(step.work);
  if (repeats ? !loop.active.empty() : loop.body != nullptr) return false;
  for (const auto& [item, branch] : loop.active) {
    if (!fits(*body, *branch)) return false;
  }
  return loop.body == nullptr || fits(*body, *loop.body);
}

bool fits(const graph::Graph& graph, const run::Scope& scope) {
  if (scope.steps.size() > graph.steps.size()) return false;
  for (std::size_t i = 0; i < scope.steps.size(); ++i) {
    const run::Loop* const loop = scope.steps[i].loop.get();
    if (loop != nullptr && !fits(graph.steps[i], *loop)) return false;
  }
  return true;
}

void read_snapshot(std::string_view bytes) {
  Result<run::State> state = run::decode_snapshot(bytes);
  if (!state.ok()) {
    TROUPE_ENSURE(state.error().code == Code::kCorrupt || state.error().code == Code::kUnavailable);
    return;
  }
  if (!fits(*stored_graph(), state->root)) return;
  run::attach(*state, stored_graph());
  run::absent_values(*state);
  ensure_stored_alike(*state);
}

}  // namespace

// Stored snapshots: a refusal, or a state that is stored the same way again. The bytes are read as
// they are and with a checksum that fits them.
void fuzz_snapshot(std::string_view bytes) {
  read_snapshot(bytes);
  read_snapshot(with_checksum(bytes));
}

}  // namespace troupe::fuzz
