#include <utility>

#include "runtime/json/write.h"
#include "runtime/run/machine.h"
#include "runtime/run/result_json.h"

// How runs end: all done, failed, stopped. Whatever the way, no step is left between states.

namespace troupe::run {
namespace {

/// The output of a graph that names none: the result of its only last step, or those of all.
std::string default_output(const graph::Graph& graph, const Scope& scope) {
  std::vector<const graph::Step*> sinks;
  for (const graph::Step& step : graph.steps) {
    if (step.dependants.empty() && scope.steps[step.index].status != StepStatus::kSkipped) {
      sinks.push_back(&step);
    }
  }
  std::string storage;
  if (sinks.size() == 1) {
    return std::string(visible_result(scope.steps[sinks[0]->index], &storage));
  }
  json::Writer out;
  out.begin_object();
  for (const graph::Step* sink : sinks) {
    const std::string_view result = visible_result(scope.steps[sink->index], &storage);
    if (!result.empty()) out.member_raw(sink->id, result);
  }
  out.end_object();
  return out.take();
}

}  // namespace

void Machine::check_end() {
  if (ended() || !state_.started.set()) return;
  if (draining()) {
    const bool child = state_.waiting[static_cast<std::size_t>(WaitKind::kChild)] > 0;
    if (state_.active == 0 && !child) stop_run(true, false);
    return;
  }
  if (!may_start() || state_.root.ended < state_.root.steps.size()) return;
  complete_run();
}

void Machine::complete_run() {
  std::string output;
  if (state_.group.set()) {
    output = "null";  // its results lie in the chunk
  } else if (state_.graph->output) {
    // Nothing of the run's own is around its output; step 0 stands for the top.
    Expanded expanded = expand(*state_.graph->output, Surroundings(state_, StepPath()));
    if (expanded.later) return;
    if (expanded.failure) return fail_run({}, *expanded.failure);
    output = std::move(expanded.text);
  } else {
    output = default_output(*state_.graph, state_.root);
  }
  if (output.size() > context_.limits.result_bytes_max) {
    return fail_run({}, {Code::kResultTooLarge, "The output of the run is over its limit."});
  }
  record::RunFinished finished;
  finished.status = store::RunStatus::kCompleted;
  finished.output = value(std::move(output));
  end_run(std::move(finished));
}

void Machine::fail_run(std::string step, const Failure& failure) {
  cancel_scope(*state_.graph, state_.root, StepPath(0), "failed", step);
  skip_pending(SkipReason::kBlocked);
  record::RunFinished finished;
  finished.status = store::RunStatus::kFailed;
  finished.failure = failure;
  finished.failed_step = std::move(step);
  end_run(std::move(finished));
}

void Machine::stop_run(bool graceful, bool cut_short) {
  cancel_scope(*state_.graph, state_.root, StepPath(0), "stopped", {});
  skip_pending(SkipReason::kStopped);
  record::RunFinished finished;
  finished.status = store::RunStatus::kStopped;
  finished.graceful = graceful;
  if (cut_short) {
    finished.failure = {Code::kDrainTimeout, "Work in flight did not end in time and was cut."};
  }
  end_run(std::move(finished));
}

void Machine::end_run(record::RunFinished finished) {
  finished.at = context_.now;
  emit(std::move(finished));
  ready_.clear();
  notify_parent();
}

void Machine::notify_parent() {
  if (!state_.parent.set() || state_.parent_acknowledged) return;
  if (state_.group.set()) {
    decision_.commands.emplace_back(command::NotifyParent{state_.parent.run, group_end()});
    return;
  }
  event::ChildEnded ended{state_.parent.path, state_.id, state_.status, state_.output.text, {}};
  if (state_.failure) ended.failure = *state_.failure;
  decision_.commands.emplace_back(command::NotifyParent{state_.parent.run, std::move(ended)});
}

void Machine::skip_pending(SkipReason reason) {
  record::StepsSkipped skipped;
  for (std::uint32_t i = 0; i < state_.root.steps.size(); ++i) {
    if (state_.root.steps[i].status == StepStatus::kPending) skipped.paths.emplace_back(i);
  }
  if (skipped.paths.empty()) return;
  skipped.reason = reason;
  skipped.at = context_.now;
  emit(std::move(skipped));
}

void Machine::cancel_scope(const graph::Graph& graph, Scope& scope, StepPath path,
                           const std::string& reason, const std::string& caused_by) {
  for (const graph::Step& step : graph.steps) {
    const StepState& state = scope.steps[step.index];
    if (state.ended() || state.status == StepStatus::kPending) continue;
    path.part[path.size - 1] = step.index;
    cancel_step(path, reason, caused_by);
  }
}

void Machine::cancel_step(const StepPath& path, const std::string& reason,
                          const std::string& caused_by) {
  const Located at = locate(state_, path);
  cancel_inside(path, at, reason, caused_by);
  record::StepFinished finished;
  finished.attempt = attempt_of(path, at);
  if (at.state->status == StepStatus::kRetrying) {
    // No attempt is under way: the one that failed has been told, and the next will not come.
    finished.attempt.number = at.state->attempts;
    finished.attempt.announced = true;
  }
  finished.status = StepStatus::kCancelled;
  finished.cancel_reason = reason;
  finished.caused_by = caused_by;
  emit_at(path, std::move(finished));
}

/// Ends what a step has under way: its attempt, its test, its child run, the steps of its bodies.
void Machine::cancel_inside(const StepPath& path, const Located& at, const std::string& reason,
                            const std::string& caused_by) {
  StepState& state = *at.state;
  const bool attempt = state.status == StepStatus::kScheduled ||
                       (state.status == StepStatus::kRunning && state.loop == nullptr);
  if (attempt && state.in_flight) {
    decision_.commands.push_back(command::CancelAttempt{path, state.attempts, false});
  }
  if (state.status == StepStatus::kWaiting && state.waiting->kind == WaitKind::kChild) {
    decision_.commands.push_back(command::StopChild{state.waiting->child, false});
  }
  if (state.status != StepStatus::kRunning || state.loop == nullptr) return;
  Loop& loop = *state.loop;
  const graph::Graph& body = *body_of(*at.step);
  stop_groups(path, loop);
  if (loop.testing) {
    const auto number = static_cast<std::uint16_t>(loop.iteration + 1);
    decision_.commands.push_back(command::CancelAttempt{path, number, true});
  }
  for (auto& [item, branch] : loop.active) {
    cancel_scope(body, *branch, path.inner(item, 0), reason, caused_by);
  }
  if (loop.body != nullptr) {
    cancel_scope(body, *loop.body, path.inner(loop.iteration, 0), reason, caused_by);
  }
}

}  // namespace troupe::run
