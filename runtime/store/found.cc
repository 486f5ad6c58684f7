#include "runtime/store/found.h"

#include <algorithm>
#include <tuple>

#include "runtime/journal/row_codec.h"

namespace troupe::store {

Found<Workflow> under(WorkflowId id, Found<Workflow> found) {
  if (found && *found && (*found)->id != id) return corrupt("a workflow stands under another's id");
  return found;
}

Found<Version> under(WorkflowId workflow, std::int32_t version, Found<Version> found) {
  if (found && *found && ((*found)->workflow != workflow || (*found)->version != version)) {
    return corrupt("a version stands under another's key");
  }
  return found;
}

Found<RunRow> under(RunId id, Found<RunRow> found) {
  if (found && *found && (*found)->id != id) return corrupt("a run stands under another's id");
  return found;
}

Found<Snapshot> under(RunId entity, Found<Snapshot> found) {
  if (found && *found && (*found)->entity != entity) {
    return corrupt("a snapshot stands under another's id");
  }
  return found;
}

Found<TaskRow> under(TaskId id, Found<TaskRow> found) {
  if (found && *found && (*found)->id != id) return corrupt("a task stands under another's id");
  return found;
}

Found<Workspace> under(WorkspaceId id, Found<Workspace> found) {
  if (found && *found && (*found)->id != id) {
    return corrupt("a workspace stands under another's id");
  }
  return found;
}

Found<Document> under(DocumentKind kind, const Uuid& id, Found<Document> found) {
  if (found && *found && ((*found)->kind != kind || (*found)->id != id)) {
    return corrupt("a document stands under another's id");
  }
  return found;
}

Found<Document> under_key(const Document& sought, Found<Document> found) {
  if (!found || !*found) return found;
  const Document& row = **found;
  const bool is_it = row.kind == sought.kind && row.workspace == sought.workspace &&
                     row.project == sought.project && row.key == sought.key;
  if (!is_it) return corrupt("a document stands under another's key");
  return found;
}

Result<Rows<RunRow>> runs_page(const TenantScope& scope,
                               const RunFilter& filter,
                               std::vector<RunRow> found,
                               const Page& page) {
  for (const RunRow& row : found) {
    if (!visible(scope, row.workspace, row.project)) return corrupt("a run changed its scope");
  }
  std::erase_if(found, [&](const RunRow& row) { return !matches(filter, row); });
  return page_of(std::move(found), ListKind::kRuns, page);
}

Result<Rows<Workflow>> workflows_page(const TenantScope& scope,
                                      std::vector<Workflow> found,
                                      const Page& page) {
  for (const Workflow& row : found) {
    if (!visible(scope, row)) return corrupt("a workflow changed its scope");
  }
  return page_of(std::move(found), ListKind::kWorkflows, page);
}

Result<Rows<TaskRow>> pending_page(const TenantScope& scope,
                                   std::vector<TaskRow> found,
                                   const Page& page) {
  for (const TaskRow& row : found) {
    if (!row.pending || !visible(scope, row.workspace, row.project)) {
      return corrupt("a task's columns differ from its body");
    }
  }
  return page_of(std::move(found), ListKind::kTasks, page);
}

Result<std::vector<WaiterRow>> waiters_in_order(const TenantScope& scope,
                                                std::string_view event,
                                                std::string_view key,
                                                std::vector<WaiterRow> found) {
  for (const WaiterRow& row : found) {
    if (row.event != event || row.key != key || !visible(scope, row.workspace, row.project)) {
      return corrupt("a waiter's columns differ from its body");
    }
  }
  std::sort(found.begin(), found.end(), [](const WaiterRow& a, const WaiterRow& b) {
    return std::tie(a.run, a.step_id) < std::tie(b.run, b.step_id);
  });
  return found;
}

Result<Rows<Document>> documents_page(const DocumentScope& scope,
                                      const DocumentFilter& filter,
                                      std::vector<Document> found,
                                      const Page& page) {
  for (const Document& row : found) {
    if (!matches(filter, row) || !visible(scope, row)) {
      return corrupt("a document's columns differ from its body");
    }
  }
  return page_of(std::move(found), ListKind::kDocuments, page);
}

Result<std::vector<AuditRow>> audit_piece(const AuditQuery& query, std::vector<AuditRow> found) {
  std::uint64_t after = query.after;
  std::uint64_t before = query.before;
  for (const AuditRow& row : found) {
    const std::uint64_t n = row.entry.head.n;
    if (row.workspace != query.workspace || n <= after || (before != 0 && n >= before)) {
      return corrupt("an entry of an audit log stands in another's place");
    }
    (query.newest_first ? before : after) = n;
  }
  return found;
}

}  // namespace troupe::store
