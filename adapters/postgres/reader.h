#pragma once

#include <memory>
#include <unordered_set>
#include <vector>

#include "adapters/postgres/connection.h"
#include "adapters/postgres/journal.h"
#include "adapters/postgres/life.h"
#include "adapters/postgres/options.h"
#include "adapters/postgres/wall.h"
#include "runtime/port/paging.h"
#include "runtime/port/store.h"
#include "runtime/store/known_scopes.h"

namespace troupe::postgres {

/// Reads over a read-only connection of its own, each list in one statement and so of one moment.
/// One thread at a time. A connection that is lost, or could not be opened, is opened by the next
/// read; a read that finds it lost tries once more, because reading twice does no harm. What has a
/// tenant's scope is read behind the wall (wall.h).
class Reader final : public store::Reader {
 public:
  Reader(const Options& options, const Hasher& hasher, const Life& life);

  Result<std::vector<store::Workspace>> workspaces() override;
  Result<std::vector<store::Project>> projects(WorkspaceId workspace) override;
  Result<std::optional<store::Workflow>> workflow(const store::TenantScope& scope,
                                                  WorkflowId id) override;
  Result<store::Rows<store::Workflow>> workflows(const store::TenantScope& scope,
                                                 const store::Page& page, bool archived) override;
  Result<std::optional<store::Version>> version(WorkflowId workflow, std::int32_t version) override;
  Result<store::Rows<store::Version>> versions(const store::TenantScope& scope, WorkflowId id,
                                               const store::Page& page) override;

  Result<std::optional<store::RunRow>> run(const store::TenantScope& scope, RunId id) override;
  Result<std::optional<store::RunRow>> run_unscoped(RunId id) override;
  Result<std::vector<store::RunRow>> runs_unscoped(const std::vector<RunId>& ids) override;
  Result<store::Rows<store::RunRow>> runs(const store::TenantScope& scope,
                                          const store::RunFilter& filter,
                                          const store::Page& page) override;
  Result<std::vector<std::uint64_t>> open_runs() override;
  Result<std::vector<std::uint64_t>> open_runs_of(
      const store::TenantScope& scope, const std::optional<WorkflowId>& workflow) override;
  Result<std::vector<store::Tally>> tallies(const store::TenantScope& scope,
                                            const store::TallyQuery& query) override;

  Result<std::optional<store::Snapshot>> snapshot(RunId entity) override;
  Result<std::vector<store::Snapshot>> snapshots(const std::vector<RunId>& entities) override;
  Result<std::optional<store::Frame>> frame(store::Pos pos) override;
  Result<std::vector<store::Frame>> history(RunId entity, store::Pos after,
                                            std::size_t bytes_max) override;
  Result<bool> in_journal(store::Pos pos) override;
  Result<std::optional<std::string>> payload(std::uint32_t bucket, ProjectId project,
                                             const Digest& hash) override;

  Result<std::optional<store::TaskRow>> task(const store::TenantScope& scope, TaskId id) override;
  Result<store::Rows<store::TaskRow>> tasks_pending(const store::TenantScope& scope, RunId run,
                                                    const store::Page& page) override;
  Result<std::vector<store::WaiterRow>> waiters(const store::TenantScope& scope,
                                                std::string_view event,
                                                std::string_view key) override;

  store::Documents& documents(const store::DocumentScope& scope) override;
  Result<std::uint64_t> access_generation() override;
  Result<std::vector<store::AuditRow>> audit(const store::AuditQuery& query) override;
  Result<store::AuditHead> audit_head(WorkspaceId workspace) override;

  Status scan_tail(const cluster::SlotSet& slots,
                   const std::function<bool(store::Frame)>& visit) override;
  Status scan_tail_of(RunId entity, store::Pos after,
                      const std::function<bool(store::Frame)>& visit) override;
  Status runnable_snapshots(const cluster::SlotSet& slots,
                            const std::function<bool(store::Snapshot)>& visit) override;
  Result<std::vector<store::Snapshot>> due(const cluster::SlotSet& slots, TimePoint after,
                                           TimePoint until, std::size_t limit) override;
  Result<std::vector<store::Frame>> journal_of(store::NodeNumber node, store::Pos from,
                                               std::size_t bytes_max) override;

 private:
  struct RunQuery;

  Result<Answer> query(const std::string& sql, const Parameters& parameters = {});
  /// What a tenant may see: of a scope, or as `see` says.
  Result<Answer> seen(const store::TenantScope& scope, const std::string& sql,
                      const Parameters& parameters);
  Result<Answer> seen_as(const Request& see, const std::string& sql, const Parameters& parameters);
  Result<Request> see(const store::TenantScope& scope);
  Result<Answer> tried_twice(const std::function<Result<Answer>()>& ask);
  /// Of external ids, scope by scope as it is quicker.
  Status runs_by_beginning(const RunQuery& query, std::vector<store::RunRow>& rows);
  Status runs_by_status(const RunQuery& query, std::vector<store::RunRow>& rows);
  Status runs_by_external(const RunQuery& query, std::vector<store::RunRow>& rows);
  Status runs_by_id_prefix(const RunQuery& query, std::vector<store::RunRow>& rows);
  Status look_for_tables();
  bool knows_epoch_of(store::Pos pos) const;
  Result<std::optional<store::Frame>> frame_in_known_tables(store::Pos pos);
  /// A journal table that recovery reads, and from where.
  struct Stretch {
    std::int64_t table = 0;
    store::Pos from = 0;
    store::NodeNumber gone = 0;  ///< whose table it is; 0: this node's own
  };
  using FilterOf = std::function<FrameFilter(const Stretch& stretch)>;
  Result<std::vector<Stretch>> stretches_of(const cluster::SlotSet& slots, store::Pos after);
  Status scan(const cluster::SlotSet& slots, store::Pos after, const FilterOf& filter_of,
              const std::function<bool(store::Frame)>& visit);

  const Options options_;
  const Hasher& hasher_;
  const Life& life_;
  Connection db_;
  /// Of all nodes, as last seen; others may have come and gone since.
  std::vector<JournalTable> tables_;
  std::unordered_set<std::uint64_t> retired_epochs_;  ///< those seen to have no table any more
  std::unique_ptr<store::Documents> documents_;
  store::KnownScopes scopes_;  ///< those of projects: once given, a number stays
};

}  // namespace troupe::postgres
