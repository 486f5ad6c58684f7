#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/usage.h"
#include "runtime/base/uuid.h"
#include "runtime/cluster/slots.h"
#include "runtime/port/documents.h"
#include "runtime/port/membership.h"
#include "runtime/port/system.h"
#include "runtime/port/tally.h"

namespace troupe::store {

/// Address of a frame in the journal: ownership epoch << 40 | counter. Known before the commit,
/// unique, growing within an epoch.
using Pos = std::uint64_t;
inline constexpr int kEpochShift = 40;

/// One decision of one entity: the unit that is written and read. `bytes` is opaque here (see
/// runtime/journal/frame.h); the store adds nothing to it.
struct Frame {
  Pos pos = 0;
  RunId entity;
  std::uint16_t hash = 0;  ///< cluster::hash_of the entity
  std::string bytes;
};

enum class RunStatus : std::uint8_t {
  kQueued,
  kRunning,
  kPaused,
  kDraining,
  kCompleted,
  kFailed,
  kStopped
};
enum class PauseReason : std::uint8_t { kNone, kQuarantine, kUser, kHuman, kEvent, kTimer };
std::string_view name(RunStatus status);
std::string_view name(PauseReason reason);
std::optional<RunStatus> parse_run_status(std::string_view name);
inline bool ended(RunStatus s) { return s >= RunStatus::kCompleted; }

/// The searchable row of a run: a projection of its journal, written in the same batch.
struct RunRow {
  RunId id;
  WorkspaceId workspace;
  ProjectId project;
  WorkflowId workflow;  ///< unset for a run of no workflow
  std::int32_t version = 0;
  RunStatus status = RunStatus::kQueued;
  PauseReason pause_reason = PauseReason::kNone;
  std::string trigger_type;
  std::string external_id;
  TimePoint created, started, finished;
  std::uint32_t steps_total = 0;
  std::uint32_t steps_done = 0;
  std::string error;   ///< JSON of the run's error, or empty
  std::string output;  ///< JSON, or empty; over 64 KiB only {"bytes":N,"href":…} as events show it
  RunId retried_from;
  RunId parent;
  bool part = false;    ///< a part of its parent's work: found by its id, in no list
  Digest request{};     ///< of the start request: tells a repeated key from a conflicting one
  Pos head = 0;         ///< its last frame at the time of writing
  std::uint32_t bucket = 0;  ///< payload bucket of the run
  Usage usage;               ///< of models, by all its attempts
};

/// Everything needed to go on with an open entity without a frame at or before `pos`.
struct Snapshot {
  RunId entity;
  WorkspaceId workspace;
  Pos pos = 0;           ///< the last frame that is folded into it
  TimePoint wake_at;     ///< next durable timer; none if unset
  bool runnable = false;  ///< has work to do now: is activated at start
  std::string bytes;
  /// Not stored: only `entity`, `wake_at` and `runnable` could be read of it.
  bool damaged = false;
};

/// A body of 1 KiB or more, stored once per (bucket, project).
struct Payload {
  std::uint32_t bucket = 0;  ///< expiry bucket; dropped whole
  ProjectId project;
  Digest hash{};
  std::string bytes;
};

/// A human task: written when it is created and again when it is decided.
struct TaskRow {
  TaskId id;
  RunId run;
  WorkspaceId workspace;
  ProjectId project;
  WorkflowId workflow;
  std::string step_id;  ///< as events name it
  std::string task_type;
  std::string payload;  ///< JSON
  std::string form;     ///< JSON Schema, or empty
  TimePoint created, expires;
  bool pending = true;
  /// JSON {approved, by, result?, comment?} once decided, or {"cancelled":true}
  std::string decision;
};

/// A step that waits for an event: written when it starts to wait, removed when it stops.
struct WaiterRow {
  RunId run;
  std::string step_id;
  WorkspaceId workspace;
  ProjectId project;
  std::string event;
  std::string key;
  bool waiting = true;
};

/// One transaction: all of it or nothing. The writer changes no order within `frames`.
struct Batch {
  std::vector<Frame> frames;
  std::vector<RunRow> runs;            ///< upserts by id; at most one per id
  std::vector<Snapshot> snapshots;     ///< upserts by entity; at most one per entity
  std::vector<RunId> snapshots_dropped;  ///< of ended entities
  std::vector<Payload> payloads;       ///< existing ones are left alone
  std::vector<TaskRow> tasks;
  std::vector<WaiterRow> waiters;
  std::size_t bytes() const;  ///< of its bodies, for metrics and limits
};

// ---- catalog ------------------------------------------------------------------------------------

struct Workspace {
  WorkspaceId id;
  std::string slug;
  std::string name;
  std::string product_code;
  TimePoint created;
};
struct Project {
  ProjectId id;
  WorkspaceId workspace;
  std::string slug;
  std::string name;
  bool is_private = false;
  TimePoint created;
  TimePoint archived = {};  ///< unset: in use
  std::uint32_t retention_days = 0;  ///< how long runs created from now on are kept; 0: for ever
};
struct Workflow {
  WorkflowId id;
  WorkspaceId workspace;
  ProjectId project;  ///< unset: workspace-global
  std::string name;
  std::string description;
  std::string graph;      ///< the draft, as sent
  std::string run_setup;  ///< JSON, or empty
  std::uint64_t etag = 1;  ///< grows with every change
  std::int32_t latest_version = 0;  ///< 0: not published
  bool archived = false;
  TimePoint created, updated;
};
struct Version {
  WorkflowId workflow;
  std::int32_t version = 0;
  std::string graph;
  std::string run_setup;
  std::string changelog;
  TimePoint published;
};

/// What a tenant's caller may see: every read and write of tenant data names it.
struct TenantScope {
  WorkspaceId workspace;
  std::optional<ProjectId> project;  ///< nothing: the whole workspace (owner, workspace-wide lists)
};

/// Keyset page: rows after `cursor` in the list's order, newest first.
struct Page {
  std::size_t limit = 50;
  std::string cursor;  ///< opaque, from `next_cursor`; kInvalidRequest if it is none
};
template <class Row>
struct Rows {
  std::vector<Row> items;
  std::string next_cursor;  ///< empty: the end
};

struct RunFilter {
  std::optional<WorkflowId> workflow;
  std::optional<RunStatus> status;
  std::optional<std::string> external_id;
  TimePoint from, to;  ///< of creation
  std::string q;       ///< prefix of the run id or the external id
};

/// What is written in one transaction with a change of the catalog.
struct Along {
  Along() = default;
  Along(AuditLines lines) : audit(std::move(lines)) {}  // NOLINT: lines alone are the usual case
  AuditLines audit;
  /// Gives a document that must not be there yet, by its id: the receipt of a request that may be
  /// sent twice. It is told the version that is being published, else 0. Empty: there is none.
  std::function<Document(std::int32_t version)> once;
};

/// The journal of a gone node, of which frames before `mark` have been published.
struct Unpublished {
  NodeNumber node = 0;
  Pos mark = 0;
};

/// Changes. One thread, the store's writer thread, calls these; each is durable when it returns ok.
/// kUnavailable and kStorageFull: nothing was written. kStaleEpoch: this node has been declared
/// gone, nothing was written nor will be. kOutcomeUnknown: resolve with `landed`.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Status commit(const Batch& batch) = 0;
  /// After kOutcomeUnknown: whether the batch whose last frame is at `last` is in the store.
  /// Answers once no commit of an earlier connection can land any more.
  virtual Result<bool> landed(Pos last) = 0;
  /// Whether `landed` tells the truth in this process; where not, only a new one can know.
  virtual bool can_resolve() const = 0;
  /// A new ownership epoch, greater than any before, of any node; recorded. Has to be drawn after
  /// slots were acquired and before their entities go on, so that an entity's addresses grow.
  virtual Result<std::uint64_t> next_epoch() = 0;

