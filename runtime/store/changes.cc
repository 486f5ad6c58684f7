#include "runtime/store/changes.h"

#include <algorithm>
#include <set>
#include <utility>

namespace troupe::store {

bool concerns_access(const Change& change) {
  const auto concerns = [](const auto& row) { return concerns_access(row.kind); };
  return !change.workspaces.empty() || !change.projects.empty() ||
         std::any_of(change.put.begin(), change.put.end(), concerns) ||
         std::any_of(change.removed.begin(), change.removed.end(), concerns);
}

std::vector<Document> with_etags(const Change& change, const StoredDocuments& stored) {
  std::map<std::pair<DocumentKind, Uuid>, std::uint64_t> etags;
  for (const Document& row : stored) etags[{row.kind, row.id}] = row.etag;
  for (const DocumentRef& ref : change.removed) etags.erase({ref.kind, ref.id});
  std::vector<Document> rows = change.put;
  for (Document& row : rows) row.etag = etags[{row.kind, row.id}] + 1;
  return rows;
}

std::vector<WorkspaceId> logs_of(const AuditLines& lines) {
  std::set<WorkspaceId> logs;
  for (const AuditLine& line : lines) logs.insert(line.workspace);
  return {logs.begin(), logs.end()};
}

std::vector<AuditRow> sealed(const AuditLines& lines, AuditHeads& heads) {
  std::vector<AuditRow> rows;
  for (const AuditLine& line : lines) {
    AuditHead& head = heads[line.workspace];
    rows.push_back({line.workspace, line.project, line.seal(head)});
    head = rows.back().entry.head;
  }
  return rows;
}

}  // namespace troupe::store
