#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/memory/memory_store.h"
#include "runtime/port/paging.h"
#include "runtime/port/store.h"

namespace troupe::testing {

/// Rows of a catalog in plain vectors, for tests of what reads and writes a store. What no such
/// test needs answers that it is unavailable. Not thread-safe: the owner locks.
class FakeStore final : public store::Reader, public store::Writer {
 public:
  std::vector<store::Workspace> workspace_rows;
  std::vector<store::Project> project_rows;
  std::vector<store::Workflow> workflow_rows;
  std::vector<store::Version> version_rows;
  std::vector<store::RunRow> run_rows;
  std::vector<store::TaskRow> task_rows;
  store::AuditLines audit_lines;  ///< of changes of workflows
  memory::MemoryStore control_plane;  ///< documents and their audit logs
  store::RunFilter last_filter;
  store::Page last_page;

  // Reader
  Result<std::vector<store::Workspace>> workspaces() override {
    return control_plane_reader().workspaces();
  }
  Result<std::vector<store::Project>> projects(WorkspaceId workspace) override {
    return control_plane_reader().projects(workspace);
  }
  Result<std::optional<store::Workflow>> workflow(const store::TenantScope& scope,
                                                  WorkflowId id) override {
    return find<store::Workflow>(workflow_rows, scope, id);
  }
  Result<store::Rows<store::Workflow>> workflows(const store::TenantScope& scope,
                                                 const store::Page& page, bool archived) override {
    last_page = page;
    store::Rows<store::Workflow> rows;
    for (const auto& row : workflow_rows) {
      if (row.archived == archived && store::visible(scope, row.workspace, row.project)) {
        rows.items.push_back(row);
      }
    }
    if (rows.items.size() > page.limit) {
      rows.items.resize(page.limit);
      rows.next_cursor = "more";
    }
    return rows;
  }
  Result<std::optional<store::Version>> version(WorkflowId workflow,
                                                std::int32_t version) override {
    for (const auto& row : version_rows) {
      if (row.workflow == workflow && row.version == version) return std::optional(row);
    }
    return std::optional<store::Version>();
  }
  Result<store::Rows<store::Version>> versions(const store::TenantScope&, WorkflowId id,
                                               const store::Page&) override {
    store::Rows<store::Version> rows;
    for (const auto& row : version_rows) {
      if (row.workflow == id) rows.items.push_back(row);
    }
    return rows;
  }
  Result<std::optional<store::RunRow>> run(const store::TenantScope& scope, RunId id) override {
    return find<store::RunRow>(run_rows, scope, id);
  }
  Result<std::optional<store::RunRow>> run_unscoped(RunId) override { return absent(); }
  Result<store::Rows<store::RunRow>> runs(const store::TenantScope& scope,
                                          const store::RunFilter& filter,
                                          const store::Page& page) override {
    last_filter = filter;
    last_page = page;
    store::Rows<store::RunRow> rows;
    for (const auto& row : run_rows) {
      if (store::visible(scope, row.workspace, row.project) && store::matches(filter, row)) {
        rows.items.push_back(row);
      }
    }
    return rows;
  }
  Result<std::vector<std::uint64_t>> open_runs() override { return absent(); }
  Result<std::vector<std::uint64_t>> open_runs_of(const store::TenantScope&,
                                                  const std::optional<WorkflowId>&) override {
    return absent();
  }
  Result<std::vector<store::Tally>> tallies(const store::TenantScope&,
                                            const store::TallyQuery&) override {
    return absent();
  }
  Result<std::optional<store::Snapshot>> snapshot(RunId) override { return absent(); }
  Result<std::optional<store::Frame>> frame(store::Pos) override { return absent(); }
  Result<std::vector<store::Frame>> history(RunId, store::Pos, std::size_t) override {
    return absent();
  }
  Result<bool> in_journal(store::Pos) override { return absent(); }
  Result<std::optional<std::string>> payload(std::uint32_t, ProjectId, const Digest&) override {
    return absent();
  }
  Result<std::optional<store::TaskRow>> task(const store::TenantScope& scope, TaskId id) override {
    return find<store::TaskRow>(task_rows, scope, id);
  }
  Result<store::Rows<store::TaskRow>> tasks_pending(const store::TenantScope& scope, RunId run,
                                                    const store::Page&) override {
    store::Rows<store::TaskRow> rows;
    for (const auto& row : task_rows) {
      const bool wanted = row.pending && (!run.set() || row.run == run);
      if (wanted && store::visible(scope, row.workspace, row.project)) rows.items.push_back(row);
    }
    return rows;
  }
  Result<std::vector<store::WaiterRow>> waiters(const store::TenantScope&, std::string_view,
                                                std::string_view) override {
    return absent();
  }
  Status scan_tail(const cluster::SlotSet&, const std::function<bool(store::Frame)>&) override {
    return absent();
  }
  Status scan_tail_of(RunId, store::Pos, const std::function<bool(store::Frame)>&) override {
    return absent();
  }
  Status runnable_snapshots(const cluster::SlotSet&,
                            const std::function<bool(store::Snapshot)>&) override {
    return absent();
  }
  Result<std::vector<store::Snapshot>> due(const cluster::SlotSet&, TimePoint, TimePoint,
                                           std::size_t) override {
    return absent();
  }

