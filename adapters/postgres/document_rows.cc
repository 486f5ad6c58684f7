#include "adapters/postgres/document_rows.h"

#include "adapters/postgres/reading.h"
#include "runtime/store/changes.h"
#include "runtime/store/found.h"

namespace troupe::postgres {

using namespace store;

namespace {

constexpr std::int64_t number(DocumentKind kind) { return static_cast<std::int64_t>(kind); }

/// What a key is found by, in a size that an index takes.
std::string hashed(const Hasher& hasher, std::string_view key) {
  const Digest digest = hasher.hash(key);
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Conditions that each bring a parameter, from $5 on.
struct Conditions {
  Parameters& parameters;
  std::string sql;

  std::string id(const char* column, const Uuid& value) {
    parameters.id(value);
    return std::string(column) + "=$" + std::to_string(parameters.count());
  }
  void filter(const DocumentFilter& by) {
    if (by.workspace) sql += " AND " + id("workspace", *by.workspace);
    if (by.project) sql += " AND " + id("project", *by.project);
    if (by.owner) sql += " AND " + id("owner", *by.owner);
  }
  void scope(const DocumentScope& by) {
    if (by.everything) return;
    std::string any;
    if (by.workspace.set()) any = id("workspace", by.workspace);
    if (by.owner.set()) any += (any.empty() ? "" : " OR ") + id("owner", by.owner);
    sql += " AND (" + any + ")";
  }
};

}  // namespace

Result<std::optional<Document>> DocumentRows::find(DocumentKind kind, const Uuid& id) {
  const auto answer = ask_documents_("SELECT body FROM documents WHERE kind=$1 AND id=$2",
                                     Parameters().integer(number(kind)).id(id));
  return visible_to(scope_, under(kind, id, postgres::find<Document>(answer, hasher_)));
}

Result<std::optional<Document>> DocumentRows::find_by_key(DocumentKind kind, WorkspaceId workspace,
                                                          ProjectId project,
                                                          std::string_view key) {
  if (key.empty()) return std::optional<Document>();
  const std::string hash = hashed(hasher_, key);
  const auto answer = ask_documents_(
      "SELECT body FROM documents WHERE kind=$1 AND workspace=$2 AND project=$3 AND key=$4",
      Parameters().integer(number(kind)).id(workspace).id(project).blob(hash));
  Document sought;
  sought.kind = kind;
  sought.workspace = workspace;
  sought.project = project;
  sought.key = key;
  return visible_to(scope_, under_key(sought, postgres::find<Document>(answer, hasher_)));
}

Result<Rows<Document>> DocumentRows::list(const DocumentFilter& filter, const Page& page) {
  const auto from = beginning_of(ListKind::kDocuments, page);
  if (!from) return from.error();
  const bool sees_any = scope_.everything || scope_.workspace.set() || scope_.owner.set();
  if (!sees_any) return Rows<Document>();
  Parameters parameters;
  parameters.integer(number(filter.kind)).integer(from->at).id(from->id);
  parameters.number(limit_of(page) + 1);
  Conditions conditions{parameters, {}};
  conditions.filter(filter);
  conditions.scope(scope_);
  const auto answer = ask_documents_(
      "SELECT body FROM documents WHERE kind=$1 AND (created, id)<($2, $3)" + conditions.sql +
          " ORDER BY created DESC, id DESC LIMIT $4",
      parameters);
  std::vector<Document> rows;
  if (Status done = collect(answer, hasher_, rows); !done) return done.error();
  return documents_page(scope_, filter, std::move(rows), page);
}

Result<std::optional<Workspace>> DocumentRows::workspace(WorkspaceId id) {
  const auto answer = ask_("SELECT body FROM workspaces WHERE id=$1", Parameters().id(id));
  return under(id, postgres::find<Workspace>(answer, hasher_));
}

Result<std::optional<Workspace>> DocumentRows::workspace_of_slug(std::string_view slug) {
  const auto answer = ask_("SELECT body FROM workspaces WHERE slug=$1", Parameters().blob(slug));
  return postgres::find<Workspace>(answer, hasher_);
}

Result<std::vector<Project>> DocumentRows::projects_of(WorkspaceId workspace) {
  std::vector<Project> rows;
  const auto answer = ask_("SELECT body FROM projects WHERE workspace=$1 ORDER BY id",
                           Parameters().id(workspace));
  if (Status done = collect(answer, hasher_, rows); !done) return done.error();
  return rows;
}

Request select_documents(const std::vector<Document>& rows) {
  Column kinds(Type::kInteger), ids(Type::kId);
  for (const Document& row : rows) {
    kinds.integer(number(row.kind));
    ids.id(row.id);
  }
  return {"SELECT d.body FROM unnest($1,$2) AS sought(kind, id) "
          "JOIN documents AS d ON d.kind=sought.kind AND d.id=sought.id",
          Parameters::of(std::move(kinds), std::move(ids))};
}

Request remove_documents(const Change& change) {
  Column kinds(Type::kInteger), ids(Type::kId);
  const auto add = [&](const auto& row) {
    kinds.integer(number(row.kind));
    ids.id(row.id);
  };
  for (const DocumentRef& ref : change.removed) add(ref);
  for (const Document& row : change.put) add(row);
  return {"DELETE FROM documents USING unnest($1,$2) AS gone(kind, id) "
          "WHERE documents.kind=gone.kind AND documents.id=gone.id",
          Parameters::of(std::move(kinds), std::move(ids))};
}

Request insert_documents(const Hasher& hasher, const std::vector<Document>& rows) {
  Column kinds(Type::kInteger), ids(Type::kId), workspaces(Type::kId), projects(Type::kId),
      keys(Type::kBytes), owners(Type::kId), created(Type::kInteger), expires(Type::kInteger),
      bodies(Type::kBytes);
  for (const Document& row : rows) {
    kinds.integer(number(row.kind));
    ids.id(row.id);
    workspaces.id(row.workspace);
    projects.id(row.project);
    row.key.empty() ? keys.null() : keys.blob(hashed(hasher, row.key));
    owners.id(row.owner);
    created.integer(row.created.us);
    row.expires.set() ? expires.integer(row.expires.us) : expires.null();
    bodies.blob(encode(hasher, row));
  }
  return {"INSERT INTO documents(kind, id, workspace, project, key, owner, created, expires, body) "
          "SELECT * FROM unnest($1,$2,$3,$4,$5,$6,$7,$8,$9)",
          Parameters::of(std::move(kinds), std::move(ids), std::move(workspaces),
                         std::move(projects), std::move(keys), std::move(owners),
                         std::move(created), std::move(expires), std::move(bodies))};
}

Request sweep_documents(TimePoint now) {
  return {"DELETE FROM documents WHERE (kind, id) IN (SELECT kind, id FROM documents "
          "WHERE expires<=$1 ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED)",
          Parameters().integer(now.us).number(kSweptMax)};
}

}  // namespace troupe::postgres
