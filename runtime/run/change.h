#pragma once

#include <cstdint>

#include "runtime/run/state.h"

// How the state changes, below apply(). Shared by apply() and by decide(), which also changes what
// no record tells: the steps of pure for_each bodies and which attempts are under way.

namespace troupe::run {

/// Results of a while's iterations that are kept for its own result.
inline constexpr std::size_t kIterationsKept = 100;

/// The body of a loop step; null for any other.
const graph::Graph* body_of(const graph::Step& step);
Scope make_scope(const graph::Graph& graph);

/// Like locate(), but makes the branch of a running for_each that has not begun in this state: a
/// fold meets records of branches whose beginning is not journaled.
Located reach(State& state, const StepPath& path);

/// Which items a loop of the run's own graph has, and how they lie in chunks: those of its group,
/// or all.
void shape(const State& state, const StepPath& path, Loop& loop);

/// What apply() does, except the numbering of records and events.
void change(State& state, const Record& record);

/// Takes a step out of the counters and timers of its state, and puts it back as it then is. Every
/// change of a step's status, waits or deadlines happens while one of these lives.
class Tally {
 public:
  Tally(State& state, const StepPath& path, const Located& at);
  ~Tally();
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

 private:
  State& state_;
  const StepPath& path_;
  const Located& at_;
  bool was_ended_;
};

/// Adds the contribution of a step (`sign` 1) or removes it (-1).
void count_step(State& state, const StepPath& path, const StepState& step, int sign);
/// The same for all steps of a scope and what lies inside them. `path` names any step of the scope.
void count_scope(State& state, const graph::Graph& graph, StepPath path, const Scope& scope,
                 int sign);
/// Removes everything that runs inside a loop step from the counters, and drops it.
void drop_inside(State& state, const StepPath& path, const graph::Step& step, Loop& loop);

}  // namespace troupe::run
