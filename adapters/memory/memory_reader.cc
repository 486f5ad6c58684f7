#include <algorithm>

#include "adapters/memory/memory_writer.h"
#include "runtime/port/paging.h"
#include "runtime/store/tally.h"

namespace troupe::memory {

using namespace store;

namespace {

/// The page behind its cursor, of all rows of the list.
template <class Row>
Result<Rows<Row>> page_behind(std::vector<Row> all, ListKind kind, const Page& page) {
  const auto from = beginning_of(kind, page);
  if (!from) return from.error();
  std::erase_if(all, [&](const Row& row) { return !stands_before(kind, *from, cursor_of(row)); });
  return page_of(std::move(all), kind, page);
}

template <class Map, class Key>
auto found(const Map& map, const Key& key) -> std::optional<typename Map::mapped_type> {
  const auto it = map.find(key);
  if (it == map.end()) return std::nullopt;
  return it->second;
}

}  // namespace

Result<std::vector<Workspace>> MemoryStore::ReaderImpl::workspaces() {
  const std::scoped_lock lock(owner_.mutex_);
  std::vector<Workspace> rows;
  for (const auto& [id, row] : owner_.state_.workspaces) rows.push_back(row);
  return rows;
}

namespace {

/// Each question under the mutex of its own.
class LockedDocuments final : public Documents {
 public:
  LockedDocuments(std::mutex& mutex, const State& state, const DocumentScope& scope)
      : mutex_(mutex), inner_(state, scope) {}

  Result<std::optional<Document>> find(DocumentKind kind, const Uuid& id) override {
    const std::scoped_lock lock(mutex_);
    return inner_.find(kind, id);
  }
  Result<std::optional<Document>> find_by_key(DocumentKind kind, WorkspaceId workspace,
                                              ProjectId project, std::string_view key) override {
    const std::scoped_lock lock(mutex_);
    return inner_.find_by_key(kind, workspace, project, key);
  }
  Result<Rows<Document>> list(const DocumentFilter& filter, const Page& page) override {
    const std::scoped_lock lock(mutex_);
    return inner_.list(filter, page);
  }
  Result<std::optional<Workspace>> workspace(WorkspaceId id) override {
    const std::scoped_lock lock(mutex_);
    return inner_.workspace(id);
  }
  Result<std::optional<Workspace>> workspace_of_slug(std::string_view slug) override {
    const std::scoped_lock lock(mutex_);
    return inner_.workspace_of_slug(slug);
  }
  Result<std::vector<Project>> projects_of(WorkspaceId workspace) override {
    const std::scoped_lock lock(mutex_);
    return inner_.projects_of(workspace);
  }