  /// Starts of this node's journal tables, oldest first; the last one is being written. A table is
  /// begun when the current one is over its size (64 MB).
  virtual std::vector<Pos> journal_tables() const = 0;
  /// From here recovery of this node scans. Tables wholly before it may be moved into history by
  /// `retire_journal`.
  virtual Status set_recovery_mark(Pos mark) = 0;
  /// One bounded piece (a few ms) of moving the oldest table that recovery no longer needs into
  /// compressed history chunks and dropping it. True while there is more to do.
  virtual Result<bool> retire_journal() = 0;
  /// One bounded piece (a few ms) of removing runs whose time is over at `now` (runtime/store/
  /// expiry.h): their rows first, then what held their bodies and history, as a whole. A bucket of
  /// which a run has not ended is left alone. True while there is more to do.
  virtual Result<bool> expire(TimePoint now) = 0;

  // Publication: whoever publishes what a journal holds notes here how far that has come.
  /// Frames of this node's journal before `mark` need no publishing any more; those from it on are
  /// not retired. A commit of a frame before it sets it back, in the same transaction. 0: nothing
  /// is kept for being published.
  virtual Status set_publish_mark(Pos mark) = 0;
  virtual Pos publish_mark() const = 0;
  /// Journals of gone nodes of which something may still have to be published, and which nobody
  /// else who lives has claimed: they are this node's to publish from now on, or were already.
  virtual Result<std::vector<Unpublished>> claim_unpublished() {
    return std::vector<Unpublished>();
  }
  /// The same for a claimed journal; 0: nothing more of it, so it may be retired.
  virtual Status set_publish_mark_of(NodeNumber, Pos) { return ok(); }

