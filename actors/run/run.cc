#include "actors/run/run.h"

#include "actors/step/attempt.h"
#include "actors/store/next_frame.h"
#include "runtime/json/write.h"

namespace troupe::actors {
namespace {

constexpr Duration kRowRunningAfter = milliseconds(100);

Answered answer_of(const run::State& state, const run::Decision& decision) {
  return {run::row_of(state), decision.task, true};
}

}  // namespace

Run::Run(caf::actor_system& system, Services& services, TenantActor tenant,
         caf::actor_control_block* self, run::State state, Origin origin,
         std::function<void(const StepActor&)> watch)
    : system_(system),
      services_(services),
      tenant_(std::move(tenant)),
      self_(self),
      state_(std::move(state)),
      jitter_(services.ports.entropy.next()),
      row_status_(state_.status),
      row_reason_(state_.pause_reason),
      row_written_(state_.records > 0),
      has_snapshot_(origin != Origin::kNew),
      snapshot_current_(origin == Origin::kAsleep),
      slept_until_(snapshot_current_ ? run::next_wake(state_) : TimePoint{}),
      watch_(std::move(watch)),
      groups_(services) {}

Run::~Run() {
  for (auto& [token, attempt] : attempts_) {
    services_.gate.cancel(token);
    if (!attempt.actor) continue;
    caf::anon_send(attempt.actor, Abandon{token});
    caf::anon_send(attempt.actor, Leave{});
  }
  for (auto& [path, branch] : branches_) caf::anon_send(branch, Leave{});
  for (const StepActor& step : idle_steps_) caf::anon_send(step, Leave{});
}

void Run::ask(const Ask& ask) {
  ++received_;
  if (std::holds_alternative<run::event::TimerDue>(ask.event)) slept_until_ = {};
  take(ask.event, ask.done);
}

void Run::inner(const Inner& inner) {
  if (!leaving_) return take(inner.event, {});
  // The tenant may have let go of this actor already and may be waking another for the run.
  caf::anon_send(tenant_, ToRun{state_.id, {state_.workspace, std::nullopt},
                                Ask{inner.event, {}}});
}

void Run::take(const run::Event& event, const Callback<Answered>& done) {
  if (handing_ >= Handing::kLaidDown && !services_.options.bugs.take_outcome_after_move) {
    // The next owner asks for everything again that has no recorded outcome.
    if (done) done(Error{Code::kStaleEpoch, "another node goes on with this run", {}});
    return;
  }
  const BlackBoxScope working(services_.ports.black_box, state_.id);
  leaving_ = false;
  const run::Context context{services_.now(), jitter_, services_.ports.hasher,
                             services_.options.run, services_.ownership.nodes()};
  auto decision = run::decide(state_, event, context);
  if (!decision) {
    if (done) {
      after_durable([done, error = std::move(decision).error()](const Error* failed) {
        done(failed != nullptr ? *failed : error);
      });
    }
  } else {
    settle(std::move(*decision), done);
    const bool begins = std::holds_alternative<run::event::Created>(event) ||
                        std::holds_alternative<run::event::Recovered>(event) ||
                        (state_.group.set() && !parent_asked_);
    if (begins && state_.parent.set() && !store::ended(state_.status)) check_parent();
  }
  maybe_leave();
}

void Run::submit_decision(run::Decision decision) {
  if (!deferred_.empty()) {
    decision.records.insert(decision.records.begin(), std::make_move_iterator(deferred_.begin()),
                            std::make_move_iterator(deferred_.end()));
    deferred_.clear();
  }
  if (decision.records.empty()) return;
  std::uint64_t events = 0;
  for (const run::Record& record : decision.records) events += run::event_count(record);
  auto submission = make_submission(decision);
  Unacked unacked;
  unacked.pos = submission->pos;
  unacked.records = decision.records.size();
  unacked.bytes = submission->bytes;
  unacked.seq = state_.seq;
  unacked_records_ += unacked.records;
  unacked_bytes_ += unacked.bytes;
  unacked_.push_back(std::move(unacked));
  const bool shown = services_.hub.scope_watched() && !state_.group.set();
  if (shown) tell_scope(decision, state_.seq - events + 1);
  count(decision);
  services_.submit(std::move(submission));
}

bool Run::may_defer(const run::Decision& decision) const {
  if (decision.records.size() != 1 || services_.hub.scope_watched() ||
      !std::holds_alternative<run::record::RunStarted>(decision.records.front())) {
    return false;
  }
  for (const run::Command& command : decision.commands) {
    const auto* attempt = std::get_if<run::command::StartAttempt>(&command);
    if (attempt == nullptr || !may_run_ahead(*attempt)) return false;
  }
  return !decision.commands.empty();
}

void Run::settle(run::Decision decision, const Callback<Answered>& done) {
  const bool progressed = !decision.records.empty();
  // That a queued run has begun is worth no commit of its own: its first outcome follows at once.
  if (done == nullptr && may_defer(decision)) {
    deferred_ = std::move(decision.records);
  } else if (progressed || done != nullptr) {
    submit_decision({std::move(decision.records), {}, std::move(decision.payloads), {}});
  }
  if (done) {
    if (services_.options.bugs.acknowledge_before_commit) {
      done(answer_of(state_, decision));
    } else {
      after_durable([done, answered = answer_of(state_, decision)](const Error* failed) {
        if (failed != nullptr) done(*failed);
        else done(answered);
      });
    }
  }
  const bool hold_nothing = services_.options.bugs.effects_before_commit;
  for (run::Command& command : decision.commands) {
    const auto* attempt = std::get_if<run::command::StartAttempt>(&command);
    const bool waits = (attempt != nullptr && !attempt->announce && !may_run_ahead(*attempt)) ||
                       std::holds_alternative<run::command::LaunchAttempt>(command) ||
                       std::holds_alternative<run::command::StartChild>(command) ||
                       std::holds_alternative<run::command::StopChild>(command) ||
                       std::holds_alternative<run::command::NotifyParent>(command) ||
                       std::holds_alternative<run::command::TellGroup>(command) ||
                       std::holds_alternative<run::command::LoadResults>(command);
    if (waits && !unacked_.empty() && !hold_nothing) {
      unacked_.back().held.push_back(std::move(command));
    } else {
      perform(std::move(command));
    }
  }
  arm_timer(progressed);
}

std::shared_ptr<Submission> Run::make_submission(const run::Decision& decision) {
  auto submission = std::make_shared<Submission>();
  submission->pos = services_.next_pos();
  submission->run = caf::strong_actor_ptr{self_};
  submission->tenant = caf::actor_cast<caf::strong_actor_ptr>(tenant_);
  store::Batch& batch = submission->batch;
  batch.frames.push_back(next_frame(services_, state_, decision.records, submission->pos));
  submission->bytes = batch.frames.back().bytes.size();
  for (const run::PayloadBody& body : decision.payloads) {
    batch.payloads.push_back(
        {state_.bucket, state_.project, body.hash, std::string(body.text.view())});
    submission->bytes += body.text.size();
  }
  for (const run::Record& record : decision.records) run::project(state_, record, batch);

  // A child is the progress of a run that was accepted, so it is not refused but tried again.
  submission->creates = !row_written_ && !state_.parent.set();
  const bool ended = store::ended(state_.status);
  const bool changed = state_.status != row_status_ || state_.pause_reason != row_reason_;
  // Most runs end within moments of their start: a row that says `running` would be written for
  // nothing.
  const bool just_begun = row_status_ == store::RunStatus::kQueued &&
                          state_.status == store::RunStatus::kRunning &&
                          services_.now() - state_.started < kRowRunningAfter;
  if (!row_written_ || (changed && !just_begun)) {
    batch.runs.push_back(run::row_of(state_));
    row_written_ = true;
    row_status_ = state_.status;
    row_reason_ = state_.pause_reason;
  }
  snapshot_current_ = false;
  if (ended && (!state_.parent.set() || state_.parent_acknowledged)) {
    if (has_snapshot_) batch.snapshots_dropped.push_back(state_.id);
    has_snapshot_ = false;
    submission->closes = true;
  } else if (ended) {
    add_snapshot(*submission, true);  // until its parent has recorded the end
  } else if (attempts_.empty() && !run::runnable(state_) && !stays()) {
    add_snapshot(*submission, false);
    submission->closes = true;
    snapshot_current_ = true;
  }
  return submission;
}

void Run::add_snapshot(Submission& submission, bool runnable) {
  store::Snapshot snapshot;
  snapshot.entity = state_.id;
  snapshot.workspace = state_.workspace;
  snapshot.pos = state_.chain.head();
  // What parent and child tell each other may be lost in a crash. So at the next start whoever
  // waits for a child asks for it again, and a child asks whether it is still waited for.
  snapshot.runnable = runnable || state_.parent.set() ||
                      state_.waiting[static_cast<std::size_t>(run::WaitKind::kChild)] > 0;
  snapshot.wake_at = runnable ? TimePoint{} : run::next_wake(state_);
  if (services_.options.bugs.lose_timer_on_passivation) snapshot.wake_at = {};
  snapshot.bytes = run::encode_snapshot(state_);
  submission.batch.snapshots.push_back(std::move(snapshot));
  has_snapshot_ = true;
}

void Run::snapshot_wanted() {
  ++received_;
  if (handing_ != Handing::kNot) return;
  submit_decision({});
  leaving_ = false;
  if (!store::ended(state_.status) || (state_.parent.set() && !state_.parent_acknowledged)) {
    // A snapshot stands for everything up to the chain's head; it lands behind the frames already
    // sent.
    auto submission = std::make_shared<Submission>();
    submission->pos = state_.chain.head();
    submission->tenant = caf::actor_cast<caf::strong_actor_ptr>(tenant_);
    // It stays until that has landed: what is still on its way when its slot is given away would be
    // written over what the next owner has written.
    submission->run = caf::strong_actor_ptr{self_};
    unacked_.push_back({submission->pos, {}, {}, 0, 0, state_.seq});
    // At rest it keeps its wake-up; only what has work to do is to be woken at the next start. An
    // attempt may have begun since without a record of its own.
    add_snapshot(*submission, !snapshot_current_ || !attempts_.empty() || run::runnable(state_));
    services_.submit(std::move(submission));
  }
  maybe_leave();
}

void Run::hand_over() {
  ++received_;
  // Told twice, because its slot went just when it came: what would be written the second time
  // might land when the slot is another node's.
  if (handing_ != Handing::kNot) return;
  leaving_ = false;
  handing_ = Handing::kFinishing;
  submit_decision({});
  std::erase_if(attempts_, [this](auto& entry) {
    auto& [token, attempt] = entry;
    if (attempt.announced || services_.options.bugs.take_outcome_after_move) return false;
    services_.gate.cancel(token);
    if (attempt.actor) caf::anon_send(attempt.actor, Abandon{token});
    return true;
  });
  maybe_lay_down();
}

/// Once no effect is under way, and again once the snapshot is durable.
void Run::maybe_lay_down() {
  const bool finished = attempts_.empty() || services_.options.bugs.take_outcome_after_move;
  if (handing_ == Handing::kFinishing && finished) {
    submit_decision({});
    handing_ = Handing::kLaidDown;
    if (!store::ended(state_.status) || (state_.parent.set() && !state_.parent_acknowledged)) {
      auto submission = std::make_shared<Submission>();
      submission->pos = state_.chain.head();
      submission->tenant = caf::actor_cast<caf::strong_actor_ptr>(tenant_);
      submission->run = caf::strong_actor_ptr{self_};
      submission->closes = true;
      add_snapshot(*submission, !snapshot_current_ || run::runnable(state_));
      unacked_.push_back({submission->pos, {}, {}, 0, 0, state_.seq});
      services_.submit(std::move(submission));
    }
  }
  if (handing_ == Handing::kLaidDown && unacked_.empty()) {
    handing_ = Handing::kOver;
    caf::anon_send(tenant_, HandedOver{state_.id});
  }
}

void Run::committed(store::Pos pos) {
  const BlackBoxScope working(services_.ports.black_box, state_.id);
  Hub::News news;
  // One for each submission, in their order. The address does not tell them apart: a snapshot alone
  // has that of the frame before it, and may land much later.
  TROUPE_ENSURE(!unacked_.empty() && unacked_.front().pos == pos);
  Unacked unacked = std::move(unacked_.front());
  unacked_.pop_front();
  unacked_records_ -= unacked.records;
  unacked_bytes_ -= unacked.bytes;
  // A snapshot alone is no news: a feed would look again, wake the run and have it write the next
  // one.
  if (unacked.records > 0) {
    news.head = unacked.pos;
    news.seq = unacked.seq;
  }
  for (const auto& effect : unacked.effects) effect(nullptr);
  for (run::Command& command : unacked.held) perform(std::move(command));
  if (news.head != 0 && services_.hub.watched(state_.id)) {
    news.ended = unacked_.empty() && store::ended(state_.status);
    services_.hub.tell(state_.id, news);
  }
  maybe_leave();
}

void Run::refused(const Error& error) {
  for (const Unacked& unacked : unacked_) {
    for (const auto& effect : unacked.effects) effect(&error);
  }
  unacked_.clear();
}

void Run::after_durable(std::function<void(const Error*)> effect) {
  if (unacked_.empty()) effect(nullptr);
  else unacked_.back().effects.push_back(std::move(effect));
}

void Run::look(const Look& look) {
  ++received_;
  submit_decision({});
  leaving_ = false;
  auto seen = std::make_shared<RunLook>();
  seen->row = run::row_of(state_);
  seen->head = state_.chain.head();
  seen->seq = state_.seq;
  seen->graph = state_.graph;
  if (look.with_state) seen->snapshot = run::encode_snapshot(state_);
  after_durable([seen, done = look.done](const Error* failed) {
    if (failed != nullptr) done(*failed);
    else done(std::move(*seen));
  });
  maybe_leave();
}

/// A group that slept until a timer would wait for a turn then, and those who hold the turns may be
/// waiting for their groups.
bool Run::stays() const {
  return state_.group.set() && !store::ended(state_.status) && !state_.user_paused;
}

bool Run::idle() const {
  if (stays()) return false;
  return unacked_.empty() && deferred_.empty() && attempts_.empty() && groups_.silent() &&
         (store::ended(state_.status) ? !state_.parent.set() || state_.parent_acknowledged
                                      : !run::runnable(state_));
}

void Run::arm_timer(bool progressed) {
  const TimePoint wake = run::next_wake(state_);
  if (progressed && wake.set() && wake <= services_.now() && !store::ended(state_.status)) {
    // A long decision stopped half-way and goes on behind what else has come in.
    caf::anon_send(handle(), Inner{run::event::TimerDue{}});
    return;
  }
  if (!wake.set() || wake == armed_ || store::ended(state_.status) || snapshot_current_) return;
  armed_ = wake;
  caf::anon_send(services_.timers, Arm{wake, state_.workspace, state_.id});
}

void Run::maybe_leave() {
  if (handing_ != Handing::kNot) return maybe_lay_down();
  if (leaving_ || !idle()) return;
  if (!store::ended(state_.status) && !snapshot_current_) {
    // Nothing was decided since it came to rest with attempts still in flight: write the snapshot
    // now.
    auto submission = std::make_shared<Submission>();
    submission->pos = state_.chain.head();
    submission->tenant = caf::actor_cast<caf::strong_actor_ptr>(tenant_);
    submission->closes = true;
    add_snapshot(*submission, false);
    submission->run = caf::strong_actor_ptr{self_};
    snapshot_current_ = true;
    unacked_.push_back({submission->pos, {}, {}, 0, 0, state_.seq});
    services_.submit(std::move(submission));
    return;
  }
  leaving_ = true;
  const TimePoint wake = run::next_wake(state_);
  if (wake.set() && wake != slept_until_ && !store::ended(state_.status)) {
    caf::anon_send(services_.timers, Arm{wake, state_.workspace, state_.id, true});
    slept_until_ = wake;
  }
  caf::anon_send(tenant_, Asleep{state_.id, received_});
}

}  // namespace troupe::actors