 private:
  std::mutex& mutex_;
  StateDocuments inner_;
};

}  // namespace

Documents& MemoryStore::ReaderImpl::documents(const DocumentScope& scope) {
  documents_ = std::make_unique<LockedDocuments>(owner_.mutex_, owner_.state_, scope);
  return *documents_;
}

Result<std::uint64_t> MemoryStore::ReaderImpl::access_generation() {
  const std::scoped_lock lock(owner_.mutex_);
  return owner_.state_.documents.access_generation;
}

Result<AuditHead> MemoryStore::ReaderImpl::audit_head(WorkspaceId workspace) {
  const std::scoped_lock lock(owner_.mutex_);
  return owner_.state_.documents.head(workspace);
}

Result<std::vector<AuditRow>> MemoryStore::ReaderImpl::audit(const AuditQuery& query) {
  const std::scoped_lock lock(owner_.mutex_);
  const auto log = owner_.state_.documents.audit.find(query.workspace);
  std::vector<AuditRow> rows;
  if (log == owner_.state_.documents.audit.end()) return rows;
  const std::vector<AuditRow>& all = log->second;
  if (query.newest_first) {
    std::size_t n = query.before == 0 ? all.size() : std::min(all.size(), query.before - 1);
    for (; n > query.after && rows.size() < query.limit; --n) rows.push_back(all[n - 1]);
  } else {
    for (std::size_t n = query.after; n < all.size() && rows.size() < query.limit; ++n) {
      if (query.before == 0 || n + 1 < query.before) rows.push_back(all[n]);
    }
  }
  return rows;
}

Result<std::vector<Project>> MemoryStore::ReaderImpl::projects(WorkspaceId workspace) {
  const std::scoped_lock lock(owner_.mutex_);
  std::vector<Project> rows;
  for (const auto& [id, row] : owner_.state_.projects) {
    if (row.workspace == workspace) rows.push_back(row);
  }
  return rows;
}

Result<std::optional<Workflow>> MemoryStore::ReaderImpl::workflow(const TenantScope& scope,
                                                                  WorkflowId id) {
  const std::scoped_lock lock(owner_.mutex_);
  auto row = found(owner_.state_.workflows, id);
  if (row && !visible(scope, *row)) row.reset();
  return row;
}

Result<Rows<Workflow>> MemoryStore::ReaderImpl::workflows(const TenantScope& scope,
                                                          const Page& page, bool archived) {
  const std::scoped_lock lock(owner_.mutex_);
  std::vector<Workflow> rows;
  for (const auto& [id, row] : owner_.state_.workflows) {
    if (row.archived == archived && visible(scope, row)) rows.push_back(row);
  }
  return page_behind(std::move(rows), ListKind::kWorkflows, page);
}

Result<std::optional<Version>> MemoryStore::ReaderImpl::version(WorkflowId workflow,
                                                                std::int32_t version) {
  const std::scoped_lock lock(owner_.mutex_);
  return found(owner_.state_.versions, std::pair(workflow, version));
}

Result<Rows<Version>> MemoryStore::ReaderImpl::versions(const TenantScope& scope, WorkflowId id,
                                                        const Page& page) {
  const std::scoped_lock lock(owner_.mutex_);
  std::vector<Version> rows;
  const auto workflow = found(owner_.state_.workflows, id);
  if (workflow && visible(scope, *workflow)) {
    for (const auto& [key, row] : owner_.state_.versions) {
      if (key.first == id) rows.push_back(row);
    }
  }
  return page_behind(std::move(rows), ListKind::kVersions, page);
}

Result<std::optional<RunRow>> MemoryStore::ReaderImpl::run(const TenantScope& scope, RunId id) {
  auto row = run_unscoped(id);
  if (row && *row && !visible(scope, (*row)->workspace, (*row)->project)) row->reset();
  return row;
}

Result<std::optional<RunRow>> MemoryStore::ReaderImpl::run_unscoped(RunId id) {
  const std::scoped_lock lock(owner_.mutex_);
  if (owner_.is_damaged(id, &Damage::row)) return Error{Code::kCorrupt, "A page is damaged.", {}};
  return found(owner_.state_.runs, id);
}

Result<Rows<RunRow>> MemoryStore::ReaderImpl::runs(const TenantScope& scope,
                                                   const RunFilter& filter, const Page& page) {
  const std::scoped_lock lock(owner_.mutex_);
  std::vector<RunRow> rows;
  for (const auto& [id, row] : owner_.state_.runs) {
    if (row.part || !visible(scope, row.workspace, row.project)) continue;
    if (matches(filter, row)) rows.push_back(row);
  }
  return page_behind(std::move(rows), ListKind::kRuns, page);
}

Result<std::vector<std::uint64_t>> MemoryStore::ReaderImpl::open_runs() {
  const std::scoped_lock lock(owner_.mutex_);
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(RunStatus::kCompleted));
  for (const auto& [id, row] : owner_.state_.runs) {
    if (!row.part && !ended(row.status)) ++counts[static_cast<std::size_t>(row.status)];
  }
  return counts;
}

