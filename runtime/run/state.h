#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/graph/graph.h"
#include "runtime/journal/chain.h"
#include "runtime/run/record.h"

namespace troupe::run {

struct Scope;

/// Results of consecutive items of a for_each (1,024, or a group's) while some are still missing.
struct OpenChunk {
  /// item → {"index":…,"result":…} or {"index":…,"error":…}
  std::map<std::uint32_t, std::string> entries;
};

/// What a loop step holds while it runs, and (chunks) after it.
struct Loop {
  static constexpr std::uint32_t kChunkItems = 1024;

  // for_each
  std::uint64_t count = 0;
  std::uint64_t first = 0, end = 0;                ///< in a group its own items, else all
  std::uint32_t chunk_items = kChunkItems;         ///< consecutive items in one chunk
  Spread spread;                                   ///< its chunks are done by groups
  Value items;                                     ///< none for {"count": N}
  /// offsets into items' text, made lazily; a cache
  std::vector<std::pair<std::uint32_t, std::uint32_t>> item_spans;
  std::uint64_t next = 0;                          ///< the first item that has not begun
  std::uint64_t done = 0, failed = 0;
  std::map<std::uint32_t, std::unique_ptr<Scope>> active;  ///< branches in flight
  std::map<std::uint32_t, OpenChunk> open;
  std::vector<PayloadRef> chunks;                  ///< sealed, by number; unset where still open
  // while
  std::uint32_t iteration = 0;
  std::unique_ptr<Scope> body;
  Value prev;                                      ///< {inner id: result} of the iteration before
  std::deque<std::pair<std::uint32_t, Value>> iterations;  ///< the last 100
  bool testing = false;                            ///< the eval script is running
  // Derived or cached, in no record and no snapshot.
  std::uint64_t result_bytes = 0;                  ///< size of the results so far
  /// the whole result of a chunked loop, once read
  json::Text joined;
  bool loading = false;                            ///< command::LoadResults is on its way
  /// Groups in flight, and how far they are as they last said: done and failed items.
  std::map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> groups;
  /// Their sums; in snapshots for those who look at a run from elsewhere.
  std::uint64_t under_way_done = 0, under_way_failed = 0;

  /// After a change of `groups`.
  void sum_groups();
  std::uint64_t size() const { return end - first; }
  std::uint32_t chunk_of(std::uint64_t item) const {
    return static_cast<std::uint32_t>((item - first) / chunk_items);
  }
};

/// What a waiting step waits for.
struct Waiting {
  WaitKind kind = WaitKind::kNone;
  TimePoint until;
  TaskId task;
  std::string event, key;
  RunId child;
};

struct StepState {
  StepStatus status = StepStatus::kPending;
  SkipReason skip = SkipReason::kNone;
  bool announced = false;   ///< StepStarted of the current attempt is in the journal
  /// an attempt has been commanded since this state was loaded; not journaled
  bool in_flight = false;
  /// its command waits for the results of a loop, so its effect cannot have happened; not journaled
  bool unsent = false;
  bool rejected = false;    ///< a human task that was rejected
  std::uint16_t attempts = 0;
  TimePoint scheduled, started, finished;
  TimePoint retry_at;
  TimePoint deadline;       ///< of the whole step (loops, run_workflow)
  std::uint32_t deps_open = 0;  ///< dependencies that have not ended; derived
  Value input, result;
  std::unique_ptr<Failure> failure;
  std::unique_ptr<Waiting> waiting;
  std::unique_ptr<Loop> loop;

  bool ended() const { return status >= StepStatus::kCompleted; }
};

/// The steps of one graph: the run's own, or those of one branch or iteration.
struct Scope {
  std::vector<StepState> steps;
  std::uint32_t ended = 0;
};

struct StoredEvent {
  std::uint64_t number = 0;
  std::string event, key;
  Value data;
};

/// Everything about one run. Changed by apply() alone (and `in_flight`, `item_spans`, residency of
/// values, which are caches that no record tells). Snapshot + fold of the records behind it gives
/// it back.
struct State {
  RunId id;
  WorkspaceId workspace;
  ProjectId project;
  WorkflowId workflow;
  std::int32_t version = 0;
  std::shared_ptr<const graph::Graph> graph;  ///< never null

