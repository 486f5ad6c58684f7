#include <algorithm>

#include "runtime/run/change.h"
#include "runtime/run/result_json.h"
#include "runtime/run/state.h"

// One function per record. Nothing here decides anything: whatever a record leaves open follows
// from the state and the graph alone, so that a fold gives back what the live path had.

namespace troupe::run {
namespace {

Located place(State& state, const StepPath& path) {
  const Located at = reach(state, path);
  TROUPE_ENSURE(at);
  return at;
}

void note_logs(State& state, const Logs& logs) {
  if (logs.count > 0) state.log_lines = std::max(state.log_lines, logs.first + logs.count - 1);
}

void take_attempt(StepState& step, const Attempt& attempt) {
  step.attempts = attempt.number;
  step.scheduled = attempt.scheduled;
  step.started = attempt.started;
  if (attempt.input.present()) step.input = attempt.input;
}

/// Loops, children and timed waits have a deadline that spans the whole step, all its attempts.
void set_deadline(const graph::Step& step, StepState& state, TimePoint from) {
  if (step.timeout.us <= 0 || state.deadline.set()) return;
  state.deadline = from + step.timeout;
}

void end_loop(State& state, const StepPath& path, const Located& at) {
  if (at.state->loop == nullptr) return;
  Loop& loop = *at.state->loop;
  drop_inside(state, path, *at.step, loop);
  loop.testing = false;
  loop.groups.clear();
  loop.sum_groups();
  // What a reader of single items may still ask for stays: chunks, and entries of a loop cut short.
  const bool completed = at.state->status == StepStatus::kCompleted;
  if (completed) loop.open.clear();
  const bool has_groups = loop.spread.set() && !completed;  // they may have what it has not
  if (loop.chunks.empty() && loop.open.empty() && !has_groups) {
    at.state->loop.reset();
    return;
  }
  loop.next = loop.end;
  loop.items = {};
  loop.item_spans = {};
}

struct Change {
  State& state;

  void operator()(const record::RunCreated& r) {
    state.workspace = r.workspace;
    state.project = r.project;
    state.workflow = r.workflow;
    state.version = r.version;
    state.trigger_type = r.trigger_type;
    state.external_id = r.external_id;
    state.request = r.request;
    state.created = r.at;
    state.input = r.input;
    state.overlays = r.overlays;
    state.out_of_scope = r.out_of_scope;
    state.retried_from = r.retried_from;
    state.parent = r.parent;
    state.depth = r.depth;
    state.bucket = r.bucket;
    state.group = r.group;
    for (const Carried& carried : r.carried) carry(carried, r.at);
    if (!r.group.set()) return;
    // A group does one step: the others that have not been brought along are not its business.
    for (std::uint32_t i = 0; i < state.root.steps.size(); ++i) {
      const StepPath path(i);
      const Located at = place(state, path);
      if (i == r.group.step || at.state->ended()) continue;
      const Tally tally(state, path, at);
      at.state->status = StepStatus::kSkipped;
      at.state->skip = SkipReason::kOutOfScope;
    }
  }

  void carry(const Carried& carried, TimePoint at_time) {
    const StepPath path(carried.step);
    const Located at = place(state, path);
    const Tally tally(state, path, at);
    at.state->result = carried.result;
    at.state->input = carried.input;
    at.state->skip = carried.skip;
    at.state->rejected = carried.rejected;
    at.state->finished = at_time;
    at.state->status =
        carried.skip == SkipReason::kNone ? StepStatus::kCompleted : StepStatus::kSkipped;
    if (!carried.failure.message.empty()) {
      at.state->status = StepStatus::kFailed;
      at.state->failure = std::make_unique<Failure>(carried.failure);
    }
    if (carried.chunks.empty()) return;
    at.state->loop = std::make_unique<Loop>();
    at.state->loop->count = carried.count;
    at.state->loop->chunks = carried.chunks;
    shape(state, path, *at.state->loop);
  }

  void operator()(const record::RunStarted& r) {
    state.started = r.at;
    if (state.status == store::RunStatus::kQueued) state.status = store::RunStatus::kRunning;
  }

