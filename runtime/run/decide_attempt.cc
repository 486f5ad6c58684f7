#include <algorithm>
#include <cmath>
#include <utility>

#include "runtime/json/read.h"
#include "runtime/run/globals.h"
#include "runtime/run/machine.h"
#include "runtime/run/result_json.h"

// Attempts: their start, their reports, and whether another one follows.

namespace troupe::run {
namespace {

/// A while's eval script has no timeout field of its own; this is the one of a script.
constexpr Duration kTestTimeout = seconds(5);

/// However long somebody outside asks for: what he says is not to hold a run for a day.
constexpr Duration kWaitMax = seconds(3600);

Duration backoff(const graph::Retry& retry, int attempt, Random& jitter) {
  const double limit = static_cast<double>(retry.delay_max.us);
  const double full =
      static_cast<double>(retry.initial.us) * std::pow(retry.factor, std::max(0, attempt - 1));
  const double delay = full < limit ? full : limit;  // also for infinity
  return {static_cast<std::int64_t>(retry.jitter_full ? delay * jitter.unit() : delay)};
}

/// Codes of an attempt that ended without a word of its own. Its effect may have happened. One that
/// no process could be found for (kUnavailable) has not begun.
bool leaves_doubt(Code code) {
  return code == Code::kSandboxLost || code == Code::kTimeout || code == Code::kOutcomeUnknown;
}

/// The members of both objects in one.
std::string joined(std::string object, std::string_view other) {
  if (other.size() <= 2) return object;
  object.pop_back();
  if (object.size() > 1) object.push_back(',');
  return object.append(other.substr(1));
}

bool under_way(const StepState& step) {
  return step.status == StepStatus::kScheduled || step.status == StepStatus::kRunning ||
         step.status == StepStatus::kWaiting;
}

/// Of the attempt under way, or of the next.
std::uint16_t number_of(const StepState& step) {
  return under_way(step) ? step.attempts : static_cast<std::uint16_t>(step.attempts + 1);
}

}  // namespace

Attempt Machine::attempt_of(const StepPath& path, const Located& at) {
  const StepState& state = *at.state;
  Attempt attempt;
  attempt.path = path;
  attempt.silent = silent(*state_.graph, path);
  attempt.finished = context_.now;
  attempt.number = number_of(state);
  if (under_way(state)) {
    // What it was given is recorded with its start, or with its end if that comes first.
    const bool sent = std::holds_alternative<graph::WorkerTask>(at.step->work) ||
                      std::holds_alternative<graph::ServiceCall>(at.step->work);
    if (sent && !state.announced && !state.input.text.empty()) {
      attempt.input = value(state.input.text);
    }
    attempt.announced = state.announced;
    attempt.scheduled = state.scheduled;
    attempt.started = state.started.set() ? state.started : state.scheduled;
  } else {
    attempt.scheduled = attempt.started = context_.now;
  }
  return attempt;
}

void Machine::schedule(const StepPath& path) {
  const Located at = locate(state_, path);
  const std::uint16_t number = number_of(*at.state);
  {
    ++changes_;
    const Tally tally(state_, path, at);
    at.state->status = StepStatus::kScheduled;
    at.state->attempts = number;
    at.state->announced = false;
    at.state->scheduled = context_.now;
    at.state->started = {};
  }
  command_attempt(path);
}

void Machine::command_attempt(const StepPath& path) {
  const Located at = locate(state_, path);
  at.state->unsent = false;
  command::StartAttempt start;
  if (at.step->concurrency_key) {
    Expanded key = expand(*at.step->concurrency_key, Surroundings(state_, path));
    if (key.later) {
      at.state->unsent = true;
      return;
    }
    if (key.failure) return fail(path, *key.failure);
    const bool string = json::kind(key.text) == json::Kind::kString;
    start.concurrency_key = string ? json::decode_string(key.text) : std::move(key.text);
  }
  std::optional<Work> work = work_of(path, at);
  if (!work) return;
  start.path = path;
  start.attempt = at.state->attempts;
  start.step = at.step;
  start.work = *std::move(work);
  start.timeout = at.step->timeout;
  start.priority = at.step->priority;
  start.announce = at.step->effect != graph::Effect::kNone && !at.state->announced;
  at.state->in_flight = true;
  decision_.commands.emplace_back(std::move(start));
}

std::optional<Work> Machine::work_of(const StepPath& path, const Located& at) {
  const Surroundings around(state_, path);
  if (const auto* const lua = std::get_if<graph::LuaScript>(&at.step->work)) {
    Globals globals = script_globals(around, lua->use, false);
    if (!globals.absent_loop) return work::RunScript{lua->script, std::move(globals.json)};
    at.state->unsent = true;
    await_results(path, *globals.absent_loop);
    return std::nullopt;
  }
  const auto* const worker = std::get_if<graph::WorkerTask>(&at.step->work);
  Expanded args;
  args.text = "{}";
  if (worker == nullptr) {
    const auto& call = std::get<graph::ServiceCall>(at.step->work);
    args = expand(call.request, around);
    if (!args.failure && !args.later) args.text = joined(std::move(args.text), call.fixed);
  } else if (worker->args) {
    args = expand(*worker->args, around);
  }
  at.state->unsent = args.later;
  if (args.later) return std::nullopt;
  if (args.failure) {
    fail(path, *args.failure);
    return std::nullopt;
  }
  // Stored with the record that tells of it, so here it has no address yet.
  if (!at.state->announced) at.state->input = {json::Text::trusted(args.text), {}};
  std::string key = state_.id.to_string() + "/" + event_step_id(*state_.graph, path);
  if (worker == nullptr) return work::AskService{std::move(args.text), std::move(key)};
  return work::DoTask{worker->queue, worker->task, std::move(args.text), std::move(key),
                      worker->heartbeat};
}

void Machine::await_results(const StepPath& path, std::uint32_t loop) {
  if (unreadable_ && unreadable_->first == loop) return fail(path, unreadable_->second);
  load_results(loop);
}

void Machine::command_test(const StepPath& path) {
  const Located at = locate(state_, path);
  const auto& loop = std::get<graph::While>(at.step->work);
  const std::uint32_t iteration = at.state->loop->iteration;
  const Surroundings around(state_, path.inner(iteration, 0));
  Globals globals = script_globals(around, loop.eval_script->use, true);
  if (globals.absent_loop) return await_results(path, *globals.absent_loop);
  {
    const Tally tally(state_, path, at);
    at.state->loop->testing = true;
  }
  command::StartAttempt start;
  start.path = path;
  start.attempt = static_cast<std::uint16_t>(iteration + 1);
  start.loop_test = true;
  start.step = at.step;
  start.work = work::RunScript{loop.eval_script->script, std::move(globals.json)};
  start.timeout = kTestTimeout;
  start.priority = at.step->priority;
  decision_.commands.emplace_back(std::move(start));
}

Status Machine::on(const event::AttemptStarted& e) {
  const Located at = locate(state_, e.path);
  if (!at || e.loop_test || ended() || at.state->attempts != e.attempt) return ok();
  if (at.state->status != StepStatus::kScheduled) return ok();
  Attempt attempt = attempt_of(e.path, at);
  attempt.started = e.at;
  attempt.finished = {};
  emit_at(e.path, record::StepStarted{std::move(attempt)});
  return ok();
}

Status Machine::on(const event::AttemptGranted& e) {
  const Located at = locate(state_, e.path);
  const bool scheduled = at && !ended() && at.state->attempts == e.attempt &&
                         at.state->status == StepStatus::kScheduled && at.state->in_flight;
  if (!scheduled || !(may_start() || draining())) {
    if (scheduled) at.state->in_flight = false;  // `resume` commands it anew
    decision_.commands.push_back(command::CancelAttempt{e.path, e.attempt, false});
    return ok();
  }
  Attempt attempt = attempt_of(e.path, at);
  attempt.started = context_.now;
  attempt.finished = {};
  emit(record::StepStarted{std::move(attempt)});
  decision_.commands.push_back(command::LaunchAttempt{e.path, e.attempt});
  return ok();
}

Status Machine::on(const event::AttemptFinished& e) {
  const Located at = locate(state_, e.path);
  if (!at || ended()) return ok();
  if (e.loop_test) {
    test_finished(e.path, e);
    return ok();
  }
  const bool running = at.state->status == StepStatus::kScheduled ||
                       (at.state->status == StepStatus::kRunning && at.state->loop == nullptr);
  if (!running || at.state->attempts != e.attempt) return ok();
  at.state->in_flight = false;
  End end{e.started, logs(e.logs, e.logs_truncated), e.wait_min, e.usage};
  if (!e.ok) {
    const bool doubt = at.step->effect == graph::Effect::kOnce && leaves_doubt(e.failure.code);
    // With `retry` its owner takes a second effect for harmless: then this is an ordinary failure,
    // so that an attempt that is lost each time comes to an end.
    if (doubt && at.step->in_doubt != graph::InDoubt::kRetry) resolve_doubt(e.path, e.failure, end);
    else fail(e.path, e.failure, end);
    return ok();
  }
  if (e.result.size() > context_.limits.result_bytes_max) {
    fail(e.path,
         {Code::kResultTooLarge,
          "The result has " + std::to_string(e.result.size()) + " bytes; at most " +
              std::to_string(context_.limits.result_bytes_max) + " are allowed."},
         end);
    return ok();
  }
  // Inside a pure branch only the item's end is journaled, so its steps store no bodies.
  const bool inner = pure_branch(e.path) && end.logs.count == 0;
  Value result;
  if (inner) result.text = e.result;
  else result = value(e.result);
  complete(e.path, std::move(result), end);
  return ok();
}

void Machine::complete(const StepPath& path, Value result, const End& end) {
  record::StepFinished finished;
  finished.attempt = attempt_of(path, locate(state_, path));
  if (end.started.set() && !finished.attempt.announced) finished.attempt.started = end.started;
  finished.result = std::move(result);
  finished.logs = end.logs;
  finished.usage = end.usage;
  finish(path, std::move(finished));
}

void Machine::finish(const StepPath& path, record::StepFinished finished) {
  // Lines that were printed must be found again, so such a record is kept even in a pure branch.
  const bool keep = finished.logs.count > 0;
  if (const Located at = locate(state_, path); at && at.state->waiting) {
    finished.task = at.state->waiting->task;
  }
  emit_at(path, std::move(finished), keep);
  after_end(path);
}

void Machine::fail(const StepPath& path, const Failure& failure, const End& end) {
  const Located at = locate(state_, path);
  const int attempt = number_of(*at.state);
  const graph::Retry& retry = at.step->retry;
  // Whether a loop is tried again is for the parent of its groups to say.
  const bool part = state_.group.set() && path.top_level();
  if (!part && !draining() && attempt < retry.attempts_max && retry.retries(failure.code)) {
    const Duration delay = backoff(retry, attempt, context_.jitter);
    return retry_later(path, failure, end, std::max(delay, std::min(end.wait_min, kWaitMax)));
  }
  fail_for_good(path, failure, end);
}

void Machine::retry_later(const StepPath& path, const Failure& failure, const End& end,
                          Duration delay) {
  const Located at = locate(state_, path);
  cancel_inside(path, at, "failed", at.step->id);
  record::AttemptFailed failed;
  failed.attempt = attempt_of(path, at);
  if (end.started.set() && !failed.attempt.announced) failed.attempt.started = end.started;
  failed.failure = failure;
  failed.retry_at = context_.now + delay;
  failed.logs = end.logs;
  failed.usage = end.usage;
  const bool keep = failed.logs.count > 0;
  if (at.state->waiting) failed.task = at.state->waiting->task;
  emit_at(path, std::move(failed), keep);
}

void Machine::fail_for_good(const StepPath& path, const Failure& failure, const End& end) {
  const Located at = locate(state_, path);
  cancel_inside(path, at, "failed", event_step_id(*state_.graph, path));
  record::StepFinished finished;
  finished.attempt = attempt_of(path, at);
  if (end.started.set() && !finished.attempt.announced) finished.attempt.started = end.started;
  finished.status = StepStatus::kFailed;
  finished.failure = failure;
  finished.logs = end.logs;
  finished.usage = end.usage;
  if (at.step->on_error == graph::OnError::kContinue) {
    finished.result = value(continued_json(failure));
  }
  finish(path, std::move(finished));
}

/// The start of an attempt with effect `once` is recorded, and no word of its own about its end: a
/// crash came between, or the attempt was lost. Only its owner can know whether the effect
/// happened.
void Machine::resolve_doubt(const StepPath& path, const Failure& cause, const End& end) {
  const Located at = locate(state_, path);
  switch (at.step->in_doubt) {
    case graph::InDoubt::kRetry: return command_attempt(path);
    case graph::InDoubt::kFail: {
      const std::string unknown = "It is unknown whether the effect of this attempt happened (";
      return fail_for_good(path, {Code::kInDoubt, unknown + cause.message + ")."}, end);
    }
    case graph::InDoubt::kAsk: break;
  }
  record::StepWaiting waiting;
  waiting.kind = WaitKind::kInDoubt;
  waiting.logs = end.logs;
  waiting.task = task_id(context_.hasher, state_, path, at.state->attempts);
  wait(path, at, std::move(waiting));
}

bool Machine::fatal(const graph::Step& step, bool top) const {
  const bool part = state_.group.set() && top && step.index == state_.group.step;
  return part || step.on_error == graph::OnError::kFail;
}

void Machine::after_end(const StepPath& path) {
  const Located at = locate(state_, path);
  if (!at || ended()) return;
  if (at.state->status == StepStatus::kFailed && fatal(*at.step, path.top_level())) {
    if (!path.top_level()) return branch_failed(path);
    if (may_start()) fail_run(at.step->id, *at.state->failure);
    return;
  }
  for (const std::uint32_t dependant : at.step->dependants) {
    if (at.scope->steps[dependant].deps_open > 0) continue;
    StepPath next = path;
    next.part[next.size - 1] = dependant;
    ready_.push_back(next);
  }
  if (path.top_level() || at.scope->ended < at.scope->steps.size()) return;
  const StepPath loop = path.loop();
  if (std::holds_alternative<graph::ForEach>(step_at(*state_.graph, loop).work)) {
    branch_done(loop, path.item());
  } else {
    iteration_done(loop);
  }
}

}  // namespace troupe::run
