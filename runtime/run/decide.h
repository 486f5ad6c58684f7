#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/base/result.h"
#include "runtime/port/engine.h"
#include "runtime/run/state.h"

// The run state machine. decide() takes what happened (event, past tense), appends facts (records)
// and asks for deeds (commands, imperative). Each record is applied the moment it is decided,
// because one event can cascade through many steps; if the commit fails the whole state is thrown
// away and reloaded.
//
// Steps. A blank cell: the event is stale there, and an empty decision.
//
//   status \ event  attempt ok   attempt failed     due                    answer, event, child end
//   pending         (begins when its dependencies have ended: as scheduled, waiting, running loop,
//                   or skipped)
//   scheduled       completed    retrying | failed
//   running         completed    retrying | failed  failed (deadline)
//                                | waiting (doubt)
//   waiting                                         completed | failed     completed | failed |
//                                                                          retrying
//   retrying                                        begins again | failed
//   ended
//
// An attempt with effect `once` that ended without a word of its own (its process was lost, its
// time ran out, the node ended) is in doubt. It goes as its in_doubt says: retry as any failure, or
// fail, or ask: waiting for a person, who says that it happened (completed) or not (retrying).
//
// A step that failed without on_error: continue ends the scope around it: its item or iteration, or
// the run. A run that ends by failure or stop leaves no step between states: in flight → cancelled,
// never begun → skipped. In user pause steps change as above, but nothing begins and the run does
// not end.
//
// Runs, by command (refused: nothing changes):
//
//   status            pause     resume    stop      stop gracefully
//   queued            paused    ok        stopped   stopped
//   running           paused    ok        stopped   draining, or stopped if nothing is in flight
//   paused by user    ok        running   stopped   stopped
//   paused otherwise  paused    ok        stopped   stopped
//   draining          conflict  conflict  stopped   ok
//   ended             ended     ended     ended     ended

