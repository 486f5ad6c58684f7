#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/port/paging.h"
#include "runtime/port/store.h"

namespace troupe::store {

// A body holds the whole row, its key and scope included. So a row that its columns do not lead to
// is damage, kCorrupt, and never an answer.

/// The row that a key led to, or nothing.
template <class Row>
using Found = Result<std::optional<Row>>;

Found<Workflow> under(WorkflowId id, Found<Workflow> found);
Found<Version> under(WorkflowId workflow, std::int32_t version, Found<Version> found);
Found<RunRow> under(RunId id, Found<RunRow> found);
Found<Snapshot> under(RunId entity, Found<Snapshot> found);
Found<TaskRow> under(TaskId id, Found<TaskRow> found);
Found<Workspace> under(WorkspaceId id, Found<Workspace> found);
Found<Document> under(DocumentKind kind, const Uuid& id, Found<Document> found);
/// The same for a key, which is one of a kind, workspace and project.
Found<Document> under_key(const Document& sought, Found<Document> found);

/// Nothing instead of what the scope may not see.
template <class Row>
Found<Row> visible_to(const TenantScope& scope, Found<Row> found) {
  if (found && *found && !visible(scope, (*found)->workspace, (*found)->project)) found->reset();
  return found;
}

inline Found<Workflow> visible_to(const TenantScope& scope, Found<Workflow> found) {
  if (found && *found && !visible(scope, **found)) found->reset();
  return found;
}

inline Found<Document> visible_to(const DocumentScope& scope, Found<Document> found) {
  if (found && *found && !visible(scope, **found)) found->reset();
  return found;
}

// What was found for a list, as the list gives it.

Result<Rows<RunRow>> runs_page(const TenantScope& scope,
                               const RunFilter& filter,
                               std::vector<RunRow> found,
                               const Page& page);
Result<Rows<Workflow>> workflows_page(const TenantScope& scope,
                                      std::vector<Workflow> found,
                                      const Page& page);
Result<Rows<TaskRow>> pending_page(const TenantScope& scope,
                                   std::vector<TaskRow> found,
                                   const Page& page);
Result<std::vector<WaiterRow>> waiters_in_order(const TenantScope& scope,
                                                std::string_view event,
                                                std::string_view key,
                                                std::vector<WaiterRow> found);
Result<Rows<Document>> documents_page(const DocumentScope& scope,
                                      const DocumentFilter& filter,
                                      std::vector<Document> found,
                                      const Page& page);
/// In the order in which they were found, which must be the query's.
Result<std::vector<AuditRow>> audit_piece(const AuditQuery& query, std::vector<AuditRow> found);

}  // namespace troupe::store