  Result<std::vector<store::Frame>> journal_of(store::NodeNumber, store::Pos,
                                               std::size_t) override {
    return absent();
  }

  store::Documents& documents(const store::DocumentScope& scope) override {
    return control_plane_reader().documents(scope);
  }
  Result<std::uint64_t> access_generation() override {
    return control_plane_reader().access_generation();
  }
  Result<std::vector<store::AuditRow>> audit(const store::AuditQuery& query) override {
    return control_plane_reader().audit(query);
  }
  Result<store::AuditHead> audit_head(WorkspaceId workspace) override {
    return control_plane_reader().audit_head(workspace);
  }

  // Writer
  Status commit(const store::Batch&) override { return absent(); }
  Result<bool> landed(store::Pos) override { return absent(); }
  bool can_resolve() const override { return true; }
  Result<std::uint64_t> next_epoch() override { return absent(); }
  std::vector<store::Pos> journal_tables() const override { return {}; }
  Status set_recovery_mark(store::Pos) override { return absent(); }
  Status set_publish_mark(store::Pos) override { return absent(); }
  store::Pos publish_mark() const override { return 0; }
  Result<bool> retire_journal() override { return absent(); }
  Result<bool> expire(TimePoint) override { return absent(); }
  Status checkpoint() override { return absent(); }
  Status change(const std::vector<Uuid>& locks, TimePoint now,
                const store::Decide& decide) override {
    (void)control_plane_reader();
    return control_plane.writer().change(locks, now, decide);
  }
  Result<store::Workspace> create_workspace(const store::Workspace& workspace) override {
    return control_plane.writer().create_workspace(workspace);
  }
  Result<store::Project> create_project(const store::Project& project) override {
    return control_plane.writer().create_project(project);
  }
  Result<store::Workflow> create_workflow(const store::Workflow& workflow,
                                          const store::Along& along) override {
    audit_lines.insert(audit_lines.end(), along.audit.begin(), along.audit.end());
    workflow_rows.push_back(workflow);
    return workflow;
  }
  Result<store::Workflow> update_workflow(const store::Workflow& workflow,
                                          std::uint64_t expected_etag,
                                          const store::Along& along) override {
    audit_lines.insert(audit_lines.end(), along.audit.begin(), along.audit.end());
    for (auto& row : workflow_rows) {
      if (row.id != workflow.id) continue;
      if (expected_etag != 0 && row.etag != expected_etag) {
        return {Code::kPreconditionFailed, "The draft has changed."};
      }
      row = workflow;
      row.etag += 1;
      return row;
    }
    return {Code::kNotFound, "There is no such workflow."};
  }
  Result<store::Version> publish(const store::TenantScope& scope,
                                 const store::Version& version,
                                 const store::Along& along) override {
    audit_lines.insert(audit_lines.end(), along.audit.begin(), along.audit.end());
    for (auto& row : workflow_rows) {
      if (row.id != version.workflow || !store::visible(scope, row.workspace, row.project))
        continue;
      store::Version added = version;
      added.version = ++row.latest_version;
      added.graph = row.graph;
      version_rows.push_back(added);
      return added;
    }
    return {Code::kNotFound, "There is no such workflow."};
  }

 private:
  /// With the rows that the test has put beside it.
  store::Reader& control_plane_reader() {
    for (const auto& row : workspace_rows) (void)control_plane.writer().create_workspace(row).ok();
    for (const auto& row : project_rows) (void)control_plane.writer().create_project(row).ok();
    if (!control_plane_reader_) control_plane_reader_ = control_plane.open_reader();
    return *control_plane_reader_;
  }
  static Error absent() { return {Code::kUnavailable, "The fake store has no journal.", {}}; }

  template <class Row, class AnyId>
  static std::optional<Row> find(const std::vector<Row>& rows, const store::TenantScope& scope,
                                 AnyId id) {
    for (const Row& row : rows) {
      if (row.id == id && store::visible(scope, row.workspace, row.project)) return row;
    }
    return std::nullopt;
  }

  std::unique_ptr<store::Reader> control_plane_reader_;
};

}  // namespace troupe::testing