Result<std::vector<std::uint64_t>> MemoryStore::ReaderImpl::open_runs_of(
    const TenantScope& scope, const std::optional<WorkflowId>& workflow) {
  const std::scoped_lock lock(owner_.mutex_);
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(RunStatus::kCompleted));
  for (const auto& [id, row] : owner_.state_.runs) {
    if (row.part || ended(row.status) || !visible(scope, row.workspace, row.project)) continue;
    if (workflow && row.workflow != *workflow) continue;
    ++counts[static_cast<std::size_t>(row.status)];
  }
  return counts;
}

Result<std::vector<Tally>> MemoryStore::ReaderImpl::tallies(const TenantScope& scope,
                                                            const TallyQuery& query) {
  const std::scoped_lock lock(owner_.mutex_);
  TallySums sums;
  for (const auto& [place, own] : owner_.state_.tallies) {
    if (!visible(scope, place.first, place.second)) continue;
    for (Tally tally : own.list()) {
      if (tally.hour < query.from || tally.hour >= query.until) continue;
      if (query.workflow && tally.workflow != *query.workflow) continue;
      if (!query.by_workflow) tally.workflow = {};
      sums.add(tally);
    }
  }
  return sums.list();
}

Result<std::optional<Snapshot>> MemoryStore::ReaderImpl::snapshot(RunId entity) {
  const std::scoped_lock lock(owner_.mutex_);
  if (owner_.is_damaged(entity, &Damage::snapshot)) {
    return Error{Code::kCorrupt, "A page is damaged.", {}};
  }
  return found(owner_.state_.snapshots, entity);
}

Result<std::optional<Frame>> MemoryStore::ReaderImpl::frame(Pos pos) {
  const std::scoped_lock lock(owner_.mutex_);
  return found(owner_.state_.journal, pos);
}

Result<std::vector<Frame>> MemoryStore::ReaderImpl::history(RunId entity, Pos after,
                                                            std::size_t bytes_max) {
  const std::scoped_lock lock(owner_.mutex_);
  std::vector<Frame> frames;
  const auto it = owner_.state_.history.find(entity);
  if (it == owner_.state_.history.end()) return frames;
  std::size_t bytes = 0;
  for (auto at = it->second.upper_bound(after); at != it->second.end(); ++at) {
    const Frame& frame = at->second;
    if (!frames.empty() && bytes + frame.bytes.size() > bytes_max) break;
    bytes += frame.bytes.size();
    frames.push_back(frame);
  }
  return frames;
}

Result<bool> MemoryStore::ReaderImpl::in_journal(Pos pos) {
  const std::scoped_lock lock(owner_.mutex_);
  return owner_.state_.journal.contains(pos);
}

Result<std::optional<std::string>> MemoryStore::ReaderImpl::payload(std::uint32_t bucket,
                                                                    ProjectId project,
                                                                    const Digest& hash) {
  const std::scoped_lock lock(owner_.mutex_);
  return found(owner_.state_.payloads, State::PayloadKey{{bucket, project}, hash});
}

Result<std::optional<TaskRow>> MemoryStore::ReaderImpl::task(const TenantScope& scope, TaskId id) {
  const std::scoped_lock lock(owner_.mutex_);
  auto row = found(owner_.state_.tasks, id);
  if (row && !visible(scope, row->workspace, row->project)) row.reset();
  return row;
}

Result<Rows<TaskRow>> MemoryStore::ReaderImpl::tasks_pending(const TenantScope& scope, RunId run,
                                                             const Page& page) {
  const std::scoped_lock lock(owner_.mutex_);
  std::vector<TaskRow> rows;
  for (const auto& [id, row] : owner_.state_.tasks) {
    if (row.pending && visible(scope, row.workspace, row.project) &&
        (!run.set() || row.run == run)) {
      rows.push_back(row);
    }
  }
  return page_behind(std::move(rows), ListKind::kTasks, page);
}