  void operator()(const record::StepStarted& r) {
    const Located at = place(state, r.attempt.path);
    const Tally tally(state, r.attempt.path, at);
    take_attempt(*at.state, r.attempt);
    at.state->announced = true;
    at.state->status = StepStatus::kRunning;
  }

  void operator()(const record::StepWaiting& r) {
    const Located at = place(state, r.attempt.path);
    const Tally tally(state, r.attempt.path, at);
    take_attempt(*at.state, r.attempt);
    at.state->announced = true;
    at.state->in_flight = false;
    at.state->status = StepStatus::kWaiting;
    at.state->waiting =
        std::make_unique<Waiting>(Waiting{r.kind, r.until, r.task, r.event, r.key, r.child});
    if (r.kind == WaitKind::kTimer || r.kind == WaitKind::kChild) {
      set_deadline(*at.step, *at.state, r.attempt.scheduled);
    }
    note_logs(state, r.logs);
  }

  void operator()(const record::AttemptFailed& r) {
    const Located at = place(state, r.attempt.path);
    const Tally tally(state, r.attempt.path, at);
    take_attempt(*at.state, r.attempt);
    at.state->announced = false;
    at.state->in_flight = false;
    at.state->status = StepStatus::kRetrying;
    at.state->failure = std::make_unique<Failure>(r.failure);
    at.state->retry_at = r.retry_at;
    at.state->waiting.reset();
    if (at.state->loop != nullptr) {
      drop_inside(state, r.attempt.path, *at.step, *at.state->loop);
      at.state->loop.reset();
    }
    note_logs(state, r.logs);
    state.usage += r.usage;
  }

  void operator()(const record::StepFinished& r) {
    const Located at = place(state, r.attempt.path);
    const Tally tally(state, r.attempt.path, at);
    StepState& step = *at.state;
    take_attempt(step, r.attempt);
    step.finished = r.attempt.finished;
    step.announced = true;
    step.in_flight = false;
    step.status = r.status;
    step.result = r.result;
    step.failure.reset();
    if (r.status == StepStatus::kFailed) step.failure = std::make_unique<Failure>(r.failure);
    step.rejected =
        r.task_decided && !r.approved && std::holds_alternative<graph::HumanTask>(at.step->work);
    // The id of a child that was told to stop is kept, so that it can be told again after a crash.
    const bool child = step.waiting != nullptr && step.waiting->kind == WaitKind::kChild;
    if (!child || r.status != StepStatus::kCancelled) step.waiting.reset();
    end_loop(state, r.attempt.path, at);
    note_logs(state, r.logs);
    state.usage += r.usage;
    if (r.consumed_event == 0) return;
    std::erase_if(state.mailbox,
                  [&](const StoredEvent& event) { return event.number == r.consumed_event; });
  }

  void operator()(const record::StepsSkipped& r) {
    for (const StepPath& path : r.paths) {
      const Located at = place(state, path);
      const Tally tally(state, path, at);
      at.state->status = StepStatus::kSkipped;
      at.state->skip = r.reason;
      at.state->finished = r.at;
    }
  }

  void operator()(const record::LoopStarted& r) {
    const Located at = place(state, r.attempt.path);
    const Tally tally(state, r.attempt.path, at);
    take_attempt(*at.state, r.attempt);
    at.state->announced = true;
    at.state->status = StepStatus::kRunning;
    // How long the whole loop may take is for the parent of a group to say.
    if (!state.group.set()) set_deadline(*at.step, *at.state, r.attempt.scheduled);
    at.state->loop = std::make_unique<Loop>();
    at.state->loop->count = r.count;
    at.state->loop->items = r.items;
    at.state->loop->spread = r.spread;
    shape(state, r.attempt.path, *at.state->loop);
    at.state->loop->next = at.state->loop->first;
    if (state.group.set() && r.attempt.path.top_level()) state.group.items = {};
    if (std::holds_alternative<graph::While>(at.step->work)) {
      at.state->loop->body = std::make_unique<Scope>(make_scope(*body_of(*at.step)));
    }
  }

