#include "tests/simulation/faulty_reader.h"

namespace troupe::simulation {

Result<std::vector<store::Workspace>> FaultyReader::workspaces() {
  return reached([&] { return disk_->workspaces(); });
}

Result<std::uint64_t> FaultyReader::access_generation() {
  return reached([&] { return disk_->access_generation(); });
}

Result<std::vector<store::AuditRow>> FaultyReader::audit(const store::AuditQuery& query) {
  return reached([&] { return disk_->audit(query); });
}

Result<store::AuditHead> FaultyReader::audit_head(WorkspaceId workspace) {
  return reached([&] { return disk_->audit_head(workspace); });
}

Result<std::vector<store::Project>> FaultyReader::projects(WorkspaceId workspace) {
  return reached([&] { return disk_->projects(workspace); });
}

Result<std::optional<store::Workflow>> FaultyReader::workflow(const store::TenantScope& scope,
                                                              WorkflowId id) {
  return reached([&] { return disk_->workflow(scope, id); });
}

Result<store::Rows<store::Workflow>> FaultyReader::workflows(const store::TenantScope& scope,
                                                             const store::Page& page,
                                                             bool archived) {
  return reached([&] { return disk_->workflows(scope, page, archived); });
}

Result<std::optional<store::Version>> FaultyReader::version(WorkflowId workflow,
                                                            std::int32_t version) {
  return reached([&] { return disk_->version(workflow, version); });
}

Result<store::Rows<store::Version>> FaultyReader::versions(const store::TenantScope& scope,
                                                           WorkflowId id,
                                                           const store::Page& page) {
  return reached([&] { return disk_->versions(scope, id, page); });
}

Result<std::optional<store::RunRow>> FaultyReader::run(const store::TenantScope& scope, RunId id) {
  return reached([&] { return disk_->run(scope, id); });
}

Result<std::optional<store::RunRow>> FaultyReader::run_unscoped(RunId id) {
  return reached([&] { return disk_->run_unscoped(id); });
}

Result<store::Rows<store::RunRow>> FaultyReader::runs(const store::TenantScope& scope,
                                                      const store::RunFilter& filter,
                                                      const store::Page& page) {
  return reached([&] { return disk_->runs(scope, filter, page); });
}

Result<std::vector<std::uint64_t>> FaultyReader::open_runs() {
  return reached([&] { return disk_->open_runs(); });
}

Result<std::vector<std::uint64_t>> FaultyReader::open_runs_of(
    const store::TenantScope& scope, const std::optional<WorkflowId>& workflow) {
  return reached([&] { return disk_->open_runs_of(scope, workflow); });
}

Result<std::vector<store::Tally>> FaultyReader::tallies(const store::TenantScope& scope,
                                                        const store::TallyQuery& query) {
  return reached([&] { return disk_->tallies(scope, query); });
}

Result<std::optional<store::Snapshot>> FaultyReader::snapshot(RunId entity) {
  return reached([&] { return disk_->snapshot(entity); });
}

Result<std::optional<store::Frame>> FaultyReader::frame(store::Pos pos) {
  return reached([&] { return disk_->frame(pos); });
}

Result<std::vector<store::Frame>> FaultyReader::history(RunId entity,
                                                        store::Pos after,
                                                        std::size_t bytes_max) {
  return reached([&] { return disk_->history(entity, after, bytes_max); });
}

Result<bool> FaultyReader::in_journal(store::Pos pos) {
  return reached([&] { return disk_->in_journal(pos); });
}

Result<std::optional<std::string>> FaultyReader::payload(std::uint32_t bucket,
                                                         ProjectId project,
                                                         const Digest& hash) {
  return reached([&] { return disk_->payload(bucket, project, hash); });
}

Result<std::optional<store::TaskRow>> FaultyReader::task(const store::TenantScope& scope,
                                                         TaskId id) {
  return reached([&] { return disk_->task(scope, id); });
}

Result<store::Rows<store::TaskRow>> FaultyReader::tasks_pending(const store::TenantScope& scope,
                                                                RunId run,
                                                                const store::Page& page) {
  return reached([&] { return disk_->tasks_pending(scope, run, page); });
}

Result<std::vector<store::WaiterRow>> FaultyReader::waiters(const store::TenantScope& scope,
                                                            std::string_view event,
                                                            std::string_view key) {
  return reached([&] { return disk_->waiters(scope, event, key); });
}

Status FaultyReader::scan_tail(const cluster::SlotSet& slots,
                               const std::function<bool(store::Frame)>& visit) {
  return reached([&] { return disk_->scan_tail(slots, visit); });
}

Status FaultyReader::scan_tail_of(RunId entity,
                                  store::Pos after,
                                  const std::function<bool(store::Frame)>& visit) {
  return reached([&] { return disk_->scan_tail_of(entity, after, visit); });
}

Result<std::vector<store::Frame>> FaultyReader::journal_of(store::NodeNumber node,
                                                          store::Pos from,
                                                          std::size_t bytes_max) {
  return reached([&] { return disk_->journal_of(node, from, bytes_max); });
}
Status FaultyReader::runnable_snapshots(const cluster::SlotSet& slots,
                                        const std::function<bool(store::Snapshot)>& visit) {
  return reached([&] { return disk_->runnable_snapshots(slots, visit); });
}

Result<std::vector<store::Snapshot>> FaultyReader::due(const cluster::SlotSet& slots,
                                                       TimePoint after,
                                                       TimePoint until,
                                                       std::size_t limit) {
  return reached([&] { return disk_->due(slots, after, until, limit); });
}

}  // namespace troupe::simulation