Result<std::vector<WaiterRow>> MemoryStore::ReaderImpl::waiters(const TenantScope& scope,
                                                                std::string_view event,
                                                                std::string_view key) {
  const std::scoped_lock lock(owner_.mutex_);
  std::vector<WaiterRow> rows;
  for (const auto& [id, row] : owner_.state_.waiters) {
    if (row.event == event && row.key == key && visible(scope, row.workspace, row.project)) {
      rows.push_back(row);
    }
  }
  return rows;
}

Status MemoryStore::ReaderImpl::scan_tail(const cluster::SlotSet& slots,
                                          const std::function<bool(Frame)>& visit) {
  return scan(slots, 0, visit);
}

Status MemoryStore::ReaderImpl::scan_tail_of(RunId entity, Pos after,
                                             const std::function<bool(Frame)>& visit) {
  cluster::SlotSet slot;
  slot.set(cluster::slot_of(entity));
  return scan(slot, after + 1, [&](Frame frame) {
    return frame.entity != entity || visit(std::move(frame));
  });
}

Status MemoryStore::ReaderImpl::scan(const cluster::SlotSet& slots, Pos from,
                                     const std::function<bool(Frame)>& visit) {
  // The visitor may take its time or read from this store, so no lock is held while it runs.
  for (Pos next = from;;) {
    std::optional<Frame> frame;
    {
      const std::scoped_lock lock(owner_.mutex_);
      const State& state = owner_.state_;
      auto it = state.journal.lower_bound(next);
      const auto end = state.journal.end();
      while (it != end && !state.is_tail(owner_.node_, slots, it->second)) ++it;
      if (it == end) return ok();
      frame = it->second;
    }
    next = frame->pos + 1;
    if (!visit(*std::move(frame))) return ok();
  }
}

Result<std::vector<Frame>> MemoryStore::ReaderImpl::journal_of(NodeNumber node, Pos from,
                                                              std::size_t bytes_max) {
  const std::scoped_lock lock(owner_.mutex_);
  const State& state = owner_.state_;
  const NodeNumber wanted = node == 0 ? owner_.node_ : node;
  std::vector<Frame> frames;
  std::size_t bytes = 0;
  for (auto it = state.journal.lower_bound(from); it != state.journal.end(); ++it) {
    const auto owner = state.epoch_owners.find(it->first >> kEpochShift);
    const bool is_its = owner != state.epoch_owners.end() && owner->second == wanted;
    if (state.is_shared && !is_its) continue;
    if (!frames.empty() && bytes >= bytes_max) break;
    frames.push_back(it->second);
    bytes += it->second.bytes.size();
  }
  return frames;
}

Status MemoryStore::ReaderImpl::runnable_snapshots(const cluster::SlotSet& slots,
                                                   const std::function<bool(Snapshot)>& visit) {
  std::vector<Snapshot> rows;
  {
    const std::scoped_lock lock(owner_.mutex_);
    for (const auto& [id, row] : owner_.state_.snapshots) {
      if (row.runnable && slots.test(cluster::slot_of(id))) rows.push_back(owner_.readable(row));
    }
  }
  for (Snapshot& row : rows) {
    if (!visit(std::move(row))) break;
  }
  return ok();
}

Result<std::vector<Snapshot>> MemoryStore::ReaderImpl::due(const cluster::SlotSet& slots,
                                                           TimePoint after, TimePoint until,
                                                           std::size_t limit) {
  const std::scoped_lock lock(owner_.mutex_);
  std::vector<Snapshot> rows;
  for (const auto& [id, row] : owner_.state_.snapshots) {
    const bool is_due = row.wake_at.set() && row.wake_at >= after && row.wake_at < until;
    if (is_due && slots.test(cluster::slot_of(id))) rows.push_back(owner_.readable(row));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Snapshot& a, const Snapshot& b) { return a.wake_at < b.wake_at; });
  if (rows.size() > limit) rows.resize(limit);
  return rows;
}

}  // namespace troupe::memory
