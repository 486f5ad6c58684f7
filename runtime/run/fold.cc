#include "runtime/run/change.h"
#include "runtime/run/state.h"

// Whether a record from a store fits a state. decide() never writes one that does not, so a misfit
// means that records are missing or belong to another graph.

namespace troupe::run {
namespace {

class Fits {
 public:
  explicit Fits(const State& state) : state_(state) {}

  bool operator()(const record::RunCreated& r) const {
    for (const Carried& carried : r.carried) {
      if (carried.step >= state_.root.steps.size()) return false;
    }
    if (r.group.set() && (r.group.step >= state_.root.steps.size() ||
                          state_.graph->steps[r.group.step].type != graph::StepType::kForEach)) {
      return false;
    }
    return state_.records == 0;
  }
  bool operator()(const record::StepStarted& r) const { return open(r.attempt.path); }
  bool operator()(const record::StepWaiting& r) const { return open(r.attempt.path); }
  bool operator()(const record::AttemptFailed& r) const { return open(r.attempt.path); }
  bool operator()(const record::StepFinished& r) const { return open(r.attempt.path); }
  bool operator()(const record::StepsSkipped& r) const {
    for (const StepPath& path : r.paths) {
      if (!open(path)) return false;
    }
    return true;
  }
  bool operator()(const record::LoopStarted& r) const {
    // Items are numbered in 32 bits.
    return open(r.attempt.path) && r.count <= UINT32_MAX &&
           body_of(step_at(*state_.graph, r.attempt.path)) != nullptr;
  }
  bool operator()(const record::ItemFinished& r) const {
    const Loop* const loop = running(r.loop);
    return loop != nullptr && loop->body == nullptr && r.item >= loop->first &&
           r.item < loop->end;
  }
  bool operator()(const record::ChunkSealed& r) const {
    const Loop* const loop = running(r.loop);
    return loop != nullptr && std::uint64_t{r.chunk} * loop->chunk_items < loop->size();
  }
  bool operator()(const record::GroupFinished& r) const {
    const Loop* const loop = running(r.loop);
    return loop != nullptr && loop->spread.set() &&
           std::uint64_t{r.number} * loop->chunk_items < loop->size();
  }
  bool operator()(const record::ParentHeard&) const { return begun() && state_.group.set(); }
  bool operator()(const record::IterationFinished& r) const {
    const Loop* const loop = running(r.loop);
    return loop != nullptr && loop->body != nullptr && r.iteration == loop->iteration;
  }
  bool operator()(const record::RunStarted&) const { return begun(); }
  bool operator()(const record::RunPaused&) const { return begun(); }
  bool operator()(const record::RunResumed&) const { return begun(); }
  bool operator()(const record::RunDraining&) const { return begun(); }
  bool operator()(const record::EventStored&) const { return begun(); }
  bool operator()(const record::RunFinished&) const { return begun(); }
  bool operator()(const record::ChildAcknowledged&) const { return state_.parent.set(); }

 private:
  bool begun() const { return state_.records > 0 && !store::ended(state_.status); }

  /// The step of a path, if every loop on the way runs. A branch that has not begun in this state
  /// has no step yet, but may get one.
  bool find(const StepPath& path, const StepState** found) const {
    *found = nullptr;
    const graph::Graph* graph = state_.graph.get();
    const Scope* scope = &state_.root;
    if (path.size == 0 || path.size > StepPath::kPartsMax || path.size % 2 == 0) return false;
    for (int i = 0; i < path.size; i += 2) {
      if (path.part[i] >= graph->steps.size()) return false;
      const StepState* const step = scope == nullptr ? nullptr : &scope->steps[path.part[i]];
      if (i + 1 == path.size) {
        *found = step;
        return true;
      }
      graph = body_of(graph->steps[path.part[i]]);
      if (graph == nullptr || step == nullptr || step->loop == nullptr || step->ended())
        return false;
      const Loop& loop = *step->loop;
      if (loop.body != nullptr) {
        if (path.part[i + 1] != loop.iteration) return false;
        scope = loop.body.get();
        continue;
      }
      if (path.part[i + 1] < loop.first || path.part[i + 1] >= loop.end) return false;
      const auto branch = loop.active.find(path.part[i + 1]);
      scope = branch == loop.active.end() ? nullptr : branch->second.get();
    }
    return false;
  }

  bool open(const StepPath& path) const {
    const StepState* step = nullptr;
    return begun() && find(path, &step) && (step == nullptr || !step->ended());
  }

  const Loop* running(const StepPath& path) const {
    const StepState* step = nullptr;
    if (!begun() || !find(path, &step) || step == nullptr) return nullptr;
    return step->status == StepStatus::kRunning ? step->loop.get() : nullptr;
  }

  const State& state_;
};

}  // namespace

Status fold(State& state, const Record& record) {
  if (!std::visit(Fits(state), record)) {
    return {Code::kCorrupt, "Record " + std::to_string(state.records + 1) + " of run " +
                                state.id.to_string() + " does not fit what comes before it."};
  }
  apply(state, record);
  return ok();
}

}  // namespace troupe::run