  /// One bounded piece of the WAL checkpoint, where the store has one.
  virtual Status checkpoint() = 0;
  /// Nothing has been written for a while: gives caches back.
  virtual void rest() {}

  /// kConflict: slug taken
  virtual Result<Workspace> create_workspace(const Workspace& workspace) = 0;
  /// kConflict: slug taken
  virtual Result<Project> create_project(const Project& project) = 0;
  // What goes along is written with the change, or not at all. kConflict if what `once` gives is
  // there.
  virtual Result<Workflow> create_workflow(const Workflow& workflow, const Along& along) = 0;
  Result<Workflow> create_workflow(const Workflow& workflow) {
    return create_workflow(workflow, {});
  }
  /// Replaces the draft; `expected_etag` 0 accepts any. kPreconditionFailed, kNotFound.
  virtual Result<Workflow> update_workflow(const Workflow& workflow,
                                           std::uint64_t expected_etag,
                                           const Along& along) = 0;
  Result<Workflow> update_workflow(const Workflow& workflow, std::uint64_t expected_etag) {
    return update_workflow(workflow, expected_etag, {});
  }
  /// Publishes the next version. kNotFound.
  virtual Result<Version> publish(const TenantScope& scope,
                                  const Version& version,
                                  const Along& along) = 0;
  Result<Version> publish(const TenantScope& scope, const Version& version) {
    return publish(scope, version, {});
  }

  /// Decides and writes in one transaction, in which no other change of these `locks` (ids of
  /// workspaces, users …, in any order) is under way on any node. At most a few documents that have
  /// expired by `now` go with it. kConflict: a slug or a document's key is taken; or what `decide`
  /// says.
  virtual Status change(const std::vector<Uuid>& locks, TimePoint now, const Decide& decide) = 0;
};

/// Reads. An instance belongs to one thread; the store opens as many as are asked for. Reads see
/// every batch whose commit returned before the read began. Foreign and absent are the same:
/// nothing.
class Reader {
 public:
  virtual ~Reader() = default;
  /// Nothing has been written for a while: gives caches back.
  virtual void rest() {}

  virtual Result<std::vector<Workspace>> workspaces() = 0;
  virtual Result<std::vector<Project>> projects(WorkspaceId workspace) = 0;
  virtual Result<std::optional<Workflow>> workflow(const TenantScope& scope, WorkflowId id) = 0;
  virtual Result<Rows<Workflow>> workflows(const TenantScope& scope,
                                           const Page& page,
                                           bool archived) = 0;
  virtual Result<std::optional<Version>> version(WorkflowId workflow, std::int32_t version) = 0;
  virtual Result<Rows<Version>> versions(const TenantScope& scope,
                                         WorkflowId id,
                                         const Page& page) = 0;

  virtual Result<std::optional<RunRow>> run(const TenantScope& scope, RunId id) = 0;
  /// Without tenant: for the engine itself (recovery, routing), never for a caller.
  virtual Result<std::optional<RunRow>> run_unscoped(RunId id) = 0;
  /// Those of them that are there, in any order. A store for which each question is a journey asks
  /// once; kCorrupt if any of them is damaged.
  virtual Result<std::vector<RunRow>> runs_unscoped(const std::vector<RunId>& ids);
  virtual Result<Rows<RunRow>> runs(const TenantScope& scope,
                                    const RunFilter& filter,
                                    const Page& page) = 0;
  /// Numbers of open runs by status, in the order of RunStatus.
  virtual Result<std::vector<std::uint64_t>> open_runs() = 0;
  /// The same of what a scope sees, and of one workflow if it is set.
  virtual Result<std::vector<std::uint64_t>> open_runs_of(
      const TenantScope& scope, const std::optional<WorkflowId>& workflow) = 0;
  /// By hour, kind and, if it is told apart, workflow, in this order; each once.
  virtual Result<std::vector<Tally>> tallies(const TenantScope& scope,
                                             const TallyQuery& query) = 0;

