#include <utility>

#include "runtime/run/machine.h"

// What callers ask of a run (API.md §2, the table of commands), and what a node asks after a
// reload.

namespace troupe::run {
namespace {

Error run_ended() { return {Code::kRunEnded, "The run has ended.", {}}; }

/// Calls `visit` with every step that is not at rest, in any scope.
template <class Visit>
void each_step(const graph::Graph& graph, Scope& scope, StepPath path, const Visit& visit) {
  for (std::uint32_t i = 0; i < scope.steps.size(); ++i) {
    StepState& step = scope.steps[i];
    path.part[path.size - 1] = i;
    visit(path, step);
    if (step.loop == nullptr || step.ended()) continue;
    const graph::Graph& body = *body_of(graph.steps[i]);
    for (auto& [item, branch] : step.loop->active) {
      each_step(body, *branch, path.inner(item, 0), visit);
    }
    if (step.loop->body != nullptr) {
      each_step(body, *step.loop->body, path.inner(step.loop->iteration, 0), visit);
    }
  }
}

bool waits_for_child(const StepState& step) {
  return step.waiting != nullptr && step.waiting->kind == WaitKind::kChild;
}

}  // namespace

Status Machine::on(const event::PauseAsked&) {
  if (ended()) return run_ended();
  if (draining()) return {Code::kConflict, "The run is being stopped."};
  if (state_.user_paused) return ok();
  emit(record::RunPaused{store::PauseReason::kUser, context_.now});
  tell_groups(Wish::kPause);
  return ok();
}

Status Machine::on(const event::ResumeAsked&) {
  if (ended()) return run_ended();
  if (draining()) return {Code::kConflict, "The run is being stopped."};
  drain_again();
  if (!state_.user_paused) return ok();
  emit(record::RunResumed{true, context_.now});
  tell_groups(Wish::kGo);
  if (state_.started.set()) look_everywhere();
  return ok();
}

Status Machine::on(const event::StopAsked& e) {
  if (ended()) return run_ended();
  if (!e.graceful || state_.status == store::RunStatus::kPaused) {
    stop_run(e.graceful, false);
    return ok();
  }
  if (draining()) return ok();
  // Without work in flight there is nothing to drain.
  const bool child = state_.waiting[static_cast<std::size_t>(WaitKind::kChild)] > 0;
  if (state_.active == state_.retrying && !child) {
    stop_run(true, false);
    return ok();
  }
  emit(record::RunDraining{context_.now, context_.now + context_.limits.drain_timeout});
  drain_scope(*state_.graph, state_.root, StepPath(0));
  tell_groups(Wish::kDrain);
  return ok();
}

/// No retries and no waits any more; attempts and child runs may end.
void Machine::drain_scope(const graph::Graph& graph, Scope& scope, StepPath path) {
  std::vector<StepPath> resting;
  each_step(graph, scope, path, [&](const StepPath& at, const StepState& step) {
    if (step.status == StepStatus::kWaiting && waits_for_child(step)) {
      decision_.commands.push_back(command::StopChild{step.waiting->child, true});
    } else if (step.status == StepStatus::kWaiting || step.status == StepStatus::kRetrying) {
      resting.push_back(at);
    }
  });
  for (const StepPath& at : resting) cancel_step(at, "stopped", {});
}

Status Machine::on(const event::ParentAcknowledged&) {
  if (!state_.parent.set() || state_.parent_acknowledged) return ok();
  emit(record::ChildAcknowledged{context_.now});
  return ok();
}

/// What was being stopped when it was set aside goes on being stopped.
void Machine::drain_again() {
  if (ended() || state_.pause_reason != store::PauseReason::kQuarantine) return;
  if (!state_.graceful_stop) return;
  emit(record::RunDraining{context_.now, context_.now + context_.limits.drain_timeout});
}

Status Machine::on(const event::Recovered&) {
  const bool run_ended = ended();
  if (run_ended) notify_parent();
  drain_again();
  // Commands about child runs may have been lost between commit and performance; both are safe to
  // repeat.
  each_step(*state_.graph, state_.root, StepPath(0), [&](const StepPath& path, StepState& step) {
    if (!waits_for_child(step)) return;
    if (step.status == StepStatus::kCancelled) {
      decision_.commands.push_back(command::StopChild{step.waiting->child, false});
    } else if (step.status == StepStatus::kWaiting) {
      command_child(path, locate(state_, path));
      if (draining()) {
        decision_.commands.push_back(command::StopChild{step.waiting->child, true});
      }
    }
  });
  if (run_ended) return ok();
  tell_groups_again();
  for (StepState& step : state_.root.steps) {
    if (step.loop != nullptr) step.loop->loading = false;
  }
  look_everywhere();
  return ok();
}

}  // namespace troupe::run
