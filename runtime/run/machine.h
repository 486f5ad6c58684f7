#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/run/change.h"
#include "runtime/run/decide.h"
#include "runtime/run/environment.h"

namespace troupe::run {

/// So many changes end a decision; the rest is done in the next one, so that a loop whose bodies do
/// nothing cannot hold its thread or fill one commit.
inline constexpr std::size_t kChangesMax = 4096;

/// One call of decide(): changes the state step by step and collects what came of it. Lives on the
/// stack of that call. Every record goes through emit(), which applies it at once. Handlers check
/// everything that can be refused before they emit anything.
class Machine {
 public:
  Machine(State& state, const Context& context) : state_(state), context_(context) {}

  Status on(const event::Created& e);
  Status on(const event::Started& e);
  Status on(const event::AttemptStarted& e);
  Status on(const event::AttemptGranted& e);
  Status on(const event::AttemptFinished& e);
  Status on(const event::TimerDue& e);
  Status on(const event::PauseAsked& e);
  Status on(const event::ResumeAsked& e);
  Status on(const event::StopAsked& e);
  Status on(const event::TaskAnswered& e);
  Status on(const event::EventArrived& e);
  Status on(const event::ChildEnded& e);
  Status on(const event::ChildRefused& e);
  Status on(const event::ChildAsks& e);
  Status on(const event::ParentAcknowledged& e);
  Status on(const event::GroupEnded& e);
  Status on(const event::GroupGone& e);
  Status on(const event::GroupProgress& e);
  Status on(const event::ParentWaits& e);
  Status on(const event::ParentWishes& e);
  Status on(const event::ResultsLoaded& e);
  Status on(const event::Recovered& e);

  /// Starts what can start, ends what has ended, and says whether the run is paused.
  void settle();
  Decision take() { return std::move(decision_); }

 private:
  /// How an attempt ended, before it is known whether another one follows.
  struct End {
    TimePoint started;
    Logs logs;
    Duration wait_min;
    Usage usage;
  };
  /// An expansion: its text, or why there is none. `later`: chunks of a loop are being read first.
  struct Expanded {
    std::string text;
    std::optional<Failure> failure;
    bool later = false;
  };

  // decide.cc
  void emit(Record record);
  /// For records of a step: inside a pure body they change the state, but are not journaled.
  void emit_at(const StepPath& path, Record record, bool keep = false);
  bool pure_branch(const StepPath& path) const;
  Value value(json::Text text);
  Value value(std::string text) { return value(json::Text::trusted(std::move(text))); }
  Logs logs(const std::vector<LogEntry>& lines, bool truncated);
  /// Whether steps may begin now.
  bool may_start() const { return state_.status <= store::RunStatus::kPaused && live(); }
  bool live() const { return state_.started.set() && !state_.user_paused; }
  bool draining() const { return state_.status == store::RunStatus::kDraining; }
  bool ended() const { return store::ended(state_.status); }
  /// Looks at every step for something that can go on: after a reload or a pause.
  void look_everywhere();
  void look_at_scope(const graph::Graph& graph, Scope& scope, StepPath path);
  void look_at_step(const StepPath& path, const graph::Step& step, StepState& state);
  void show_pause();

  // decide_start.cc: from pending to its first record
  void start(const StepPath& path);
  std::optional<SkipReason> skip_reason(const StepPath& path, const Located& at) const;
  void skip(const StepPath& path, SkipReason reason);
  void begin(const StepPath& path, const Located& at);
  Expanded expand(const graph::Template& source, const Surroundings& around);
  void load_results(std::uint32_t step);