  std::string trigger_type, external_id;
  Digest request{};
  RunId retried_from;
  Parent parent;
  bool parent_acknowledged = false;
  Group group;                      ///< which part of its parent it is, if any
  std::uint64_t parent_heard = 0;   ///< version of the last wish of its parent; of groups
  std::uint16_t depth = 0;
  std::uint32_t bucket = 0;

  store::RunStatus status = store::RunStatus::kQueued;
  store::PauseReason pause_reason = store::PauseReason::kNone;
  bool user_paused = false;
  bool graceful_stop = false;
  TimePoint drain_deadline;
  TimePoint created, started, finished;

  Value input, output;
  std::optional<Failure> failure;
  std::string failed_step;
  std::vector<std::pair<std::uint32_t, Value>> overlays;
  std::vector<std::uint32_t> out_of_scope;
  std::vector<StoredEvent> mailbox;
  std::uint64_t events_stored = 0;

  Scope root;
  /// Instants at which something is due by itself: retries, waits, deadlines, the drain.
  std::set<std::pair<TimePoint, StepPath>> timers;
  /// Steps (in any scope) that are kWaiting, by kind: decides what a pause shows.
  std::uint32_t waiting[6] = {0, 0, 0, 0, 0, 0};
  /// Steps (in any scope) that are scheduled, running, retrying, or loops in progress with work.
  std::uint32_t active = 0;
  /// Those of `active` that are kRetrying: they wait for a timer. Derived.
  std::uint32_t retrying = 0;

  std::uint64_t records = 0;    ///< number of the last record
  std::uint64_t seq = 0;        ///< number of the last event
  std::uint64_t log_lines = 0;  ///< number of the last log line
  Usage usage;                  ///< of models, by all its attempts
  journal::Chain chain;         ///< where its frames are
};

/// Finds the scope that a path's step lies in, and its graph; null if the branch is not active.
struct Located {
  const graph::Graph* graph = nullptr;
  Scope* scope = nullptr;
  StepState* state = nullptr;
  const graph::Step* step = nullptr;
  explicit operator bool() const { return state != nullptr; }
};
Located locate(State& state, const StepPath& path);
/// The graph step of a path, whether or not its branch is active.
const graph::Step& step_at(const graph::Graph& graph, const StepPath& path);
/// Inside a for_each body, where steps write no events.
bool silent(const graph::Graph& graph, const StepPath& path);
/// As events name it: "fetch", or "<while>#<iteration>#<inner>".
std::string event_step_id(const graph::Graph& graph, const StepPath& path);
/// A body whose steps are all scripts without effect and without waits: its branches journal only
/// their end, and after a crash are run again from their start.
bool pure_body(const graph::Graph& body);
/// As scripts and templates name it: a group speaks for its parent.
RunId shown_id(const State& state);

/// Values whose text is away and is needed before decide() may run (chunks of loop results are not
/// among them: they are asked for by command::LoadResults).
std::vector<Value*> absent_values(State& state);

/// The only mutation. Total: a record that decide() wrote always fits; a record that does not fit
/// is a bug in the live path and kCorrupt in recovery (`fold`).
void apply(State& state, const Record& record);
/// apply() for records that come from a store: kCorrupt, and nothing changed, if it does not fit.
Status fold(State& state, const Record& record);

/// Snapshot: everything in State except graph, in_flight and caches.
std::string encode_snapshot(const State& state);
Result<State> decode_snapshot(std::string_view bytes);  ///< `graph` still unset; see `attach`
/// Gives a decoded state its graph, sizes its scopes and makes what is derived again.
void attach(State& state, std::shared_ptr<const graph::Graph> graph);

}  // namespace troupe::run
