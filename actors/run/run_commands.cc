// The commands of a run: how each is performed once it may be.

#include "actors/node/always_answered.h"
#include "actors/run/run.h"
#include "actors/step/attempt.h"
#include "runtime/journal/frame.h"
#include "runtime/json/write.h"

namespace troupe::actors {
namespace {

constexpr Duration kProgressEvery = milliseconds(100);
constexpr std::chrono::seconds kTellParentAgain{1};
constexpr std::chrono::seconds kAskParentAgain{10};
constexpr Duration kTellProgressEvery = milliseconds(500);

/// The path without its last step: names one item of a loop.
run::StepPath item_of(const run::StepPath& path) {
  run::StepPath key = path;
  key.part[--key.size] = 0;
  return key;
}

bool in_branch(const graph::Graph& graph, const run::StepPath& path) {
  return !path.top_level() &&
         run::step_at(graph, path.loop()).type == graph::StepType::kForEach;
}

std::string live_event(RunId run, std::string_view type, const std::string& step,
                       TimePoint at, std::string_view data) {
  json::Writer out;
  out.begin_object().member("run_id", run.to_string()).member("event_type", type);
  out.member("step_id", step).member("at", to_rfc3339(at)).member_raw("data", data).end_object();
  return out.take();
}

}  // namespace

bool Run::may_run_ahead(const run::command::StartAttempt& command) const {
  return !services_.options.strict && command.step->effect == graph::Effect::kNone &&
         unacked_records_ < services_.options.run_ahead_records &&
         unacked_bytes_ < services_.options.run_ahead_bytes;
}

void Run::perform(run::Command command) {
  struct Performer {
    Run& run;
    void operator()(run::command::StartAttempt& c) { run.start_attempt(std::move(c)); }
    void operator()(run::command::LaunchAttempt& c) { run.launch_announced(c); }
    void operator()(run::command::CancelAttempt& c) { run.cancel_attempt(c); }
    void operator()(run::command::StartChild& c) { run.start_child(c); }
    void operator()(run::command::StopChild& c) {
      run.services_.send(run.state_.workspace,
                         ToRun{c.child, {run.state_.workspace, std::nullopt},
                               Ask{run::event::StopAsked{c.graceful}, {}}});
    }
    void operator()(run::command::NotifyParent& c) { run.notify_parent(c); }
    void operator()(run::command::TellGroup& c) {
      if (run.handing_ != Handing::kNot) return;  // the next owner tells them again
      run.groups_.tell(std::move(c), run.state_.workspace, run.handle());
    }
    void operator()(run::command::LoadResults& c) { run.load_results(c); }
    void operator()(run::command::Progress& c) { run.progress(c); }
  };
  std::visit(Performer{*this}, command);
}

void Run::start_attempt(run::command::StartAttempt command) {
  if (handing_ != Handing::kNot) return;  // the next owner asks for it again
  const std::uint64_t token = services_.gate.new_token();
  Attempt attempt;
  attempt.path = command.path;
  attempt.number = command.attempt;
  attempt.loop_test = command.loop_test;
  attempt.announce = command.announce;
  const bool elsewhere = !std::holds_alternative<run::work::RunScript>(command.work);
  attempt.job = std::make_shared<Job>(job_of(command));
  attempts_.emplace(token, std::move(attempt));
  dispatch::Request request{token, state_.workspace, state_.project, command.priority,
                            std::move(command.concurrency_key),
                            elsewhere ? dispatch::Place::kElsewhere : dispatch::Place::kHere};
  if (!services_.gate.acquire(std::move(request), handle())) return;
  // What is announced is a decision of its own, and this may be the middle of another.
  if (command.announce) caf::anon_send(handle(), Granted{token});
  else launch_attempt(token);
}

Job Run::job_of(run::command::StartAttempt& command) const {
  if (auto* const script = std::get_if<run::work::RunScript>(&command.work)) {
    ScriptJob job;
    job.workspace = state_.workspace;
    job.script = std::move(script->script);
    job.globals = std::move(script->globals);
    job.timeout = command.timeout;
    return job;
  }
  if (auto* const asked = std::get_if<run::work::AskService>(&command.work)) {
    ServiceRequest request;
    request.workspace = state_.workspace;
    request.project = state_.project;
    request.run = run::shown_id(state_);
    request.step_id = run::event_step_id(*state_.graph, command.path);
    request.attempt = command.attempt;
    request.type = graph::name(command.step->type);
    request.fields = std::move(asked->fields);
    request.idempotency_key = std::move(asked->idempotency_key);
    request.timeout = command.timeout;
    request.may_repeat = command.step->effect != graph::Effect::kOnce;
    request.on_delta = tell_delta(request.run, request.step_id);
    return request;
  }
  auto& task = std::get<run::work::DoTask>(command.work);
  TaskJob job;
  job.workspace = state_.workspace;
  job.project = state_.project;
  job.run = run::shown_id(state_);
  job.step_id = run::event_step_id(*state_.graph, command.path);
  job.attempt = command.attempt;
  job.idempotency_key = std::move(task.idempotency_key);
  job.queue = std::move(task.queue);
  job.task = std::move(task.task);
  job.args = std::move(task.args);
  job.timeout = command.timeout;
  job.heartbeat = task.heartbeat;
  return job;
}

/// Live only, and for as long as anybody watches: may come after the attempt's end.
std::function<void(std::string)> Run::tell_delta(RunId run, const std::string& step) const {
  return [&hub = services_.hub, &clock = services_.ports.clock, run,
          step](const std::string& data) {
    if (!hub.watched(run)) return;
    Hub::News news;
    news.live.push_back({0, live_event(run, "token_delta", step, clock.now(), data)});
    hub.tell(run, news);
  };
}

void Run::granted(std::uint64_t token) {
  const auto found = attempts_.find(token);
  if (found == attempts_.end()) return services_.gate.release(token);
  if (!found->second.announce) return launch_attempt(token);
  Attempt& attempt = found->second;
  attempt.announced = true;
  take(run::event::AttemptGranted{attempt.path, attempt.number}, {});
}

void Run::launch_announced(const run::command::LaunchAttempt& command) {
  for (const auto& [token, attempt] : attempts_) {
    if (attempt.path == command.path && attempt.number == command.attempt && attempt.announce &&
        attempt.job != nullptr) {
      return launch_attempt(token);
    }
  }
}

void Run::launch_attempt(std::uint64_t token) {
  Attempt& attempt = attempts_.at(token);
  Job job = std::move(*attempt.job);
  attempt.job.reset();
  if (in_branch(*state_.graph, attempt.path)) {
    StepActor& branch = branches_[item_of(attempt.path)];
    if (!branch) {
      branch = spawn_branch(system_, services_, handle());
      watch_(branch);
    }
    attempt.actor = branch;
  } else if (!idle_steps_.empty()) {
    attempt.actor = std::move(idle_steps_.back());
    idle_steps_.pop_back();
  } else {
    attempt.actor = spawn_step(system_, services_, handle());
    watch_(attempt.actor);
  }
  launch(services_, attempt.actor, token, std::move(job));
}

void Run::attempt_actor_down(const caf::actor_addr& actor) {
  std::vector<std::uint64_t> lost;
  for (const auto& [token, attempt] : attempts_) {
    if (attempt.actor && attempt.actor.address() == actor) lost.push_back(token);
  }
  std::erase_if(idle_steps_, [&](const StepActor& step) { return step.address() == actor; });
  std::erase_if(branches_, [&](const auto& entry) { return entry.second.address() == actor; });
  for (const std::uint64_t token : lost) {
    auto result = std::make_shared<AttemptResult>();
    result->error = {Code::kSandboxLost, "the attempt's actor ended before its outcome", {}};
    services_.executors.cancel(token);
    attempt_done({token, std::move(result)});
  }
}

void Run::slow(std::uint64_t token) {
  const auto found = attempts_.find(token);
  if (found == attempts_.end() || found->second.cancelled) return;
  const Attempt& attempt = found->second;
  take(run::event::AttemptStarted{attempt.path, attempt.number, attempt.loop_test,
                                  services_.now()},
       {});
}

void Run::attempt_done(const AttemptDone& done) {
  services_.gate.release(done.token);
  const auto found = attempts_.find(done.token);
  if (found == attempts_.end()) return;
  const Attempt attempt = std::move(found->second);
  attempts_.erase(found);
  const bool branch_step = in_branch(*state_.graph, attempt.path);
  if (!branch_step && attempt.actor) idle_steps_.push_back(attempt.actor);
  AttemptResult& result = *done.result;
  if (!result.logs.empty()) tell_logs(result, attempt);
  if (!attempt.cancelled) {
    run::event::AttemptFinished event;
    event.path = attempt.path;
    event.attempt = attempt.number;
    event.loop_test = attempt.loop_test;
    event.ok = result.ok;
    event.result = std::move(result.value);
    event.failure = {result.error.code, std::move(result.error.message)};
    event.logs.reserve(result.logs.size());
    for (LogLine& line : result.logs) event.logs.push_back({line.at, std::move(line.message)});
    event.logs_truncated = result.logs_truncated;
    event.started = result.started;
    event.finished = result.finished;
    event.wait_min = result.wait_min;
    event.usage = result.usage;
    take(event, {});
  }
  if (branch_step && !run::locate(state_, attempt.path)) {
    const auto branch = branches_.find(item_of(attempt.path));
    if (branch != branches_.end()) {
      caf::anon_send(branch->second, Leave{});
      branches_.erase(branch);
    }
  }
  maybe_leave();
}

void Run::cancel_attempt(const run::command::CancelAttempt& command) {
  for (auto it = attempts_.begin(); it != attempts_.end(); ++it) {
    Attempt& attempt = it->second;
    if (attempt.path != command.path || attempt.number != command.attempt ||
        attempt.loop_test != command.loop_test || attempt.cancelled) {
      continue;
    }
    if (attempt.job != nullptr) {  // still waits for its grant
      services_.gate.cancel(it->first);
      attempts_.erase(it);
    } else {
      attempt.cancelled = true;
      caf::anon_send(attempt.actor, Abandon{it->first});
    }
    return;
  }
}

void Run::start_child(const run::command::StartChild& command) {
  if (services_.options.bugs.forget_waiting_child) return;
  caf::anon_send(tenant_, ChildWanted{command,
                                      run::Parent{state_.id, command.path},
                                      {state_.workspace, state_.project},
                                      state_.bucket});
}

void Run::check_parent() {
  // A parent that stops waiting tells its children, but that may have come before this one was
  // made, or been lost in a crash. Whoever begins or wakes as a child therefore asks; and groups,
  // whose parent may be on another node that dies, each time they are loaded and again.
  const bool group = state_.group.set();
  const auto answered = [run = handle(), group](Result<Answered> answer) {
    const bool unwanted = !answer && (answer.error().code == Code::kRunEnded ||
                                      answer.error().code == Code::kConflict ||
                                      answer.error().code == Code::kNotFound);
    if (unwanted) return caf::anon_send(run, Inner{run::event::StopAsked{false}});
    if (group && answer.ok()) caf::anon_send(run, Inner{run::event::ParentWaits{}});
  };
  after_durable([this, answered](const Error* failed) {
    if (failed != nullptr) return;
    to_parent({run::event::ChildAsks{state_.parent.path, state_.id}, answered});
  });
  if (!group || parent_asked_) return;
  parent_asked_ = true;
  caf::delayed_anon_send(handle(), kAskParentAgain, AskParent{});
}

/// A child lies in its parent's slot, a group anywhere.
void Run::to_parent(Ask message) {
  ToRun to{state_.parent.run, {state_.workspace, std::nullopt}, std::move(message)};
  if (state_.group.set()) services_.reach(state_.workspace, std::move(to));
  else services_.send(state_.workspace, std::move(to));
}

void Run::ask_parent_again() {
  parent_asked_ = false;
  const bool over = leaving_ || handing_ != Handing::kNot || store::ended(state_.status);
  if (!over) check_parent();
}

void Run::group_answered(const GroupAnswered& answer) {
  const auto gone = groups_.answered(answer, handle());
  if (gone) take(*gone, {});
  else maybe_leave();
}

void Run::tell_group_again(RunId group) { groups_.again(group, handle()); }

void Run::notify_parent(const run::command::NotifyParent& command) {
  // Any definite answer of the parent acknowledges; without one it is told again a little later.
  const auto answered = [run = handle()](Result<Answered> answer) {
    const bool definite = answer.ok() || answer.error().code == Code::kRunEnded ||
                          answer.error().code == Code::kNotFound ||
                          answer.error().code == Code::kConflict;
    if (definite) return caf::anon_send(run, Inner{run::event::ParentAcknowledged{}});
    caf::delayed_anon_send(run, kTellParentAgain, Inner{run::event::Recovered{}});
  };
  const auto event = std::visit([](const auto& news) { return run::Event(news); }, command.news);
  to_parent({event, always_answered<Answered>(answered)});
}

void Run::load_results(const run::command::LoadResults& command) {
  if (handing_ != Handing::kNot) return;
  const run::StepState& step = state_.root.steps.at(command.step);
  const auto& loop = std::get<graph::ForEach>(state_.graph->steps.at(command.step).work);
  services_.read([run_actor = handle(), command, bucket = state_.bucket, project = state_.project,
                  count = step.loop->count, parallel_max = loop.parallel_max,
                  bytes_max = services_.options.run.loop_result_bytes_max](store::Reader& reader) {
    run::event::ResultsLoaded event{command.step, {}, {}, false};
    std::vector<json::Text> chunks;
    std::size_t bytes = 0;
    for (const run::PayloadRef& ref : command.chunks) {
      auto body = reader.payload(bucket, project, ref.hash);
      if (!body || !*body) {
        event.failure = run::Failure{Code::kCorrupt, "a part of the loop's results cannot be read"};
        caf::anon_send(run_actor, Inner{std::move(event)});
        return;
      }
      bytes += (*body)->size();
      chunks.push_back(json::Text::trusted(std::move(**body)));
      if (bytes > bytes_max) break;  // join_results says so
    }
    run::StepState of;
    of.loop = std::make_unique<run::Loop>();
    of.loop->count = count;
    of.loop->chunks = command.chunks;
    auto joined = run::join_results(of, parallel_max, chunks, bytes_max);
    event.ok = joined.ok();
    if (joined) event.result = std::move(*joined);
    else event.failure = run::Failure{joined.error().code, joined.error().message};
    caf::anon_send(run_actor, Inner{std::move(event)});
  });
}

/// It is the parent's loop that is watched.
void Run::tell_progress(const run::command::Progress& command) {
  const TimePoint now = services_.now();
  TimePoint& told = progress_told_[command.path];
  if (told.set() && now - told < kTellProgressEvery) return;
  told = now;
  to_parent({run::event::GroupProgress{state_.parent.path, state_.group.number, state_.id,
                                       command.done, command.failed},
             {}});
}

void Run::progress(const run::command::Progress& command) {
  if (state_.group.set()) return tell_progress(command);
  if (!services_.hub.watched(state_.id)) return;
  const TimePoint now = services_.now();
  TimePoint& told = progress_told_[command.path];
  const bool last = command.done + command.failed == command.total;
  if (!last && told.set() && now - told < kProgressEvery) return;
  told = now;
  json::Writer data;
  data.begin_object().member("done", command.done).member("failed", command.failed);
  data.member("total", command.total).end_object();
  Hub::News news;
  news.live.push_back({0, live_event(state_.id, "step_progress",
                                     run::event_step_id(*state_.graph, command.path), now,
                                     data.take())});
  services_.hub.tell(state_.id, news);
}

void Run::tell_logs(const AttemptResult& result, const Attempt& attempt) {
  if (!services_.hub.watched(state_.id)) return;
  Hub::News news;
  const std::string step = run::event_step_id(*state_.graph, attempt.path);
  for (const LogLine& line : result.logs) {
    json::Writer data;
    data.begin_object().member("attempt", attempt.number).member("level", "info");
    data.member("message", line.message).end_object();
    news.live.push_back({0, live_event(state_.id, "log", step, line.at, data.take())});
  }
  services_.hub.tell(state_.id, news);
}

void Run::tell_scope(const run::Decision& decision, std::uint64_t first_seq) {
  std::vector<LiveEvent> events;
  const auto payloads = [&decision](const run::PayloadRef& ref) -> Result<json::Text> {
    for (const run::PayloadBody& body : decision.payloads) {
      if (body.hash == ref.hash) return body.text;
    }
    return Error{Code::kNotFound, "not in this decision", {}};
  };
  for (const run::Record& record : decision.records) {
    const Status expanded =
        run::expand(*state_.graph, state_.id, record, &first_seq, payloads, events);
    if (!expanded) return;  // a value carried over from another run; the run's own feed has it
  }
  if (events.empty()) return;
  if (services_.options.bugs.events_before_commit) {
    return services_.hub.tell_scope(run::row_of(state_), events);
  }
  after_durable([this, row = run::row_of(state_), events = std::move(events)](const Error* failed) {
    if (failed == nullptr) services_.hub.tell_scope(row, events);
  });
}

/// A step of a pure body is counted with its item, also where its end is journaled for what it has
/// printed; the loop that a group does a part of, by the group's parent.
bool Run::counts_elsewhere(const run::StepPath& path) const {
  if (path.top_level()) return state_.group.set();
  const auto* const loop =
      std::get_if<graph::ForEach>(&run::step_at(*state_.graph, path.loop()).work);
  return loop != nullptr && run::pure_body(*loop->body);
}

void Run::count(const run::Decision& decision) {
  HotMetrics& metrics = services_.metrics;
  for (const run::Record& record : decision.records) {
    if (const auto* finished = std::get_if<run::record::StepFinished>(&record)) {
      if (counts_elsewhere(finished->attempt.path)) continue;
      const auto type = static_cast<int>(run::step_at(*state_.graph, finished->attempt.path).type);
      const auto status = static_cast<int>(finished->status) -
                          static_cast<int>(run::StepStatus::kCompleted);
      metrics.steps_finished[type][status]->add();
      const Duration took = finished->attempt.finished - finished->attempt.started;
      metrics.step_duration[type]->observe(static_cast<double>(took.us) / 1e6);
    } else if (const auto* item = std::get_if<run::record::ItemFinished>(&record)) {
      const auto status = item->failed ? 1 : 0;
      const auto& loop = run::step_at(*state_.graph, item->loop);
      const graph::Graph& body = *std::get<graph::ForEach>(loop.work).body;
      if (!run::pure_body(body)) continue;
      const auto type = body.steps.back().type;
      metrics.steps_finished[static_cast<int>(type)][status]->add();
    } else if (const auto* skipped = std::get_if<run::record::StepsSkipped>(&record)) {
      for (const run::StepPath& path : skipped->paths) {
        metrics.steps_finished[static_cast<int>(run::step_at(*state_.graph, path).type)][3]->add();
      }
    } else if (state_.group.set()) {
      continue;  // a part of a run, and no run that anybody counts
    } else if (std::holds_alternative<run::record::RunCreated>(record)) {
      metrics.runs_started.add();
    } else if (const auto* end = std::get_if<run::record::RunFinished>(&record)) {
      const auto status =
          static_cast<int>(end->status) - static_cast<int>(store::RunStatus::kCompleted);
      metrics.runs_finished[status]->add();
      metrics.run_duration.observe(static_cast<double>((end->at - state_.created).us) / 1e6);
    }
  }
}

}  // namespace troupe::actors
