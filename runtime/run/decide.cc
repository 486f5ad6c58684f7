#include "runtime/run/decide.h"

#include <utility>

#include "runtime/json/write.h"
#include "runtime/run/machine.h"

// The transition table is in decide.h. This file holds the frame: the visit, the one way in which
// records are made, and the look at everything after a reload or a pause.

namespace troupe::run {
Result<Decision> decide(State& state, const Event& event, const Context& context) {
  Machine machine(state, context);
  const Status status = std::visit([&](const auto& e) { return machine.on(e); }, event);
  if (!status.ok()) return status.error();
  machine.settle();
  return machine.take();
}

void Machine::emit(Record record) {
  ++changes_;
  run::apply(state_, decision_.records.emplace_back(std::move(record)));
}

void Machine::emit_at(const StepPath& path, Record record, bool keep) {
  if (keep || !pure_branch(path)) return emit(std::move(record));
  ++changes_;
  run::change(state_, record);
}

bool Machine::pure_branch(const StepPath& path) const {
  if (path.top_level()) return false;
  const graph::Step& loop = step_at(*state_.graph, path.loop());
  const auto* const for_each = std::get_if<graph::ForEach>(&loop.work);
  return for_each != nullptr && pure_body(*for_each->body);
}

Value Machine::value(json::Text text) {
  Value value;
  if (text.size() >= kPayloadBytesMin) {
    value.ref = {context_.hasher.hash(text.view()), text.size()};
    decision_.payloads.push_back({value.ref.hash, text});
  }
  value.text = std::move(text);
  return value;
}

Logs Machine::logs(const std::vector<LogEntry>& lines, bool truncated) {
  Logs logs;
  logs.truncated = truncated;
  if (lines.empty()) return logs;
  logs.first = state_.log_lines + 1;
  logs.count = static_cast<std::uint32_t>(lines.size());
  std::size_t bytes = 0;
  for (const LogEntry& line : lines) bytes += line.message.size();
  if (bytes < kPayloadBytesMin) {
    logs.lines = lines;
    return logs;
  }
  json::Writer out;
  out.begin_array();
  for (const LogEntry& line : lines) {
    out.begin_array().number(line.at.us).string(line.message).end_array();
  }
  out.end_array();
  logs.ref = value(out.take_text()).ref;
  return logs;
}

void Machine::settle() {
  while (!ready_.empty() && changes_ < kChangesMax) {
    const StepPath path = ready_.front();
    ready_.pop_front();
    start(path);
  }
  if (!ready_.empty() || changes_ >= kChangesMax) {
    // Whatever is left is found again by the look that this timer brings about.
    if (!ended()) state_.timers.emplace(context_.now, StepPath());
    return;
  }
  check_end();
  show_pause();
}

void Machine::show_pause() {
  using store::PauseReason;
  if (state_.status != store::RunStatus::kRunning && state_.status != store::RunStatus::kPaused) {
    return;
  }
  if (!live()) return;
  if (state_.pause_reason == PauseReason::kQuarantine && state_.graceful_stop) {
    // It was being stopped when it was set aside, and still is.
    emit(record::RunDraining{context_.now, context_.now + context_.limits.drain_timeout});
    return;
  }
  const auto waiting = [&](WaitKind kind) { return state_.waiting[static_cast<int>(kind)]; };
  PauseReason reason = PauseReason::kNone;
  const bool idle = state_.active == 0 && waiting(WaitKind::kChild) == 0;
  if (idle && waiting(WaitKind::kHuman) + waiting(WaitKind::kInDoubt) > 0) {
    reason = PauseReason::kHuman;
  } else if (idle && waiting(WaitKind::kEvent) > 0) {
    reason = PauseReason::kEvent;
  } else if (idle && waiting(WaitKind::kTimer) > 0) {
    // Once shown it stays, however near the timer comes: no event tells of time passing.
    const bool shown = state_.pause_reason == PauseReason::kTimer;
    const Duration left = next_wake(state_) - context_.now;
    if (shown || left >= context_.limits.timer_pause_min) reason = PauseReason::kTimer;
  }
  if (reason == state_.pause_reason) return;
  if (reason == PauseReason::kNone) {
    emit(record::RunResumed{false, context_.now});
  } else {
    emit(record::RunPaused{reason, context_.now});
  }
}

void Machine::look_everywhere() {
  if (ended()) return;
  look_at_scope(*state_.graph, state_.root, StepPath(0));
}

void Machine::look_at_scope(const graph::Graph& graph, Scope& scope, StepPath path) {
  const bool top = path.top_level();
  for (const graph::Step& step : graph.steps) {
    if (scope.steps[step.index].status != StepStatus::kFailed) continue;
    if (step.on_error == graph::OnError::kContinue || (top && !may_start())) continue;
    path.part[path.size - 1] = step.index;
    return after_end(path);
  }
  for (const StepState& step : scope.steps) {
    if (!top || !may_start()) break;
    if (step.status == StepStatus::kCancelled || step.skip == SkipReason::kStopped) {
      return stop_run(state_.graceful_stop, false);
    }
  }
  for (const graph::Step& step : graph.steps) {
    path.part[path.size - 1] = step.index;
    look_at_step(path, step, scope.steps[step.index]);
    // What a step brings about may end the loop around it, and this scope with it.
    if (ended() || !locate(state_, path)) return;
  }
}

void Machine::look_at_step(const StepPath& path, const graph::Step& step, StepState& state) {
  switch (state.status) {
    case StepStatus::kPending:
      if (state.deps_open == 0) ready_.push_back(path);
      return;
    case StepStatus::kScheduled:
      if (!state.in_flight && (may_start() || draining())) command_attempt(path);
      return;
    case StepStatus::kRetrying:
      if (may_start() && state.retry_at <= context_.now) begin(path, locate(state_, path));
      return;
    case StepStatus::kRunning:
      break;
    default:
      return;
  }
  if (state.loop == nullptr) {
    if (state.in_flight || !(may_start() || draining())) return;
    if (step.effect == graph::Effect::kOnce && !state.unsent) {
      resolve_doubt(path, {Code::kInDoubt, "the node ended before the attempt did"});
    } else {
      command_attempt(path);
    }
    return;
  }
  const graph::Graph& body = *body_of(step);
  if (state.loop->body != nullptr) {
    const std::uint32_t iteration = state.loop->iteration;
    if (state.loop->body->ended == body.steps.size()) return iteration_done(path);
    return look_at_scope(body, *state.loop->body, path.inner(iteration, 0));
  }
  std::vector<std::uint32_t> items;
  for (const auto& [item, branch] : state.loop->active) items.push_back(item);
  for (const std::uint32_t item : items) {
    const auto found = state.loop->active.find(item);
    if (found == state.loop->active.end()) continue;
    look_at_scope(body, *found->second, path.inner(item, 0));
    const Located at = locate(state_, path);
    if (ended() || !at || at.state->loop == nullptr) return;
    const auto still = at.state->loop->active.find(item);
    if (still == at.state->loop->active.end()) continue;
    if (still->second->ended == body.steps.size()) branch_done(path, item);
    if (ended() || state.loop == nullptr || state.ended()) return;
  }
  begin_branches(path);
}

TimePoint next_wake(const State& state) {
  return state.timers.empty() ? TimePoint{} : state.timers.begin()->first;
}

namespace {

/// Whether a step of the scope could begin: what a fold leaves where the live path had an attempt.
/// Branches of pure bodies count always: asleep they would forget how far they are.
bool something_ready(const graph::Graph& graph, const Scope& scope) {
  for (const graph::Step& step : graph.steps) {
    const StepState& state = scope.steps[step.index];
    if (state.status == StepStatus::kPending && state.deps_open == 0) return true;
    if (state.status != StepStatus::kRunning || state.loop == nullptr) continue;
    const graph::Graph& body = *body_of(step);
    const Loop& loop = *state.loop;
    if (loop.body != nullptr) {
      if (loop.body->ended == body.steps.size() || something_ready(body, *loop.body)) return true;
      continue;
    }
    if (loop.active.empty() || pure_body(body)) return true;
    for (const auto& [item, branch] : loop.active) {
      if (something_ready(body, *branch)) return true;
    }
  }
  return false;
}

}  // namespace

bool runnable(const State& state) {
  if (store::ended(state.status)) return state.parent.set() && !state.parent_acknowledged;
  if (!state.started.set()) return !state.user_paused;
  if (state.active > state.retrying) return true;
  if (state.user_paused) return false;
  return state.root.ended == state.root.steps.size() ||
         something_ready(*state.graph, state.root);
}

}  // namespace troupe::run
