#pragma once

#include "adapters/memory/memory_store.h"

namespace troupe::memory {

/// The port's Writer over MemoryStore's state, under its mutex.
class MemoryStore::WriterImpl final : public store::Writer {
 public:
  explicit WriterImpl(MemoryStore& owner) : owner_(owner) {}

  Status commit(const store::Batch& batch) override { return owner_.commit(batch); }
  Result<bool> landed(store::Pos last) override;
  bool can_resolve() const override;
  Result<std::uint64_t> next_epoch() override;
  std::vector<store::Pos> journal_tables() const override;
  Status set_recovery_mark(store::Pos mark) override;
  Status set_publish_mark(store::Pos mark) override;
  store::Pos publish_mark() const override;
  Result<std::vector<store::Unpublished>> claim_unpublished() override;
  Status set_publish_mark_of(store::NodeNumber node, store::Pos mark) override;
  Result<bool> retire_journal() override;
  Result<bool> expire(TimePoint now) override;
  Status checkpoint() override { return ok(); }

  Result<store::Workspace> create_workspace(const store::Workspace& workspace) override;
  Result<store::Project> create_project(const store::Project& project) override;
  Result<store::Workflow> create_workflow(const store::Workflow& workflow,
                                          const store::Along& along) override;
  Result<store::Workflow> update_workflow(const store::Workflow& workflow,
                                          std::uint64_t expected_etag,
                                          const store::Along& along) override;
  Result<store::Version> publish(const store::TenantScope& scope, const store::Version& version,
                                 const store::Along& along) override;
  Status change(const std::vector<Uuid>& locks, TimePoint now,
                const store::Decide& decide) override;

 private:
  MemoryStore& owner_;
};

/// The port's Reader over MemoryStore's state; each read is one look under the mutex.
class MemoryStore::ReaderImpl final : public store::Reader {
 public:
  explicit ReaderImpl(const MemoryStore& owner) : owner_(owner) {}

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
  Status scan(const cluster::SlotSet& slots, store::Pos from,
              const std::function<bool(store::Frame)>& visit);

  const MemoryStore& owner_;
  std::unique_ptr<store::Documents> documents_;
};

}  // namespace troupe::memory
