#pragma once

#include <memory>
#include <vector>

#include "adapters/sqlite/database.h"
#include "adapters/sqlite/journal.h"
#include "adapters/sqlite/options.h"
#include "runtime/port/paging.h"
#include "runtime/port/store.h"

namespace troupe::sqlite {

/// Reads over a read-only connection of its own, in short transactions, so that the WAL can begin
/// anew. One thread at a time. If the connection could not be opened, each read reports that.
class Reader final : public store::Reader {
 public:
  Reader(const Options& options, const Hasher& hasher);
  void rest() override;

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
  Result<store::Rows<store::RunRow>> runs(const store::TenantScope& scope,
                                          const store::RunFilter& filter,
                                          const store::Page& page) override;
  Result<std::vector<std::uint64_t>> open_runs() override;
  Result<std::vector<std::uint64_t>> open_runs_of(
      const store::TenantScope& scope, const std::optional<WorkflowId>& workflow) override;
  Result<std::vector<store::Tally>> tallies(const store::TenantScope& scope,
                                            const store::TallyQuery& query) override;

  Result<std::optional<store::Snapshot>> snapshot(RunId entity) override;
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

  /// Why the connection is not there.
  Status ready() const;
  /// Of external ids, scope by scope as it is quicker.
  Status runs_by_beginning(const RunQuery& query, std::vector<store::RunRow>& rows);
  Status runs_by_status(const RunQuery& query, std::vector<store::RunRow>& rows);
  Status runs_by_external(const RunQuery& query, std::vector<store::RunRow>& rows);
  Status runs_by_id_prefix(const RunQuery& query, std::vector<store::RunRow>& rows);
  Status history_of(std::uint32_t bucket, RunId entity, store::Pos after, store::Pos end,
                    std::size_t bytes_max, std::vector<store::Frame>& frames, store::Pos& complete);
  Result<store::Pos> journal_start();
  Status scan(store::Pos from, const std::function<bool(store::Frame)>& visit);
  Result<std::vector<store::Frame>> journal_piece(store::Pos from, std::size_t bytes_max);
  Result<std::vector<std::uint32_t>> buckets();
  Status collect_own(Statement& select, const cluster::SlotSet& slots, std::size_t limit,
                     std::vector<store::Snapshot>& rows);

  const Options options_;
  const Hasher& hasher_;
  Error open_error_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<store::Documents> documents_;
};

}  // namespace troupe::sqlite
