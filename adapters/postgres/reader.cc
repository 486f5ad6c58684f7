#include "adapters/postgres/reader.h"

#include "adapters/postgres/audit_rows.h"
#include "adapters/postgres/document_rows.h"
#include "adapters/postgres/reading.h"
#include "adapters/postgres/row_requests.h"
#include "runtime/store/found.h"

namespace troupe::postgres {

using namespace store;

Reader::Reader(const Options& options, const Hasher& hasher, const Life& life)
    : options_(options), hasher_(hasher), life_(life), db_(options_, Connection::Use::kRead) {}

Result<Answer> Reader::tried_twice(const std::function<Result<Answer>()>& ask) {
  const bool was_open = db_.is_open();
  if (was_open) {
    auto answer = ask();
    if (answer || db_.is_open()) return answer;
  }
  if (Status opened = db_.open(); !opened) return opened.error();
  return ask();
}

Result<Answer> Reader::query(const std::string& sql, const Parameters& parameters) {
  return tried_twice([&] { return db_.query(sql, parameters); });
}

Result<Answer> Reader::seen_as(const Request& see, const std::string& sql,
                               const Parameters& parameters) {
  return tried_twice([&] { return db_.query_as(see, sql, parameters); });
}

Result<Answer> Reader::seen(const TenantScope& scope, const std::string& sql,
                            const Parameters& parameters) {
  const auto see = this->see(scope);
  if (!see) return see.error();
  return seen_as(*see, sql, parameters);
}

Result<Request> Reader::see(const TenantScope& scope) {
  if (!scope.project) return see_scopes(options_.schema, scope);
  auto number = scopes_.number_of(scope.workspace, *scope.project);
  if (!number) {
    const auto found = query("SELECT n FROM scopes WHERE workspace=$1 AND project=$2",
                             Parameters().id(scope.workspace).id(*scope.project));
    if (!found) return found.error();
    if (found->rows() == 0) return see_scopes(options_.schema, scope);
    number = found->integer_at(0, 0);
    scopes_.add(scope.workspace, *scope.project, *number);
  }
  return see_scope(options_.schema, *number);
}

Result<std::vector<Workspace>> Reader::workspaces() {
  std::vector<Workspace> rows;
  const Status done = collect(query("SELECT body FROM workspaces ORDER BY id"), hasher_, rows);
  if (!done) return done.error();
  return rows;
}

Result<std::vector<Project>> Reader::projects(WorkspaceId workspace) {
  std::vector<Project> rows;
  const auto answer = seen_as(see_workspace(options_.schema, workspace),
                              "SELECT body FROM projects WHERE workspace=$1 ORDER BY id",
                              Parameters().id(workspace));
  if (Status done = collect(answer, hasher_, rows); !done) return done.error();
  return rows;
}

Result<std::optional<Workflow>> Reader::workflow(const TenantScope& scope, WorkflowId id) {
  const auto answer = seen_as(see_shared(options_.schema, scope),
                              "SELECT body FROM workflows WHERE id=$1", Parameters().id(id));
  return visible_to(scope, under(id, find<Workflow>(answer, hasher_)));
}

Result<Rows<Workflow>> Reader::workflows(const TenantScope& scope, const Page& page,
                                         bool archived) {
  const auto from = beginning_of(ListKind::kWorkflows, page);
  if (!from) return from.error();
  static const std::string sql =
      in_scope("w.body",
               "LATERAL (SELECT body, created, id FROM workflows WHERE scope=c.n AND archived=$3 "
               "AND (created, id)<($4, $5) ORDER BY created DESC, id DESC LIMIT $6) AS w",
               kShared) +
      " ORDER BY w.created DESC, w.id DESC LIMIT $6";
  std::vector<Workflow> rows;
  const auto answer = seen_as(see_shared(options_.schema, scope), sql,
                              scope_parameters(scope)
                                  .integer(archived)
                                  .integer(from->at)
                                  .id(from->id)
                                  .number(limit_of(page) + 1));
  if (Status done = collect(answer, hasher_, rows); !done) return done.error();
  return workflows_page(scope, std::move(rows), page);
}

Result<std::optional<Version>> Reader::version(WorkflowId workflow, std::int32_t version) {
  const auto answer = query("SELECT body FROM versions WHERE workflow=$1 AND version=$2",
                            Parameters().id(workflow).integer(version));
  return under(workflow, version, find<Version>(answer, hasher_));
}

Result<Rows<Version>> Reader::versions(const TenantScope& scope, WorkflowId id, const Page& page) {
  const auto from = beginning_of(ListKind::kVersions, page);
  if (!from) return from.error();
  const auto owner = workflow(scope, id);
  if (!owner) return owner.error();
  if (!*owner) return Rows<Version>();
  const auto answer = seen_as(
      see_shared(options_.schema, scope),
      "SELECT body FROM versions WHERE workflow=$1 AND version<$2 ORDER BY version DESC LIMIT $3",
      Parameters().id(id).integer(from->at).number(limit_of(page) + 1));
  std::vector<Version> rows;
  if (Status done = collect(answer, hasher_, rows); !done) return done.error();
  return page_of(std::move(rows), ListKind::kVersions, page);
}

Result<std::optional<Snapshot>> Reader::snapshot(RunId entity) {
  const auto answer = query("SELECT body FROM snapshots WHERE entity=$1", Parameters().id(entity));
  return under(entity, find<Snapshot>(answer, hasher_));
}

Result<std::vector<Snapshot>> Reader::snapshots(const std::vector<RunId>& entities) {
  std::vector<Snapshot> rows;
  const auto answer = query("SELECT body, entity FROM snapshots WHERE entity = ANY($1)",
                            any_of(entities));
  if (Status done = collect(answer, hasher_, rows); !done) return done.error();
  for (int row = 0; row < answer->rows(); ++row) {
    if (rows[static_cast<std::size_t>(row)].entity != RunId(answer->id_at(row, 1))) {
      return corrupt("a snapshot stands under another's id");
    }
  }
  return rows;
}

Result<std::optional<std::string>> Reader::payload(std::uint32_t bucket, ProjectId project,
                                                   const Digest& hash) {
  const auto found =
      query("SELECT bytes FROM payloads WHERE bucket=$1 AND hash=$2 AND project=$3",
            Parameters().integer(bucket).digest(hash).id(project));
  if (!found) return found.error();
  if (found->rows() == 0) return std::optional<std::string>();
  std::string bytes(found->blob_at(0, 0));
  if (hasher_.hash(bytes) != hash) return corrupt("a payload does not have its hash");
  return std::optional<std::string>(std::move(bytes));
}

Result<std::optional<TaskRow>> Reader::task(const TenantScope& scope, TaskId id) {
  const auto answer = seen(scope, "SELECT body FROM tasks WHERE id=$1", Parameters().id(id));
  return visible_to(scope, under(id, find<TaskRow>(answer, hasher_)));
}

Result<Rows<TaskRow>> Reader::tasks_pending(const TenantScope& scope, RunId run,
                                            const Page& page) {
  const auto from = beginning_of(ListKind::kTasks, page);
  if (!from) return from.error();
  const std::string own = run.set() ? "run=$6 AND " : "";
  const std::string sql =
      in_scope("t.body", "LATERAL (SELECT body, created, id FROM tasks WHERE " + own +
                             "scope=c.n AND pending=1 AND (created, id)>($3, $4) "
                             "ORDER BY created, id LIMIT $5) AS t") +
      " ORDER BY t.created, t.id LIMIT $5";
  Parameters parameters = scope_parameters(scope);
  parameters.integer(from->at).id(from->id).number(limit_of(page) + 1);
  if (run.set()) parameters.id(run);
  std::vector<TaskRow> rows;
  const auto answer = seen(scope, sql, parameters);
  if (Status done = collect(answer, hasher_, rows); !done) return done.error();
  return pending_page(scope, std::move(rows), page);
}

Result<std::vector<WaiterRow>> Reader::waiters(const TenantScope& scope, std::string_view event,
                                               std::string_view key) {
  const std::string wanted = awaited(hasher_, event, key);
  static const std::string sql = in_scope(
      "w.body", "LATERAL (SELECT body FROM waiters WHERE awaited=$3 AND scope=c.n) AS w");
  std::vector<WaiterRow> rows;
  const auto answer = seen(scope, sql, scope_parameters(scope).blob(wanted));
  if (Status done = collect(answer, hasher_, rows); !done) return done.error();
  return waiters_in_order(scope, event, key, std::move(rows));
}

Documents& Reader::documents(const DocumentScope& scope) {
  const Ask ask = [this](const std::string& sql, const Parameters& parameters) {
    return query(sql, parameters);
  };
  const Ask ask_behind_wall = [this, see = see_workspace(options_.schema, scope.workspace,
                                                         scope.owner)](
                                  const std::string& sql, const Parameters& parameters) {
    return seen_as(see, sql, parameters);
  };
  documents_ = std::make_unique<DocumentRows>(ask, scope.everything ? ask : ask_behind_wall,
                                              hasher_, scope);
  return *documents_;
}

Result<std::uint64_t> Reader::access_generation() {
  const auto answer = query("SELECT value FROM meta WHERE key='access_generation'");
  if (!answer) return answer.error();
  return answer->rows() > 0 ? answer->number_at(0, 0) : 0;
}

Result<std::vector<AuditRow>> Reader::audit(const AuditQuery& sought) {
  const Request see = sought.workspace.set() ? see_workspace(options_.schema, sought.workspace)
                                             : see_installation(options_.schema);
  const Ask ask = [&](const std::string& sql, const Parameters& parameters) {
    return seen_as(see, sql, parameters);
  };
  return read_audit(ask, hasher_, sought);
}

Result<AuditHead> Reader::audit_head(WorkspaceId workspace) {
  const auto last = audit({.workspace = workspace, .newest_first = true, .limit = 1});
  if (!last) return last.error();
  return last->empty() ? AuditHead{} : last->front().entry.head;
}

}  // namespace troupe::postgres
