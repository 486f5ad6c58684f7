#include "adapters/sqlite/document_rows.h"

#include "adapters/sqlite/reading.h"
#include "runtime/store/found.h"

namespace troupe::sqlite {

using namespace store;

namespace {

/// What a list's rows fulfil beside its kind and range: filter and scope, of ?5 to ?9.
std::string conditions(const DocumentFilter& filter, const DocumentScope& scope) {
  std::string sql;
  if (filter.workspace) sql += " AND workspace=?5";
  if (filter.project) sql += " AND project=?6";
  if (filter.owner) sql += " AND owner=?7";
  if (scope.everything) return sql;
  if (scope.workspace.set() && scope.owner.set()) return sql + " AND (workspace=?8 OR owner=?9)";
  return sql + (scope.workspace.set() ? " AND workspace=?8" : " AND owner=?9");
}

}  // namespace

DocumentRows::DocumentRows(Database* db, Error why_not, const Hasher& hasher,
                           const DocumentScope& scope)
    : db_(db), why_not_(std::move(why_not)), hasher_(hasher), scope_(scope) {}

Result<std::optional<Document>> DocumentRows::find(DocumentKind kind, const Uuid& id) {
  if (db_ == nullptr) return why_not_;
  Statement select = db_->prepare("SELECT body FROM documents WHERE kind=?1 AND id=?2");
  select.integer(1, static_cast<std::int64_t>(kind)).id(2, id);
  return visible_to(scope_, under(kind, id, sqlite::find<Document>(select, hasher_)));
}

Result<std::optional<Document>> DocumentRows::find_by_key(DocumentKind kind, WorkspaceId workspace,
                                                          ProjectId project,
                                                          std::string_view key) {
  if (db_ == nullptr) return why_not_;
  if (key.empty()) return std::optional<Document>();
  Statement select = db_->prepare(
      "SELECT body FROM documents WHERE kind=?1 AND workspace=?2 AND project=?3 AND key=?4");
  select.integer(1, static_cast<std::int64_t>(kind)).id(2, workspace).id(3, project).blob(4, key);
  Document sought;
  sought.kind = kind;
  sought.workspace = workspace;
  sought.project = project;
  sought.key = key;
  return visible_to(scope_, under_key(sought, sqlite::find<Document>(select, hasher_)));
}

Result<Rows<Document>> DocumentRows::list(const DocumentFilter& filter, const Page& page) {
  const auto from = beginning_of(ListKind::kDocuments, page);
  if (!from) return from.error();
  if (db_ == nullptr) return why_not_;
  const bool sees_any = scope_.everything || scope_.workspace.set() || scope_.owner.set();
  if (!sees_any) return Rows<Document>();
  Statement select = db_->prepare("SELECT body FROM documents WHERE kind=?1 AND created<=?2 "
                                  "AND (created, id)<(?2, ?3)" + conditions(filter, scope_) +
                                  " ORDER BY created DESC, id DESC LIMIT ?4");
  select.integer(1, static_cast<std::int64_t>(filter.kind)).integer(2, from->at).id(3, from->id);
  select.number(4, limit_of(page) + 1);
  if (filter.workspace) select.id(5, *filter.workspace);
  if (filter.project) select.id(6, *filter.project);
  if (filter.owner) select.id(7, *filter.owner);
  if (!scope_.everything && scope_.workspace.set()) select.id(8, scope_.workspace);
  if (!scope_.everything && scope_.owner.set()) select.id(9, scope_.owner);
  std::vector<Document> rows;
  if (Status done = collect(select, 0, hasher_, rows); !done) return done.error();
  return documents_page(scope_, filter, std::move(rows), page);
}

Result<std::optional<Workspace>> DocumentRows::workspace(WorkspaceId id) {
  if (db_ == nullptr) return why_not_;
  Statement select = db_->prepare("SELECT body FROM workspaces WHERE id=?1");
  select.id(1, id);
  return under(id, sqlite::find<Workspace>(select, hasher_));
}

Result<std::optional<Workspace>> DocumentRows::workspace_of_slug(std::string_view slug) {
  if (db_ == nullptr) return why_not_;
  Statement select = db_->prepare("SELECT body FROM workspaces WHERE slug=?1");
  select.text(1, slug);
  return sqlite::find<Workspace>(select, hasher_);
}

Result<std::vector<Project>> DocumentRows::projects_of(WorkspaceId workspace) {
  if (db_ == nullptr) return why_not_;
  Statement select = db_->prepare("SELECT body FROM projects WHERE workspace=?1 ORDER BY id");
  select.id(1, workspace);
  std::vector<Project> rows;
  if (Status done = collect(select, 0, hasher_, rows); !done) return done.error();
  return rows;
}

}  // namespace troupe::sqlite
