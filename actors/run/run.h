#pragma once

#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "actors/messages.h"
#include "actors/node/services.h"
#include "actors/run/groups.h"

namespace troupe::actors {

/// The logic of a run actor, apart from CAF's behaviour. Not thread-safe: one actor owns it. Order
/// is always decide → commit → perform; only attempts without effect run ahead of their commit.
class Run {
 public:
  Run(caf::actor_system& system, Services& services, TenantActor tenant,
      caf::actor_control_block* self, run::State state, Origin origin,
      std::function<void(const StepActor&)> watch);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void ask(const Ask& ask);
  void look(const Look& look);
  void inner(const Inner& inner);
  void granted(std::uint64_t token);
  void slow(std::uint64_t token);
  void attempt_done(const AttemptDone& done);
  void attempt_actor_down(const caf::actor_addr& actor);
  void committed(store::Pos pos);
  void group_answered(const GroupAnswered& answer);
  void tell_group_again(RunId group);
  /// A group's parent may have been lost while it told it to stop.
  void ask_parent_again();
  void snapshot_wanted();
  /// Another node goes on: what has no effect is dropped and done again there, what has one is
  /// waited for; then everything is laid down in a snapshot and the tenant is told.
  void hand_over();
  /// The first commit of this run was refused: tells whoever waits.
  void refused(const Error& error);

 private:
  /// A decision that is on its way to the store, and what waits for it.
  struct Unacked {
    store::Pos pos = 0;
    std::vector<run::Command> held;
    std::vector<std::function<void(const Error*)>> effects;  ///< null: durable
    std::size_t records = 0;
    std::size_t bytes = 0;
    std::uint64_t seq = 0;
  };
  struct Attempt {
    run::StepPath path;
    std::uint16_t number = 0;
    bool loop_test = false;
    bool cancelled = false;
    bool announce = false;           ///< before it is launched
    bool announced = false;          ///< that it starts has been decided
    std::shared_ptr<Job> job;        ///< until it is launched
    StepActor actor;
  };

  void take(const run::Event& event, const Callback<Answered>& done);
  void settle(run::Decision decision, const Callback<Answered>& done);
  /// With what was deferred before it, if anything; an empty decision just submits that.
  void submit_decision(run::Decision decision);
  bool may_defer(const run::Decision& decision) const;
  std::shared_ptr<Submission> make_submission(const run::Decision& decision);
  void add_snapshot(Submission& submission, bool runnable);
  void after_durable(std::function<void(const Error*)> effect);
  void perform(run::Command command);
  void start_attempt(run::command::StartAttempt command);
  Job job_of(run::command::StartAttempt& command) const;
  void launch_attempt(std::uint64_t token);
  void launch_announced(const run::command::LaunchAttempt& command);
  void cancel_attempt(const run::command::CancelAttempt& command);
  std::function<void(std::string)> tell_delta(RunId run, const std::string& step) const;
  void start_child(const run::command::StartChild& command);
  void check_parent();
  void to_parent(Ask message);
  void notify_parent(const run::command::NotifyParent& command);
  void load_results(const run::command::LoadResults& command);
  void progress(const run::command::Progress& command);
  void tell_progress(const run::command::Progress& command);
  void count(const run::Decision& decision);
  bool counts_elsewhere(const run::StepPath& path) const;
  void tell_scope(const run::Decision& decision, std::uint64_t first_seq);
  void tell_logs(const AttemptResult& result, const Attempt& attempt);
  RunActor handle() const { return caf::actor_cast<RunActor>(caf::strong_actor_ptr{self_}); }
  bool may_run_ahead(const run::command::StartAttempt& command) const;
  bool stays() const;
  bool idle() const;
  void arm_timer(bool progressed);
  void maybe_leave();
  void maybe_lay_down();

  caf::actor_system& system_;
  Services& services_;
  TenantActor tenant_;
  caf::actor_control_block* self_;  ///< no strong reference: that would be a circle
  run::State state_;
  Random jitter_;
  store::RunStatus row_status_ = store::RunStatus::kQueued;
  store::PauseReason row_reason_ = store::PauseReason::kNone;
  bool row_written_ = false;
  bool has_snapshot_;           ///< a snapshot row may exist
  bool snapshot_current_;  ///< the last submission carried one that recovery can use alone
  bool leaving_ = false;        ///< Asleep has been sent for `received_`
  enum class Handing : std::uint8_t { kNot, kFinishing, kLaidDown, kOver };
  Handing handing_ = Handing::kNot;
  TimePoint armed_;
  TimePoint slept_until_;  ///< the durable timer that its last sleep left behind
  std::vector<run::Record> deferred_;  ///< the start, until the next decision is submitted
  std::deque<Unacked> unacked_;
  std::size_t unacked_records_ = 0;
  std::size_t unacked_bytes_ = 0;
  std::unordered_map<std::uint64_t, Attempt> attempts_;
  std::function<void(const StepActor&)> watch_;  ///< monitors a step or branch
  std::vector<StepActor> idle_steps_;            ///< had an attempt, wait for the next
  std::map<run::StepPath, StepActor> branches_;  ///< by the path up to the item
  std::map<run::StepPath, TimePoint> progress_told_;
  Groups groups_;
  bool parent_asked_ = false;  ///< it will be again
  std::uint64_t received_ = 0;  ///< messages that came through the tenant
};

}  // namespace troupe::actors
