#include "adapters/memory/memory_documents.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "adapters/memory/memory_state.h"
#include "runtime/port/catalog.h"
#include "runtime/port/paging.h"

namespace troupe::memory {

using namespace store;

Status DocumentTables::check(const Change& change) const {
  const auto key_of = [](const Document& d) {
    return std::tuple(d.kind, d.workspace, d.project, d.key);
  };
  std::set<DocumentTables::Key> replaced;
  for (const Document& document : change.put) replaced.emplace(document.kind, document.id);
  for (const DocumentRef& ref : change.removed) replaced.emplace(ref.kind, ref.id);
  std::set<std::tuple<DocumentKind, WorkspaceId, ProjectId, std::string>> wanted;
  for (const Document& document : change.put) {
    if (!document.key.empty() && !wanted.insert(key_of(document)).second) return document_taken();
  }
  for (const auto& [id, row] : rows) {
    if (!replaced.contains(id) && wanted.contains(key_of(row))) return document_taken();
  }
  return ok();
}

void DocumentTables::apply(const Change& change, TimePoint now) {
  bool concerns = false;
  for (const DocumentRef& ref : change.removed) {
    concerns = concerns || concerns_access(ref.kind);
    rows.erase({ref.kind, ref.id});
  }
  for (const Document& document : change.put) {
    concerns = concerns || concerns_access(document.kind);
    Document& row = rows[{document.kind, document.id}];
    const std::uint64_t etag = row.etag + 1;
    row = document;
    row.etag = etag;
  }
  if (concerns || !change.workspaces.empty() || !change.projects.empty()) ++access_generation;
  std::erase_if(rows, [now](const auto& entry) {
    return entry.second.expires.set() && entry.second.expires <= now;
  });
}

void DocumentTables::append(const AuditLines& lines) {
  for (const AuditLine& line : lines) {
    SealedEntry entry = line.seal(head(line.workspace));
    audit[line.workspace].push_back({line.workspace, line.project, std::move(entry)});
  }
}

Status DocumentTables::check(const Along& along) const {
  if (!along.once) return ok();
  const Document receipt = along.once(0);
  return rows.contains({receipt.kind, receipt.id}) ? Status(document_taken()) : ok();
}

void DocumentTables::apply(const Along& along, std::int32_t version) {
  append(along.audit);
  if (!along.once) return;
  Document row = along.once(version);
  row.etag = 1;
  rows[{row.kind, row.id}] = std::move(row);
}

AuditHead DocumentTables::head(WorkspaceId workspace) const {
  const auto log = audit.find(workspace);
  return log == audit.end() ? AuditHead{} : log->second.back().entry.head;
}

Result<std::optional<Document>> StateDocuments::find(DocumentKind kind, const Uuid& id) {
  const auto row = state_.documents.rows.find({kind, id});
  const bool is_there = row != state_.documents.rows.end() && visible(scope_, row->second);
  return is_there ? std::optional(row->second) : std::nullopt;
}

Result<std::optional<Document>> StateDocuments::find_by_key(DocumentKind kind,
                                                            WorkspaceId workspace,
                                                            ProjectId project,
                                                            std::string_view key) {
  for (const auto& [id, row] : state_.documents.rows) {
    if (row.kind == kind && row.workspace == workspace && row.project == project &&
        !key.empty() && row.key == key && visible(scope_, row)) {
      return std::optional(row);
    }
  }
  return std::optional<Document>();
}

Result<Rows<Document>> StateDocuments::list(const DocumentFilter& filter, const Page& page) {
  const auto from = beginning_of(ListKind::kDocuments, page);
  if (!from) return from.error();
  std::vector<Document> found;
  for (const auto& [id, row] : state_.documents.rows) {
    if (matches(filter, row) && visible(scope_, row) &&
        stands_before(ListKind::kDocuments, *from, cursor_of(row))) {
      found.push_back(row);
    }
  }
  return page_of(std::move(found), ListKind::kDocuments, page);
}

Result<std::optional<Workspace>> StateDocuments::workspace(WorkspaceId id) {
  const auto row = state_.workspaces.find(id);
  return row == state_.workspaces.end() ? std::nullopt : std::optional(row->second);
}

Result<std::optional<Workspace>> StateDocuments::workspace_of_slug(std::string_view slug) {
  for (const auto& [id, row] : state_.workspaces) {
    if (row.slug == slug) return std::optional(row);
  }
  return std::optional<Workspace>();
}

Result<std::vector<Project>> StateDocuments::projects_of(WorkspaceId workspace) {
  std::vector<Project> found;
  for (const auto& [id, row] : state_.projects) {
    if (row.workspace == workspace) found.push_back(row);
  }
  return found;
}

}  // namespace troupe::memory