  // decide_attempt.cc
  Attempt attempt_of(const StepPath& path, const Located& at);
  void schedule(const StepPath& path);
  void command_attempt(const StepPath& path);
  /// What the step does. Nothing: it waits for the results of a loop, or has failed.
  std::optional<Work> work_of(const StepPath& path, const Located& at);
  /// Calls for the results of a loop that are not in memory; the step fails if they cannot be had.
  void await_results(const StepPath& path, std::uint32_t loop);
  void complete(const StepPath& path, Value result, const End& end);
  /// Ends the step with this record and goes on from there.
  void finish(const StepPath& path, record::StepFinished finished);
  /// Another attempt if the step's policy allows one, otherwise the step has failed.
  void fail(const StepPath& path, const Failure& failure, const End& end = {});
  void fail_for_good(const StepPath& path, const Failure& failure, const End& end = {});
  void retry_later(const StepPath& path, const Failure& failure, const End& end, Duration delay);
  void resolve_doubt(const StepPath& path, const Failure& cause, const End& end = {});
  void after_end(const StepPath& path);

  // decide_wait.cc
  void begin_wait(const StepPath& path, const Located& at);
  void begin_human(const StepPath& path, const Located& at);
  void begin_event(const StepPath& path, const Located& at);
  bool waits_for(const StepPath& path, RunId child);
  void begin_child(const StepPath& path, const Located& at);
  void wait(const StepPath& path, const Located& at, record::StepWaiting waiting);
  void command_child(const StepPath& path, const Located& at);
  void due(const StepPath& path);
  void wake(const StepPath& path, const Located& at);
  void decide_task(const StepPath& path, bool approved, std::string_view fields,
                   const std::string& by, const std::string& comment);

  // decide_loop.cc, decide_while.cc
  void begin_for_each(const StepPath& path, const Located& at);
  void begin_branches(const StepPath& path);
  void branch_done(const StepPath& loop, std::uint32_t item);
  void branch_failed(const StepPath& step);
  void finish_item(const StepPath& loop, record::ItemFinished finished);
  void finish_for_each(const StepPath& path);
  void begin_while(const StepPath& path, const Located& at);
  void iteration_done(const StepPath& path);
  void command_test(const StepPath& path);
  void test_finished(const StepPath& path, const event::AttemptFinished& e);
  void tested(const StepPath& path, bool pass);
  void start_roots(const graph::Graph& body, const StepPath& loop, std::uint32_t item);
  bool chunked(const StepPath& path, const Loop& loop) const;
  PayloadRef store_chunk(const OpenChunk& chunk);

  // decide_group.cc
  Spread spread_of(const StepPath& path, const Located& at, std::uint64_t count);
  record::RunCreated group_spec(const StepPath& path) const;
  RunId group_of(const StepPath& path, std::uint32_t number);
  void begin_groups(const StepPath& path);
  void tell_group(const StepPath& path, std::uint32_t number, Wish wish);
  void tell_groups(Wish wish);
  void tell_groups_again();
  void stop_groups(const StepPath& path, Loop& loop);
  bool waits_for_group(const StepPath& path, RunId group);
  void show_progress(const StepPath& path, const Loop& loop);
  void begin_group(const StepPath& path, const Located& at);
  event::GroupEnded group_end();
  /// Whether this failed step ends the scope around it.
  bool fatal(const graph::Step& step, bool top) const;

  // decide_end.cc
  void check_end();
  void complete_run();
  void fail_run(std::string step, const Failure& failure);
  void drain_again();
  void stop_run(bool graceful, bool cut_short);
  void end_run(record::RunFinished finished);
  /// Ends everything under way in a scope and what lies inside it. `path` names any step of it.
  void cancel_scope(const graph::Graph& graph, Scope& scope, StepPath path,
                    const std::string& reason, const std::string& caused_by);
  void cancel_step(const StepPath& path, const std::string& reason, const std::string& caused_by);
  void cancel_inside(const StepPath& path, const Located& at, const std::string& reason,
                     const std::string& caused_by);
  void skip_pending(SkipReason reason);
  void drain_scope(const graph::Graph& graph, Scope& scope, StepPath path);
  void notify_parent();

  State& state_;
  const Context& context_;
  Decision decision_;
  std::deque<StepPath> ready_;  ///< pending steps whose dependencies have ended
  std::size_t changes_ = 0;     ///< made by this decision, journaled or not
  /// Set while a loop's chunks that could not be read are answered for.
  std::optional<std::pair<std::uint32_t, Failure>> unreadable_;
};

}  // namespace troupe::run
