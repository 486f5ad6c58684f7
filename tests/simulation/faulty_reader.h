#pragma once

#include <memory>

#include "runtime/port/store.h"

namespace troupe::simulation {

/// A reader whose store may be out of reach: then every read is kUnavailable.
class FaultyReader : public store::Reader {
 public:
  explicit FaultyReader(std::unique_ptr<store::Reader> disk) : disk_(std::move(disk)) {}

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
  store::Documents& documents(const store::DocumentScope& scope) override {
    return disk_->documents(scope);
  }
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
  virtual Status reach() const = 0;
  /// What `read` gives, if the store is reached.
  template <class Read>
  auto reached(Read read) -> decltype(read()) {
    if (Status there = reach(); !there) return there.error();
    return read();
  }
  std::unique_ptr<store::Reader> disk_;
};

}  // namespace troupe::simulation
