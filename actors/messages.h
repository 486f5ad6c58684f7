#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <caf/all.hpp>

#include "runtime/cluster/wire.h"
#include "runtime/port/engine.h"
#include "runtime/port/attempt_result.h"
#include "runtime/run/decide.h"
#include "runtime/run/view.h"

// Every message between actors. They stay inside the process, so they may hold pointers and
// closures; none is ever serialised.

namespace troupe::actors {

/// A published version, ready to run.
struct Published {
  store::Workflow workflow;  ///< draft text left out
  std::int32_t version = 0;
  std::shared_ptr<const graph::Graph> graph;
  json::Text run_setup;
};

using cluster::Answered;
using cluster::RunLook;

// ---- to a run -----------------------------------------------------------------------------------
struct Ask { run::Event event; Callback<Answered> done; };  ///< `done` may be empty
struct Look { bool with_state = false; Callback<RunLook> done; };
/// From the run's own errands, not through its tenant.
struct Inner { run::Event event; };
struct Granted { std::uint64_t token = 0; };
struct SlowAttempt { std::uint64_t token = 0; };
/// An attempt has ended; exactly one per attempt that was launched.
struct AttemptDone { std::uint64_t token = 0; std::shared_ptr<AttemptResult> result; };
struct Committed { store::Pos pos = 0; };
struct CommitFailed { Error error; };
struct SnapshotWanted { RunId run; };
/// The tenant has let go of a run that sleeps or has ended.
struct Leave {};
/// What came of telling a group something; `start`: of starting it.
struct GroupAnswered {
  RunId group;
  std::uint64_t version = 0;
  bool start = false;
  std::optional<Error> error;
};
struct TellGroupAgain { RunId group; };
/// Of a group: is it still waited for?
struct AskParent {};
/// Another node is to go on with the run: it lays itself down, tells its tenant HandedOver, ends.
struct HandOver {};

// ---- to a step or branch ------------------------------------------------------------------------
struct Outcome { std::uint64_t token = 0; std::shared_ptr<AttemptResult> result; };
struct Abandon { std::uint64_t token = 0; };

// ---- to a tenant --------------------------------------------------------------------------------
struct StartRun {
  StartRequest request;
  std::shared_ptr<const Published> published;
  Callback<Started> done;
};
struct Submission;
/// How far a bulk start has come: it is worked off in pieces, so that it holds nobody up.
struct BulkProgress {
  std::size_t next = 0;
  std::shared_ptr<Submission> submission;
  std::shared_ptr<std::vector<run::State>> states;
  std::vector<RunId> ids;
  std::uint64_t generation = 0;  ///< of the slots in which its ids were made; see Tenant
};
struct StartRuns {
  StartRequest common;
  std::shared_ptr<const Published> published;
  std::shared_ptr<std::vector<BatchItem>> items;
  Callback<std::vector<RunId>> done;
  std::shared_ptr<BulkProgress> progress;  ///< null: not begun
};
/// A run made by the engine itself: a child, a retry.
struct StartMade {
  RunId run;
  std::shared_ptr<const Published> published;
  std::shared_ptr<run::record::RunCreated> spec;
  bool idempotent = false;  ///< it may exist already
  Callback<Started> done;
};
/// A group of a for_each; it may exist already.
struct StartGroup {
  RunId run;
  std::shared_ptr<const run::record::RunCreated> spec;
  Callback<Started> done;
};
struct ToRun { RunId run; store::TenantScope scope; std::variant<Ask, Look> message; };
/// Where a run actor's state comes from.
enum class Origin : std::uint8_t {
  kNew,        ///< made just now
  kRecovered,  ///< folded after a crash of the node or of its actor: it asks again for all it needs
  kAsleep,     ///< a snapshot that holds everything, written by the actor before it left
};
/// Read back from the store: an open run's state, or an ended run's row, or why neither.
struct Loaded {
  RunId run;
  std::shared_ptr<run::State> state;
  std::shared_ptr<store::RunRow> row;
  std::optional<Error> error;
  Origin origin = Origin::kAsleep;
  std::uint64_t number = 0;  ///< of the load, within its tenant
  ProjectId project{};       ///< as its row says, where there is one and it can be read
};
/// Whether a run of this id was accepted before: its row, or null.
struct Exists { RunId run; std::shared_ptr<store::RunRow> row; std::optional<Error> error; };
/// Accepted and durable, to be executed in turn.
struct Enqueue { std::shared_ptr<std::vector<run::State>> states; Origin origin; };
/// Nothing more comes of a bulk start: its runs have been enqueued, or refused.
struct BulkEnded { std::uint64_t generation = 0; };
struct Asleep { RunId run; std::uint64_t received = 0; };
struct Reload { RunId run; };
struct TimerFired { RunId run; };
struct ChildWanted {
  run::command::StartChild child;
  run::Parent parent;
  store::TenantScope scope;
  std::uint32_t bucket = 0;  ///< the parent's: none of a family goes before the others
};
/// The process keeps dying while it works on this run, or what is stored of it is damaged.
struct QuarantineRun { RunId run; std::string why; ProjectId project{}; };

/// What came of setting a run aside.
enum class Aside : std::uint8_t {
  kWritten,  ///< or tried: where a damaged page refuses it, the run is aside in memory only
  kAbsent,  ///< its creation never landed
  kEnded,   ///< it has ended, and only owes its parent the word
};
struct SetAside { RunId run; Aside outcome = Aside::kWritten; ProjectId project{}; };
/// Nothing of these slots is to be in memory any more, and all of it covered by snapshots; then
/// `done` is called, once.
struct Relinquish { cluster::SlotSet slots; std::function<void()> done; };
/// All of this run is in the store, and its actor works no more.
struct HandedOver { RunId run; };

// ---- to the committer ---------------------------------------------------------------------------
/// One unit: all of it lands in one transaction.
struct Submission {
  store::Batch batch;                          ///< of one entity, or of a group
  caf::strong_actor_ptr run;                   ///< told `Committed`/`CommitFailed`, if set
  store::Pos pos = 0;                          ///< of its last frame
  std::function<void(const Status&)> done;     ///< told instead, if set; must not block
  caf::strong_actor_ptr tenant;                ///< owner of its entities, for snapshots
  bool creates = false;                        ///< it admits new runs: may be refused
  /// its entity has ended or sleeps: recovery needs no frame of it
  bool closes = false;
  /// its actor has ended, and all it submitted lies before this: what a damaged page refused of it
  /// refuses nothing any more
  RunId reopens;
  std::size_t bytes = 0;
  TimePoint submitted;
};
struct Submit { std::shared_ptr<Submission> submission; };
struct WriteJob { std::function<void(store::Writer&)> work; };
/// Run the closure once nothing waits for a commit any more.
struct WhenEmpty { std::function<void()> work; };
struct Flush {};
struct Maintain {};
/// Nothing has been committed since it was sent, unless the number of commits says otherwise.
struct Rest { std::uint64_t commits = 0; };
/// Open entities found by recovery: entity, tenant, the last snapshot's pos. What was refused of
/// these slots' entities before refuses nothing any more.
struct OpenEntities {
  cluster::SlotSet slots;
  struct Entity { RunId id; caf::strong_actor_ptr tenant; store::Pos snapshot = 0; };
  std::shared_ptr<std::vector<Entity>> entities;
};

/// No entity of these slots shall need a frame before `pos`: asks for the snapshots that are
/// missing, some at a time, and calls `done` when the last has landed.
struct Cover {
  cluster::SlotSet slots;
  store::Pos pos = 0;
  std::function<void()> done;
};

// ---- to the cluster actor -----------------------------------------------------------------------
/// Time to show a sign of life, or somebody says that there is something to see.
struct LookAround { bool scheduled = false; };
struct Acquired { cluster::SlotSet slots; store::Pos before = 0; bool ok = false; };
struct Covered { cluster::SlotSet slots; };
struct Relinquished { cluster::SlotSet slots; store::NodeNumber to = 0; };
/// Gives everything away while there is somebody to take it; `done` is called when nothing is left
/// to give, once.
struct Drain { std::function<void()> done; };
/// No time is left to give anything away: the others are told that this life has ended.
struct LeaveNow { std::function<void()> done; };
/// Time to say what a drain still waits for.
struct TellDrain {};
/// A workflow has been changed or published: `done` is called once no node starts what it was.
struct Announce { WorkflowId workflow; Callback<Unit> done; };
struct Announcement;
/// Time to tell a node, unless it cannot but know by then.
struct TellChange {
  store::NodeNumber to = 0;
  Duration give_up_at;  ///< since boot
  std::shared_ptr<Announcement> about;
};

// ---- to readers and timers ----------------------------------------------------------------------
struct ReadJob { std::function<void(store::Reader&)> work; };
struct Arm { TimePoint due; WorkspaceId workspace; RunId run; bool durable = false; };
struct Tick {};
/// Everything recovery found open has been told to its tenant: sleepers may be woken. Again when
/// slots have come.
struct BeginTimers {};
struct ReadAhead {
  std::shared_ptr<std::vector<store::Snapshot>> due;  ///< null: it could not be read
  TimePoint horizon;
  TimePoint next_far;
};
/// Time to try once more what could not be read.
struct ReadAgain {};

using RunActor = caf::typed_actor<caf::reacts_to<Ask>,
                                  caf::reacts_to<Look>,
                                  caf::reacts_to<Inner>,
                                  caf::reacts_to<Granted>,
                                  caf::reacts_to<SlowAttempt>,
                                  caf::reacts_to<AttemptDone>,
                                  caf::reacts_to<Committed>,
                                  caf::reacts_to<CommitFailed>,
                                  caf::reacts_to<SnapshotWanted>,
                                  caf::reacts_to<Leave>,
                                  caf::reacts_to<HandOver>,
                                  caf::reacts_to<GroupAnswered>,
                                  caf::reacts_to<TellGroupAgain>,
                                  caf::reacts_to<AskParent>>;
using StepActor = caf::typed_actor<caf::reacts_to<Outcome>, caf::reacts_to<Abandon>,
                                   caf::reacts_to<Leave>>;
using TenantActor =
    caf::typed_actor<caf::reacts_to<StartRun>, caf::reacts_to<StartRuns>, caf::reacts_to<StartMade>,
                     caf::reacts_to<StartGroup>,
                     caf::reacts_to<ToRun>, caf::reacts_to<Loaded>, caf::reacts_to<Exists>,
                     caf::reacts_to<Enqueue>, caf::reacts_to<Asleep>, caf::reacts_to<Reload>,
                     caf::reacts_to<TimerFired>, caf::reacts_to<ChildWanted>,
                     caf::reacts_to<QuarantineRun>, caf::reacts_to<SetAside>,
                     caf::reacts_to<SnapshotWanted>, caf::reacts_to<Relinquish>,
                     caf::reacts_to<HandedOver>, caf::reacts_to<BulkEnded>>;
using CommitterActor = caf::typed_actor<caf::reacts_to<Submit>, caf::reacts_to<WriteJob>,
                                        caf::reacts_to<Flush>, caf::reacts_to<Maintain>,
                                        caf::reacts_to<Rest>, caf::reacts_to<WhenEmpty>,
                                        caf::reacts_to<OpenEntities>, caf::reacts_to<Cover>>;
using ClusterActor =
    caf::typed_actor<caf::reacts_to<LookAround>, caf::reacts_to<Acquired>,
                     caf::reacts_to<Covered>, caf::reacts_to<Relinquished>,
                     caf::reacts_to<Drain>, caf::reacts_to<TellDrain>,
                     caf::reacts_to<LeaveNow>, caf::reacts_to<Announce>,
                     caf::reacts_to<TellChange>>;
using ReaderActor = caf::typed_actor<caf::reacts_to<ReadJob>>;
using TimerActor =
    caf::typed_actor<caf::reacts_to<Arm>, caf::reacts_to<Tick>, caf::reacts_to<BeginTimers>,
                     caf::reacts_to<ReadAhead>, caf::reacts_to<ReadAgain>>;

}  // namespace troupe::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Ask)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Look)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Inner)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Granted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::SlowAttempt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::AttemptDone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Committed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::CommitFailed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::SnapshotWanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Leave)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Outcome)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Abandon)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::StartRun)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::StartRuns)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::StartMade)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::StartGroup)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::GroupAnswered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::TellGroupAgain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::AskParent)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::ToRun)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Loaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Exists)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Enqueue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Asleep)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Reload)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::TimerFired)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::ChildWanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::QuarantineRun)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::SetAside)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Submit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::WriteJob)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Flush)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Maintain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Rest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::WhenEmpty)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::OpenEntities)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::ReadJob)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Arm)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::BeginTimers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::ReadAhead)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::ReadAgain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::HandOver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Relinquish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::HandedOver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::BulkEnded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Cover)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::LookAround)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Acquired)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Covered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Relinquished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Drain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::TellDrain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::LeaveNow)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::Announce)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::TellChange)