namespace troupe::run {

struct Limits {
  std::size_t result_bytes_max = 8 << 20;
  std::size_t loop_result_bytes_max = 64 << 20;
  int run_depth_max = 16;
  Duration drain_timeout = seconds(60);
  Duration timer_pause_min = seconds(5);  ///< a timer nearer than this shows as running
  std::uint64_t loop_spread_items = 1024;  ///< from so many on a loop is shared between nodes
  std::uint64_t group_items_min = 64;
  /// how far items may run ahead of the oldest open one
  std::uint32_t loop_window_items = 16 * Loop::kChunkItems;
  std::size_t mailbox_max = 1000;
};

struct Context {
  TimePoint now;
  Random& jitter;
  const Hasher& hasher;
  const Limits& limits;
  int nodes = 1;  ///< that share the work
};

namespace event {
struct Created {  // the first event of a run
  record::RunCreated spec;  ///< `input` and overlays as plain texts: refs are made by decide
  bool start = true;        ///< false: admitted but queued; `Started` follows
};
struct Started {};  // leaves the queue
struct AttemptStarted {
  StepPath path;
  std::uint16_t attempt = 0;
  bool loop_test = false;
  TimePoint at;
};
/// An attempt that asked for this may be launched: answered by LaunchAttempt or CancelAttempt,
/// unless it is cancelled already.
struct AttemptGranted { StepPath path; std::uint16_t attempt = 0; };
struct AttemptFinished {
  StepPath path;
  std::uint16_t attempt = 0;
  bool loop_test = false;  ///< the eval script of a while
  bool ok = false;
  json::Text result;
  Failure failure;
  std::vector<LogEntry> logs;
  bool logs_truncated = false;
  TimePoint started, finished;
  Duration wait_min;  ///< of a failure: another attempt is not to come before that
  Usage usage;
};
struct TimerDue {};  // something in State::timers may be due at Context::now
struct PauseAsked {};
struct ResumeAsked {};
struct StopAsked { bool graceful = false; };
struct TaskAnswered {
  std::string task;
  bool approved = false;
  json::Text result;
  std::string comment, by;
};
// keep: store if nobody waits
struct EventArrived { std::string event, key; json::Text data; bool keep = true; };
struct ChildEnded {
  StepPath path;
  RunId child;
  store::RunStatus status{};
  json::Text output;
  Failure failure;
};
/// The answer to command::StartChild when no child could be started.
struct ChildRefused { StepPath path; RunId child; Failure failure; };
/// A child asks whether its parent still waits for it; kConflict or kRunEnded: it does not.
struct ChildAsks { StepPath path; RunId child; };
struct ParentAcknowledged {};
/// A group of a for_each has ended: `ref` is where the results of its items are (none: it has done
/// none).
struct GroupEnded {
  StepPath path;
  std::uint32_t number = 0;
  RunId group;
  store::RunStatus status{};
  PayloadRef ref;
  std::uint64_t done = 0, failed = 0;
  Failure failure;
  std::uint64_t log_lines = 0;
  Usage usage;
};
/// The answer to command::TellGroup when there is no such group: it was never started.
struct GroupGone { StepPath path; std::uint32_t number = 0; RunId group; };
/// Live only: how far a group is.
struct GroupProgress {
  StepPath path;
  std::uint32_t number = 0;
  RunId group;
  std::uint64_t done = 0, failed = 0;
};
/// Of a group: its parent has said that it waits for it. It begins now, unless it has.
struct ParentWaits {};
/// Of a group. Wishes may overtake each other: an older version is void.
struct ParentWishes { Wish wish{}; std::uint64_t version = 0; };
/// Chunks of for_each results are in memory now; see command::LoadResults.
struct ResultsLoaded {
  std::uint32_t step = 0;
  json::Text result;
  Failure failure;
  bool ok = true;
};
/// After a reload: asks again for everything open.
struct Recovered {};
}  // namespace event

using Event = std::variant<event::Created, event::Started, event::AttemptStarted,
                           event::AttemptGranted, event::AttemptFinished, event::TimerDue,
                           event::PauseAsked, event::ResumeAsked, event::StopAsked,
                           event::TaskAnswered, event::EventArrived, event::ChildEnded,
                           event::ChildRefused, event::ChildAsks, event::ParentAcknowledged,
                           event::GroupEnded, event::GroupGone, event::GroupProgress,
                           event::ParentWaits, event::ParentWishes, event::ResultsLoaded,
                           event::Recovered>;

namespace work {
/// A script, for the sandbox.
struct RunScript {
  std::shared_ptr<const Script> script;
  std::string globals;  ///< JSON object
};
/// A task, for a user's process.
struct DoTask {
  std::string queue, task;
  std::string args;  ///< JSON
  /// The same for every attempt of this step (of this item, in this iteration), and for no other.
  std::string idempotency_key;
  Duration heartbeat;  ///< 0: none
};
/// A request, for a service outside.
struct AskService {
  std::string fields;  ///< JSON object
  std::string idempotency_key;  ///< as above
};
}  // namespace work

/// What an attempt does.
using Work = std::variant<work::RunScript, work::DoTask, work::AskService>;

namespace command {
/// Execute one attempt. Everything the executor needs is in here.
struct StartAttempt {
  StepPath path;
  std::uint16_t attempt = 1;
  bool loop_test = false;   ///< a while's eval script
  const graph::Step* step = nullptr;         ///< valid as long as the run's graph
  Work work;
  Duration timeout;
  int priority = 0;
  std::string concurrency_key;  ///< empty: none
  /// Its effect is to be in the journal before it happens, but not while it waits in line: once it
  /// may be launched, AttemptGranted is told, and LaunchAttempt launches it.
  bool announce = false;
};
/// Held until the records are durable.
struct LaunchAttempt { StepPath path; std::uint16_t attempt = 0; };
struct CancelAttempt { StepPath path; std::uint16_t attempt = 0; bool loop_test = false; };
/// Start a child run; repeated after a crash with the same id. Held until the records are durable.
struct StartChild {
  StepPath path;
  RunId child;
  std::string workflow_id;
  std::optional<std::int32_t> version;
  json::Text input;
  std::uint16_t depth = 0;
};
struct StopChild { RunId child; bool graceful = false; };
/// Tell the parent how this run ended, until ParentAcknowledged. Held.
struct NotifyParent {
  RunId parent;
  std::variant<event::ChildEnded, event::GroupEnded> news;
};
/// Tell a group what it is to do, until it has answered; what is told later replaces it. Held. With
/// `spec` it is started first, unless it exists.
struct TellGroup {
  StepPath path;
  std::uint32_t number = 0;
  RunId group;
  Wish wish{};
  std::uint64_t version = 0;
  std::shared_ptr<const record::RunCreated> spec;
};
/// A step needs the whole result of a for_each: read its chunks, join them, answer ResultsLoaded.
/// Held: the last chunk may be on its way to the store.
struct LoadResults { std::uint32_t step = 0; std::vector<PayloadRef> chunks; };
/// Live only: counters of a for_each.
struct Progress { StepPath path; std::uint64_t done = 0, failed = 0, total = 0; };
}  // namespace command

using Command = std::variant<command::StartAttempt, command::LaunchAttempt,
                             command::CancelAttempt, command::StartChild, command::StopChild,
                             command::NotifyParent, command::TellGroup, command::LoadResults,
                             command::Progress>;

/// A body that must be stored in the same batch as the records that refer to it.
struct PayloadBody {
  Digest hash{};
  json::Text text;
};

struct Decision {
  std::vector<Record> records;  ///< to journal, in order, already applied
  std::vector<Command> commands;
  std::vector<PayloadBody> payloads;
  /// For TaskAnswered: what was decided.
  TaskDecided task;
};

/// Refusals (kRunEnded, kConflict, kTaskCompleted, kAnswerInvalid, kNotFound) change nothing. A
/// stale report (an older attempt, an ended step) is no refusal: an empty decision.
Result<Decision> decide(State& state, const Event& event, const Context& context);

/// A state that only has its id and graph: the first event must be Created.
State new_state(RunId id, std::shared_ptr<const graph::Graph> graph);

/// For kRecovered and passivation: whether anything of this run can proceed without an outside
/// event or timer. False: it may sleep until `next_wake` or a message.
bool runnable(const State& state);
/// The earliest timer, or unset.
TimePoint next_wake(const State& state);

/// What a retry takes over: completed steps of `old_state` that are not downstream of `from_step`
/// (empty: of the steps that failed, were cancelled or were blocked) and whose definition is
/// byte-equal in `new_graph`. kNotFound: no such step.
Result<std::vector<Carried>> carry_over(const State& old_state, const graph::Graph& new_graph,
                                        std::string_view from_step);

/// Deterministic ids: the same after every crash, and others in each attempt of the step and of the
/// loops around it.
RunId child_id(const Hasher& hasher, State& state, const StepPath& path, std::uint16_t attempt);
/// A group of a loop at the top of the graph. Consecutive ones lie far apart in the slots, so that
/// any few of them are on all nodes.
RunId group_id(const Hasher& hasher, State& state, const StepPath& path, std::uint32_t number);
/// The groups that have done items which the loop has not counted, because it came to its end
/// before them: by their numbers. None while it goes on.
std::map<std::uint32_t, RunId> groups_cut_short(const Hasher& hasher, State& state,
                                                std::string_view step_id);
TaskId task_id(const Hasher& hasher, State& state, const StepPath& path, std::uint16_t attempt);

}  // namespace troupe::run