  virtual Result<std::optional<Snapshot>> snapshot(RunId entity) = 0;
  /// As runs_unscoped().
  virtual Result<std::vector<Snapshot>> snapshots(const std::vector<RunId>& entities);
  virtual Result<std::optional<Frame>> frame(Pos pos) = 0;
  /// Frames of an entity that have been moved into history, oldest first, with pos > `after`; at
  /// most about `bytes_max` (always at least one if there is one).
  virtual Result<std::vector<Frame>> history(RunId entity, Pos after, std::size_t bytes_max) = 0;
  /// Where to look for a frame first: in the journal, or in history. What is true may have become
  /// false by the next read; what is false stays so. Frames of one epoch leave the journal in
  /// order, those of different epochs do not.
  virtual Result<bool> in_journal(Pos pos) = 0;
  virtual Result<std::optional<std::string>> payload(std::uint32_t bucket, ProjectId project,
                                                     const Digest& hash) = 0;

  virtual Result<std::optional<TaskRow>> task(const TenantScope& scope, TaskId id) = 0;
  /// Pending tasks, oldest first; of one run if `run` is set.
  virtual Result<Rows<TaskRow>> tasks_pending(const TenantScope& scope,
                                              RunId run,
                                              const Page& page) = 0;
  virtual Result<std::vector<WaiterRow>> waiters(const TenantScope& scope, std::string_view event,
                                                 std::string_view key) = 0;

  /// The documents that this scope may see, as long as the reader lives and nobody else asks it.
  virtual Documents& documents(const DocumentScope& scope) = 0;
  /// Grows with every change of what somebody may do (`concerns_access`), on whatever node.
  virtual Result<std::uint64_t> access_generation() = 0;
  virtual Result<std::vector<AuditRow>> audit(const AuditQuery& query) = 0;
  /// Number 0 where nothing has been written.
  virtual Result<AuditHead> audit_head(WorkspaceId workspace) = 0;

  // Recovery. `visit` returns false to stop. `slots` are this node's own.
  /// Frames that snapshots may not cover, in order of pos: of this node's journal from its recovery
  /// mark, and of the slots' tails (see Membership). Frames that snapshots do cover come as well.
  virtual Status scan_tail(const cluster::SlotSet& slots,
                           const std::function<bool(Frame)>& visit) = 0;
  /// The same for one entity, and only with pos > `after`.
  virtual Status scan_tail_of(RunId entity, Pos after,
                              const std::function<bool(Frame)>& visit) = 0;
  /// One that is damaged comes as such, here and in `due`, and holds up no other.
  virtual Status runnable_snapshots(const cluster::SlotSet& slots,
                                    const std::function<bool(Snapshot)>& visit) = 0;
  /// Frames that are in the journal of `node` (0: of this one), from `from` on and in order of pos;
  /// about `bytes_max`, and at least one if there is one.
  virtual Result<std::vector<Frame>> journal_of(NodeNumber node, Pos from,
                                                std::size_t bytes_max) = 0;
  /// Sleeping entities due from `after` on and before `until`, in order of wake_at; at most
  /// `limit`.
  virtual Result<std::vector<Snapshot>> due(const cluster::SlotSet& slots, TimePoint after,
                                            TimePoint until, std::size_t limit) = 0;
};

/// What is known of a store's promises and cost, for doctor, metrics and benchmarks.
struct StoreInfo {
  std::string kind;      ///< "sqlite", "memory"
  std::string version;   ///< of the library or server
  std::string settings;  ///< the durability settings as read back
};

class Store {
 public:
  virtual ~Store() = default;
  virtual Writer& writer() = 0;
  virtual std::unique_ptr<Reader> open_reader() = 0;
  /// Null where a store belongs to one node at a time, which owns all slots.
  virtual std::unique_ptr<Membership> open_membership() { return nullptr; }
  virtual StoreInfo info() const = 0;
  /// Bytes written to the journal since it was opened, and to the write-ahead log where there is
  /// one.
  virtual std::uint64_t journal_bytes() const = 0;
  virtual std::uint64_t wal_bytes() const = 0;
};

}  // namespace troupe::store
