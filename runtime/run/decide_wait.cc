#include <algorithm>
#include <utility>

#include "runtime/json/read.h"
#include "runtime/json/write.h"
#include "runtime/run/machine.h"

// Waits: for an instant, a person, an event or a child run. Such a step holds no attempt; one
// record says what it waits for, another how that ended.

namespace troupe::run {
namespace {

/// Longer waits than this are surely mistakes, and would overflow an instant.
constexpr double kWaitSecondsMax = 1e10;

Failure wrong_type(std::string message) { return {Code::kTemplateType, std::move(message)}; }

/// A number, or a string that is one.
std::optional<double> number_of(std::string_view value) {
  if (json::kind(value) == json::Kind::kNumber) return json::as_double(value);
  if (json::kind(value) != json::Kind::kString) return std::nullopt;
  const Result<json::Text> inside = json::Text::parse(json::decode_string(value));
  if (!inside.ok()) return std::nullopt;
  const std::string_view text = json::trim(inside->view());
  if (json::kind(text) != json::Kind::kNumber) return std::nullopt;
  return json::as_double(text);
}

std::string plain(std::string_view value) {
  return json::kind(value) == json::Kind::kString ? json::decode_string(value) : std::string(value);
}

bool key_fits(const std::string& wanted, const std::string& key) {
  return wanted.empty() || wanted == key;
}

/// Paths of all waiting steps of one kind, in the order of the graph.
void waiting_in(const graph::Graph& graph, const Scope& scope, StepPath path, WaitKind kind,
                std::vector<StepPath>& out) {
  for (std::uint32_t i = 0; i < scope.steps.size(); ++i) {
    const StepState& step = scope.steps[i];
    path.part[path.size - 1] = i;
    if (step.status == StepStatus::kWaiting && step.waiting->kind == kind) out.push_back(path);
    if (step.loop == nullptr || step.ended()) continue;
    const graph::Graph& body = *body_of(graph.steps[i]);
    for (const auto& [item, branch] : step.loop->active) {
      waiting_in(body, *branch, path.inner(item, 0), kind, out);
    }
    if (step.loop->body != nullptr) {
      waiting_in(body, *step.loop->body, path.inner(step.loop->iteration, 0), kind, out);
    }
  }
}

std::vector<StepPath> waiting(const State& state, WaitKind kind) {
  std::vector<StepPath> paths;
  if (state.waiting[static_cast<std::size_t>(kind)] > 0) {
    waiting_in(*state.graph, state.root, StepPath(0), kind, paths);
  }
  return paths;
}

}  // namespace

void Machine::wait(const StepPath& path, const Located& at, record::StepWaiting waiting) {
  Value input = std::move(waiting.attempt.input);
  waiting.attempt = attempt_of(path, at);
  waiting.attempt.finished = {};
  waiting.attempt.input = std::move(input);
  emit_at(path, std::move(waiting));
}

void Machine::begin_wait(const StepPath& path, const Located& at) {
  const auto& work = std::get<graph::Wait>(at.step->work);
  const graph::Template& source = work.duration_s ? *work.duration_s : *work.until;
  const Expanded expanded = expand(source, Surroundings(state_, path));
  if (expanded.later) return;
  if (expanded.failure) return fail(path, *expanded.failure);
  record::StepWaiting waiting;
  waiting.kind = WaitKind::kTimer;
  if (work.duration_s) {
    const std::optional<double> length = number_of(expanded.text);
    if (!length) return fail(path, wrong_type("duration_s is " + expanded.text + ", no number."));
    const double bounded = std::min(std::max(*length, 0.0), kWaitSecondsMax);
    waiting.until = context_.now + Duration{static_cast<std::int64_t>(bounded * 1e6)};
  } else {
    const std::optional<TimePoint> until = parse_rfc3339(plain(expanded.text));
    if (!until) return fail(path, wrong_type("until is " + expanded.text + ", no RFC 3339 time."));
    waiting.until = *until;
  }
  if (waiting.until <= context_.now) return wake(path, at);
  wait(path, at, std::move(waiting));
}

void Machine::wake(const StepPath& path, const Located&) {
  json::Writer out;
  out.begin_object().member("woke_at", to_rfc3339(context_.now)).end_object();
  complete(path, value(out.take()), {});
}

void Machine::begin_human(const StepPath& path, const Located& at) {
  const auto& work = std::get<graph::HumanTask>(at.step->work);
  record::StepWaiting waiting;
  if (work.payload) {
    Expanded payload = expand(*work.payload, Surroundings(state_, path));
    if (payload.later) return;
    if (payload.failure) return fail(path, *payload.failure);
    waiting.attempt.input = value(std::move(payload.text));
  }
  waiting.kind = WaitKind::kHuman;
  waiting.task =
      task_id(context_.hasher, state_, path, static_cast<std::uint16_t>(at.state->attempts + 1));
  if (at.step->timeout.us > 0) waiting.until = context_.now + at.step->timeout;
  wait(path, at, std::move(waiting));
}

void Machine::begin_event(const StepPath& path, const Located& at) {
  const auto& work = std::get<graph::WaitEvent>(at.step->work);
  record::StepWaiting waiting;
  if (work.key) {
    const Expanded key = expand(*work.key, Surroundings(state_, path));
    if (key.later) return;
    if (key.failure) return fail(path, *key.failure);
    waiting.key = plain(key.text);
  }
  for (const StoredEvent& stored : state_.mailbox) {
    if (stored.event != work.event || !key_fits(waiting.key, stored.key)) continue;
    record::StepFinished finished;
    finished.attempt = attempt_of(path, at);
    finished.result = stored.data;
    finished.consumed_event = stored.number;
    return finish(path, std::move(finished));
  }
  waiting.kind = WaitKind::kEvent;
  waiting.event = work.event;
  if (at.step->timeout.us > 0) waiting.until = context_.now + at.step->timeout;
  wait(path, at, std::move(waiting));
}

void Machine::begin_child(const StepPath& path, const Located& at) {
  const auto& work = std::get<graph::RunWorkflow>(at.step->work);
  if (state_.depth + 1 > context_.limits.run_depth_max) {
    return fail(path, {Code::kDepthExceeded, "Runs may start runs at most " +
                                                 std::to_string(context_.limits.run_depth_max) +
                                                 " levels deep."});
  }
  record::StepWaiting waiting;
  if (work.input) {
    Expanded input = expand(*work.input, Surroundings(state_, path));
    if (input.later) return;
    if (input.failure) return fail(path, *input.failure);
    waiting.attempt.input = value(std::move(input.text));
  }
  waiting.kind = WaitKind::kChild;
  waiting.child =
      child_id(context_.hasher, state_, path, static_cast<std::uint16_t>(at.state->attempts + 1));
  wait(path, at, std::move(waiting));
  command_child(path, at);
}

void Machine::command_child(const StepPath& path, const Located& at) {
  const auto& work = std::get<graph::RunWorkflow>(at.step->work);
  command::StartChild start;
  start.path = path;
  start.child = at.state->waiting->child;
  start.workflow_id = work.workflow_id;
  if (work.version) start.version = *work.version;
  start.input = at.state->input.text;
  start.depth = static_cast<std::uint16_t>(state_.depth + 1);
  decision_.commands.emplace_back(std::move(start));
}

bool Machine::waits_for(const StepPath& path, RunId child) {
  if (ended()) return false;
  const Located at = locate(state_, path);
  return at && at.state->status == StepStatus::kWaiting &&
         at.state->waiting->kind == WaitKind::kChild && at.state->waiting->child == child;
}

Status Machine::on(const event::ChildAsks& e) {
  if (ended()) return {Code::kRunEnded, "The run has ended."};
  if (waits_for(e.path, e.child) || waits_for_group(e.path, e.child)) return ok();
  return {Code::kConflict, "The run does not wait for this child."};
}

Status Machine::on(const event::ChildEnded& e) {
  if (!waits_for(e.path, e.child)) return ok();
  if (e.status == store::RunStatus::kCompleted) {
    if (e.output.size() > context_.limits.result_bytes_max) {
      fail(e.path, {Code::kResultTooLarge, "The output of the child run is over its limit."});
    } else {
      complete(e.path, value(e.output.empty() ? json::Text::trusted("null") : e.output), {});
    }
    return ok();
  }
  std::string message =
      "The child run " + e.child.to_string() + " is " + std::string(store::name(e.status));
  if (!e.failure.message.empty()) {
    message += ": " + std::string(info(e.failure.code).name) + ": " + e.failure.message;
  }
  fail(e.path, {Code::kChildRunFailed, std::move(message)});
  return ok();
}

Status Machine::on(const event::ChildRefused& e) {
  if (!waits_for(e.path, e.child)) return ok();
  // The code stays what it is, so that a retry policy can tell an overloaded node from a missing
  // one.
  fail(e.path, e.failure);
  return ok();
}

Status Machine::on(const event::EventArrived& e) {
  if (ended()) return {Code::kRunEnded, "The run has ended."};
  const json::Text data = e.data.empty() ? json::Text::trusted("null") : e.data;
  bool taken = false;
  for (const StepPath& path : waiting(state_, WaitKind::kEvent)) {
    const Located at = locate(state_, path);
    if (!at || at.state->status != StepStatus::kWaiting) continue;
    const Waiting& waiting = *at.state->waiting;
    if (waiting.event != e.event || !key_fits(waiting.key, e.key)) continue;
    complete(path, value(data), {});
    taken = true;
    // A stored event would have one consumer as well; a broadcast reaches everybody.
    if (e.keep || ended()) break;
  }
  if (taken || !e.keep) return ok();
  if (state_.mailbox.size() >= context_.limits.mailbox_max) {
    return {Code::kOverloaded, "The run already keeps " +
                                   std::to_string(context_.limits.mailbox_max) +
                                   " events that nobody has taken."};
  }
  emit(record::EventStored{state_.events_stored + 1, e.event, e.key, value(data), context_.now});
  return ok();
}

Status Machine::on(const event::TimerDue&) {
  if (ended()) return ok();
  std::vector<StepPath> paths;
  bool look = false;
  while (!state_.timers.empty() && state_.timers.begin()->first <= context_.now) {
    const StepPath path = state_.timers.begin()->second;
    // Erased even if nothing comes of it now: a retry that is due during a pause starts on resume.
    state_.timers.erase(state_.timers.begin());
    if (path.size == 0) look = true;
    else if (paths.empty() || paths.back() != path) paths.push_back(path);
  }
  if (draining() && state_.drain_deadline <= context_.now) {
    stop_run(true, true);
    return ok();
  }
  for (const StepPath& path : paths) {
    if (ended()) return ok();
    due(path);
  }
  if (look) look_everywhere();
  return ok();
}

void Machine::due(const StepPath& path) {
  const Located at = locate(state_, path);
  if (!at || at.state->ended()) return;
  const StepState& step = *at.state;
  if (step.deadline.set() && step.deadline <= context_.now) {
    return fail_for_good(path, {Code::kTimeout, "The step did not end within its timeout."});
  }
  if (step.status == StepStatus::kRetrying) {
    if (step.retry_at <= context_.now && may_start()) begin(path, at);
    return;
  }
  if (step.status != StepStatus::kWaiting || !step.waiting->until.set()) return;
  if (step.waiting->until > context_.now) return;
  if (step.waiting->kind == WaitKind::kTimer) return wake(path, at);
  const auto* const human = std::get_if<graph::HumanTask>(&at.step->work);
  using OnTimeout = graph::HumanTask::OnTimeout;
  if (human != nullptr && human->on_timeout != OnTimeout::kFail) {
    return decide_task(path, human->on_timeout == OnTimeout::kApprove, {}, "timeout", {});
  }
  fail_for_good(path, {Code::kTimeout, human != nullptr ? "Nobody answered in time."
                                                        : "The event did not come in time."});
}

namespace {

/// The waiting human step that an answer names, by task id or by step id.
std::optional<StepPath> find_task(State& state, const std::string& task) {
  for (const WaitKind kind : {WaitKind::kHuman, WaitKind::kInDoubt}) {
    for (const StepPath& path : waiting(state, kind)) {
      if (locate(state, path).state->waiting->task.to_string() == task) return path;
      if (event_step_id(*state.graph, path) == task) return path;
    }
  }
  return std::nullopt;
}

/// Whether somebody may have been asked: for a decision, or what has come of an effect.
bool may_ask(const graph::Step& step) {
  return std::holds_alternative<graph::HumanTask>(step.work) ||
         (step.effect == graph::Effect::kOnce && step.in_doubt == graph::InDoubt::kAsk);
}

/// Why there is nothing to answer: decided before, cancelled, or no such task.
Error no_task(State& state, const Hasher& hasher, const std::string& task) {
  const auto look = [&](const graph::Graph& graph, const Scope& scope, StepPath path,
                        const auto& again) -> std::optional<StepStatus> {
    for (std::uint32_t i = 0; i < scope.steps.size(); ++i) {
      const StepState& step = scope.steps[i];
      path.part[path.size - 1] = i;
      if (may_ask(graph.steps[i]) && step.ended() &&
          (event_step_id(*state.graph, path) == task ||
           task_id(hasher, state, path, step.attempts).to_string() == task)) {
        return step.status;
      }
      if (step.loop == nullptr || step.ended()) continue;
      const graph::Graph& body = *body_of(graph.steps[i]);
      for (const auto& [item, branch] : step.loop->active) {
        if (const auto found = again(body, *branch, path.inner(item, 0), again)) return found;
      }
      if (step.loop->body != nullptr) {
        const StepPath inner = path.inner(step.loop->iteration, 0);
        if (const auto found = again(body, *step.loop->body, inner, again)) return found;
      }
    }
    return std::nullopt;
  };
  const auto status = look(*state.graph, state.root, StepPath(0), look);
  if (status == StepStatus::kCompleted) {
    return {Code::kTaskCompleted, "The task has been decided already.", {}};
  }
  if (store::ended(state.status)) return {Code::kRunEnded, "The run has ended.", {}};
  if (status) return {Code::kConflict, "The task is no longer open.", {}};
  return {Code::kNotFound, "There is no such task that waits for an answer.", {}};
}

}  // namespace

Status Machine::on(const event::TaskAnswered& e) {
  const std::optional<StepPath> path = ended() ? std::nullopt : find_task(state_, e.task);
  if (!path) return no_task(state_, context_.hasher, e.task);
  const Located at = locate(state_, *path);
  const std::string_view fields = e.result.empty() ? std::string_view("{}") : e.result.view();
  if (json::kind(fields) != json::Kind::kObject) {
    return {Code::kAnswerInvalid, "The result of an answer is a JSON object."};
  }
  const auto* const human = std::get_if<graph::HumanTask>(&at.step->work);
  // Who rejects need not fill in the form.
  if (human != nullptr && human->schema != nullptr && (e.approved || !e.result.empty())) {
    std::vector<Issue> issues = human->schema->validate(fields);
    if (!issues.empty()) {
      return Error{Code::kAnswerInvalid, "The answer does not fit the form.", std::move(issues)};
    }
  }
  if (fields.size() > context_.limits.result_bytes_max) {
    return {Code::kResultTooLarge, "The answer is over the limit of a result."};
  }
  decision_.task = {at.state->waiting->task, e.approved};
  decide_task(*path, e.approved, fields, e.by, e.comment);
  return ok();
}

void Machine::decide_task(const StepPath& path, bool approved, std::string_view fields,
                          const std::string& by, const std::string& comment) {
  const Located at = locate(state_, path);
  if (at.state->waiting->kind == WaitKind::kInDoubt && !approved) {
    // The effect did not happen, a person says: then this attempt is as good as never made.
    return retry_later(path, {Code::kInDoubt, "The effect did not happen, says " + by + "."}, {},
                       Duration{0});
  }
  record::StepFinished finished;
  finished.attempt = attempt_of(path, at);
  json::Writer out;
  out.begin_object();
  if (at.state->waiting->kind == WaitKind::kHuman) out.member("approved", approved);
  json::for_each_member(fields.empty() ? "{}" : fields,
                        [&](std::string_view key, std::string_view field) {
                          if (key != "approved") out.member_raw(key, field);
                          return true;
                        });
  out.end_object();
  finished.result = value(out.take_text());
  finished.task_decided = true;
  finished.approved = approved;
  finished.by = by;
  finished.comment = comment;
  finish(path, std::move(finished));
}

}  // namespace troupe::run
