#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/base/usage.h"
#include "runtime/base/uuid.h"
#include "runtime/port/store.h"
#include "runtime/run/path.h"
#include "runtime/run/value.h"

namespace troupe::run {

enum class StepStatus : std::uint8_t {
  kPending, kScheduled, kRunning, kWaiting, kRetrying, kCompleted, kFailed, kCancelled, kSkipped,
};
enum class SkipReason : std::uint8_t {
  kNone, kCondition, kStepDisabled, kBlocked, kRejected, kStopped, kOutOfScope,
};
/// What a waiting step waits for. kInDoubt: a person must say whether its effect happened.
enum class WaitKind : std::uint8_t { kNone, kTimer, kHuman, kEvent, kChild, kInDoubt };
std::string_view name(StepStatus status);
std::string_view name(SkipReason reason);
/// as step_waiting's reason: timer, human, event, child, in_doubt
std::string_view name(WaitKind kind);

struct Failure {
  Code code = Code::kInternal;
  std::string message;
};

struct LogEntry {
  TimePoint at;
  std::string message;
};
/// What an attempt printed. Large logs go into a payload (a JSON array of [us, message]).
struct Logs {
  std::vector<LogEntry> lines;
  PayloadRef ref;            ///< if set, `lines` is empty and `count` counts those in the payload
  std::uint64_t first = 0;   ///< number of the first line in its run, from 1; 0: none
  std::uint32_t count = 0;
  bool truncated = false;
};

/// Times and announcements that every end or interruption of an attempt carries. `announced`: a
/// record before this one already produced step_scheduled and step_started of this attempt.
/// `silent`: inside a for_each body, which writes no events.
struct Attempt {
  StepPath path;
  std::uint16_t number = 1;  ///< from 1
  bool announced = false;
  bool silent = false;
  TimePoint scheduled, started, finished;
  Value input;  ///< resolved arguments, if the step has any
};

/// The parent step of a child run.
struct Parent {
  RunId run;
  StepPath path;
  bool set() const { return run.set(); }
};

/// A step result taken over: from the run that is retried, or by a group from its parent.
struct Carried {
  std::uint32_t step = 0;
  Value result, input;
  SkipReason skip = SkipReason::kNone;  ///< set: it was skipped, and stays so
  bool rejected = false;
  Failure failure;                 ///< of a step that failed without ending its run; or default
  std::uint64_t count = 0;         ///< items of a for_each whose results lie in `chunks`
  std::vector<PayloadRef> chunks;
};

/// Which part of its parent's for_each a run does, if it is a group of branches: such a loop is
/// done by runs of one step each, so that all nodes share in it.
struct Group {
  std::uint32_t step = 0;    ///< the loop, a step at the top of the graph
  std::uint32_t number = 0;  ///< from 0, in the order of items
  std::uint64_t first = 0, end = 0;  ///< its items: [first, end)
  std::uint64_t count = 0;   ///< items of the whole loop
  std::uint32_t parallel = 0;  ///< branches in flight at most; 0: no group
  Value items;               ///< of the whole loop; none for {"count": N}
  bool set() const { return parallel > 0; }
};

/// How a for_each is cut into groups.
struct Spread {
  std::uint32_t group_items = 0;  ///< 0: it is not, its run does it alone
  std::uint32_t at_once = 0;      ///< groups in flight at most
  std::uint32_t parallel = 0;     ///< branches of each in flight at most
  bool set() const { return group_items > 0; }
};

/// What a run wants its groups to do.
enum class Wish : std::uint8_t { kGo, kPause, kDrain, kStop };

// Facts, past tense. What decide() writes and apply() folds; the only things journaled.
namespace record {

struct RunCreated {  // run_created
  WorkspaceId workspace;
  ProjectId project;
  WorkflowId workflow;
  std::int32_t version = 0;
  std::string trigger_type, external_id;
  Digest request{};
  TimePoint at;
  Value input;
  /// step index → values laid over its input
  std::vector<std::pair<std::uint32_t, Value>> overlays;
  std::vector<std::uint32_t> out_of_scope;                 ///< roots that do not start
  RunId retried_from;
  std::vector<Carried> carried;
  Parent parent;
  std::uint16_t depth = 0;  ///< of run_workflow nesting
  std::uint32_t bucket = 0;
  Group group;
};
struct RunStarted { TimePoint at; };  // run_started
struct StepStarted { Attempt attempt; };  // step_scheduled, step_started
// step_scheduled, step_started, step_waiting, and human_task_created for kHuman
struct StepWaiting {
  Attempt attempt;
  WaitKind kind = WaitKind::kNone;
  TimePoint until;       ///< when the wait ends by itself; none if unset
  TaskId task;           ///< kHuman, kInDoubt
  std::string event, key;  ///< kEvent
  RunId child;           ///< kChild
  Logs logs;             ///< kInDoubt: of the attempt that was lost
};
struct AttemptFailed {  // [step_scheduled, step_started,] step_retrying
  Attempt attempt;
  Failure failure;
  TimePoint retry_at;
  Logs logs;
  TaskId task;  ///< the task that this attempt waited for, and that ends with it
  Usage usage;
};
// [step_scheduled, step_started,] [human_task_completed,] step_completed|failed|cancelled
struct StepFinished {
  Attempt attempt;
  StepStatus status = StepStatus::kCompleted;  ///< kCompleted, kFailed or kCancelled
  Value result;            ///< kCompleted; under on_error: continue also of kFailed
  Failure failure;         ///< kFailed
  Logs logs;
  std::string cancel_reason;               ///< kCancelled: "stopped", "failed", "timeout"
  std::string caused_by;                   ///< kCancelled: id of the failing step, or empty
  TaskId task;                             ///< the task that ends with the step, decided or not
  bool task_decided = false;               ///< a person (or on_timeout) decided its task
  bool approved = false;
  std::string by, comment;
  std::uint64_t consumed_event = 0;        ///< number of the stored event it consumed, from 1
  Usage usage;                             ///< of this attempt
};
struct StepsSkipped {  // step_completed {skipped} each
  std::vector<StepPath> paths;
  SkipReason reason = SkipReason::kNone;
  TimePoint at;
  bool silent = false;
};
struct LoopStarted {  // step_scheduled, step_started
  Attempt attempt;
  std::uint64_t count = 0;  ///< for_each: number of items
  Value items;              ///< for_each over a list; none for {"count": N}
  Spread spread;            ///< for_each
};
struct ItemFinished {  // for_each: one branch has ended; no event of its own
  StepPath loop;
  std::uint32_t item = 0;
  bool failed = false;
  Value result;     ///< of the last body step, unless failed
  Failure failure;
};
// for_each: results of items [1024 n, …) are all in and stored as one JSON array
struct ChunkSealed {
  StepPath loop;
  std::uint32_t chunk = 0;
  PayloadRef ref;
};
// for_each: a group of branches has ended; its results are stored as one JSON array
struct GroupFinished {
  StepPath loop;
  std::uint32_t number = 0;
  PayloadRef ref;
  std::uint64_t done = 0, failed = 0;  ///< items; `done` counts the failed ones as well
  RunId run;
  std::uint64_t first_log = 0;  ///< number that the first line of its log has here, from 1
  std::uint64_t log_lines = 0;
  Usage usage;                ///< of all its attempts
};
// In a group: its parent's wishes up to this version are known; no event.
struct ParentHeard {
  std::uint64_t version = 0;
};
// while: the test after the body said to go on; the next iteration begins
struct IterationFinished {
  StepPath loop;
  std::uint32_t iteration = 0;
  Value results;  ///< {inner id: result}
  TimePoint at;
};
struct RunPaused {  // run_paused
  store::PauseReason reason = store::PauseReason::kUser;
  TimePoint at;
};
struct RunResumed {  // run_resumed
  bool by_user = false;  ///< lifts the user's pause; otherwise something woke by itself
  TimePoint at;
};
struct RunDraining { TimePoint at, deadline; };  // run_draining
struct EventStored {  // kept until a wait_event consumes it; no event of its own
  std::uint64_t number = 0;  ///< from 1 in its run
  std::string event, key;
  Value data;
  TimePoint at;
};
struct ChildAcknowledged {  // the parent has recorded this run's end; no event
  TimePoint at;
};
struct RunFinished {  // run_completed | run_failed | run_stopped
  store::RunStatus status = store::RunStatus::kCompleted;
  Value output;
  Failure failure;
  std::string failed_step;
  bool graceful = false;
  TimePoint at;
};

}  // namespace record

using Record =
    std::variant<record::RunCreated, record::RunStarted, record::StepStarted, record::StepWaiting,
                 record::AttemptFailed, record::StepFinished, record::StepsSkipped,
                 record::LoopStarted, record::ItemFinished, record::ChunkSealed,
                 record::IterationFinished, record::RunPaused, record::RunResumed,
                 record::RunDraining, record::EventStored, record::ChildAcknowledged,
                 record::RunFinished, record::GroupFinished, record::ParentHeard>;

/// How many events (seq numbers) the record expands to.
std::uint32_t event_count(const Record& record);

/// Binary form, versioned by its leading type byte and field tags; see ARCHITECTURE.md.
void encode(const Record& record, std::string& out);
/// Reads one record at the front of `*bytes` and moves past it. kCorrupt; kUnavailable for a type
/// or version that a newer Troupe wrote.
Result<Record> decode(std::string_view* bytes);
/// Reads exactly `count` records; bytes behind the last one are kCorrupt too.
Result<std::vector<Record>> decode_all(std::string_view bytes, std::uint32_t count);

}  // namespace troupe::run