  void operator()(const record::ItemFinished& r);
  void operator()(const record::ChunkSealed& r) {
    Loop& loop = *place(state, r.loop).state->loop;
    if (loop.chunks.size() <= r.chunk) loop.chunks.resize(r.chunk + 1);
    loop.chunks[r.chunk] = r.ref;
    loop.open.erase(r.chunk);
  }
  void operator()(const record::IterationFinished& r) {
    const Located at = place(state, r.loop);
    Loop& loop = *at.state->loop;
    const Tally tally(state, r.loop, at);
    drop_inside(state, r.loop, *at.step, loop);
    loop.testing = false;
    loop.prev = r.results;
    loop.iterations.emplace_back(r.iteration, r.results);
    if (loop.iterations.size() > kIterationsKept) loop.iterations.pop_front();
    loop.iteration = r.iteration + 1;
    loop.body = std::make_unique<Scope>(make_scope(*body_of(*at.step)));
  }

  void operator()(const record::RunPaused& r) {
    if (r.reason == store::PauseReason::kUser) state.user_paused = true;
    state.status = store::RunStatus::kPaused;
    state.pause_reason = r.reason;
  }

  void operator()(const record::RunResumed& r) {
    if (r.by_user) state.user_paused = false;
    state.status = state.started.set() ? store::RunStatus::kRunning : store::RunStatus::kQueued;
    state.pause_reason = store::PauseReason::kNone;
  }

  void operator()(const record::RunDraining& r) {
    state.status = store::RunStatus::kDraining;
    state.pause_reason = store::PauseReason::kNone;
    state.graceful_stop = true;
    state.drain_deadline = r.deadline;
    state.timers.emplace(r.deadline, StepPath());
  }

  void operator()(const record::EventStored& r) {
    state.mailbox.push_back({r.number, r.event, r.key, r.data});
    state.events_stored = r.number;
  }

  void operator()(const record::ChildAcknowledged&) { state.parent_acknowledged = true; }
  void operator()(const record::GroupFinished& r) {
    const Located at = place(state, r.loop);
    Loop& loop = *at.state->loop;
    const Tally tally(state, r.loop, at);
    loop.groups.erase(r.number);
    loop.sum_groups();
    if (loop.chunks.size() <= r.number) loop.chunks.resize(r.number + 1);
    loop.chunks[r.number] = r.ref;
    loop.done += r.done;
    loop.failed += r.failed;
    loop.result_bytes += r.ref.bytes;
    state.log_lines += r.log_lines;
    state.usage += r.usage;
  }
  void operator()(const record::ParentHeard& r) { state.parent_heard = r.version; }

  void operator()(const record::RunFinished& r) {
    state.status = r.status;
    state.pause_reason = store::PauseReason::kNone;
    state.user_paused = false;
    state.graceful_stop = r.graceful;
    state.finished = r.at;
    state.output = r.output;
    if (r.status == store::RunStatus::kFailed || !r.failure.message.empty()) {
      state.failure = r.failure;
    }
    state.failed_step = r.failed_step;
    state.mailbox.clear();
    state.timers.clear();
  }
};

void Change::operator()(const record::ItemFinished& r) {
  const Located at = place(state, r.loop);
  Loop& loop = *at.state->loop;
  if (const auto found = loop.active.find(r.item); found != loop.active.end()) {
    count_scope(state, *body_of(*at.step), r.loop.inner(r.item, 0), *found->second, -1);
    loop.active.erase(found);
  }
  std::string entry = item_entry(r.item, r.failed ? &r.failure : nullptr, r.result.text.view());
  loop.done += 1;
  loop.failed += r.failed ? 1 : 0;
  loop.result_bytes += entry.size() + 1;
  loop.open[loop.chunk_of(r.item)].entries.insert_or_assign(r.item, std::move(entry));
}

}  // namespace

Tally::Tally(State& state, const StepPath& path, const Located& at)
    : state_(state), path_(path), at_(at), was_ended_(at.state->ended()) {
  count_step(state_, path_, *at_.state, -1);
}

Tally::~Tally() {
  count_step(state_, path_, *at_.state, 1);
  if (was_ended_ || !at_.state->ended()) return;
  at_.scope->ended += 1;
  for (const std::uint32_t dependant : at_.step->dependants) {
    at_.scope->steps[dependant].deps_open -= 1;
  }
}

void change(State& state, const Record& record) { std::visit(Change{state}, record); }

void apply(State& state, const Record& record) {
  change(state, record);
  state.records += 1;
  state.seq += event_count(record);
}

}  // namespace troupe::run
