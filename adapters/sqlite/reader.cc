#include "adapters/sqlite/reader.h"

#include "adapters/sqlite/audit_rows.h"
#include "adapters/sqlite/document_rows.h"
#include "adapters/sqlite/reading.h"
#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/scopes.h"
#include "runtime/store/found.h"

namespace troupe::sqlite {

using namespace store;

Reader::Reader(const Options& options, const Hasher& hasher) : options_(options), hasher_(hasher) {
  auto db = Database::open(options_.path, Database::Mode::kRead, options_.vfs, options_.log);
  if (!db) {
    open_error_ = db.error();
    return;
  }
  if (Status done = configure_reader(**db, options_); !done) {
    open_error_ = done.error();
    return;
  }
  db_ = *std::move(db);
}

void Reader::rest() {
  if (db_) sqlite3_db_release_memory(db_->handle());
}

Status Reader::ready() const {
  if (db_) return ok();
  return open_error_;
}

Result<std::vector<Workspace>> Reader::workspaces() {
  if (Status is = ready(); !is) return is.error();
  std::vector<Workspace> rows;
  Statement select = db_->prepare("SELECT body FROM workspaces ORDER BY id");
  if (Status done = collect(select, 0, hasher_, rows); !done) return done.error();
  return rows;
}

Result<std::vector<Project>> Reader::projects(WorkspaceId workspace) {
  if (Status is = ready(); !is) return is.error();
  std::vector<Project> rows;
  Statement select = db_->prepare("SELECT body FROM projects WHERE workspace=?1 ORDER BY id");
  select.id(1, workspace);
  if (Status done = collect(select, 0, hasher_, rows); !done) return done.error();
  return rows;
}

Result<std::optional<Workflow>> Reader::workflow(const TenantScope& scope, WorkflowId id) {
  if (Status is = ready(); !is) return is.error();
  Statement select = db_->prepare("SELECT body FROM workflows WHERE id=?1");
  select.id(1, id);
  return visible_to(scope, under(id, find<Workflow>(select, hasher_)));
}

Result<Rows<Workflow>> Reader::workflows(const TenantScope& scope, const Page& page,
                                         bool archived) {
  if (Status is = ready(); !is) return is.error();
  const auto from = beginning_of(ListKind::kWorkflows, page);
  if (!from) return from.error();
  const ReadTransaction look(*db_);
  auto scopes = scope_numbers(*db_, scope);
  if (!scopes) return scopes.error();
  if (scope.project && scope.project->set()) {
    const auto global = scope_numbers(*db_, {scope.workspace, ProjectId{}});
    if (!global) return global.error();
    scopes->insert(scopes->end(), global->begin(), global->end());
  }
  std::vector<Workflow> rows;
  for (const std::int64_t number : *scopes) {
    Statement select = db_->prepare(
        "SELECT body FROM workflows WHERE scope=?1 AND archived=?2 AND created<=?3 "
        "AND (created, id)<(?3, ?4) ORDER BY created DESC, id DESC LIMIT ?5");
    select.integer(1, number).integer(2, archived).integer(3, from->at).id(4, from->id);
    select.number(5, limit_of(page) + 1);
    if (Status done = collect(select, 0, hasher_, rows); !done) return done.error();
  }
  return workflows_page(scope, std::move(rows), page);
}

Result<std::optional<Version>> Reader::version(WorkflowId workflow, std::int32_t version) {
  if (Status is = ready(); !is) return is.error();
  Statement select = db_->prepare("SELECT body FROM versions WHERE workflow=?1 AND version=?2");
  select.id(1, workflow).integer(2, version);
  return under(workflow, version, find<Version>(select, hasher_));
}

Result<Rows<Version>> Reader::versions(const TenantScope& scope, WorkflowId id, const Page& page) {
  const auto from = beginning_of(ListKind::kVersions, page);
  if (!from) return from.error();
  const auto owner = workflow(scope, id);
  if (!owner) return owner.error();
  if (!*owner) return Rows<Version>();
  Statement select = db_->prepare(
      "SELECT body FROM versions WHERE workflow=?1 AND version<?2 ORDER BY version DESC LIMIT ?3");
  select.id(1, id).integer(2, from->at).number(3, limit_of(page) + 1);
  std::vector<Version> rows;
  if (Status done = collect(select, 0, hasher_, rows); !done) return done.error();
  return page_of(std::move(rows), ListKind::kVersions, page);
}

Result<std::optional<Snapshot>> Reader::snapshot(RunId entity) {
  if (Status is = ready(); !is) return is.error();
  Statement select = db_->prepare("SELECT body FROM snapshots WHERE entity=?1");
  select.id(1, entity);
  return under(entity, find<Snapshot>(select, hasher_));
}

Result<std::optional<std::string>> Reader::payload(std::uint32_t bucket, ProjectId project,
                                                   const Digest& hash) {
  if (Status is = ready(); !is) return is.error();
  const ReadTransaction look(*db_);
  {
    Statement known = db_->prepare("SELECT 1 FROM buckets WHERE bucket=?1");
    const Result<bool> exists = known.integer(1, bucket).step();
    if (!exists) return exists.error();
    if (!*exists) return std::optional<std::string>();
  }
  Statement select =
      db_->prepare("SELECT bytes FROM " + payload_table(bucket) + " WHERE hash=?1 AND project=?2");
  const std::string_view key(reinterpret_cast<const char*>(hash.data()), hash.size());
  const Result<bool> found = select.blob(1, key).id(2, project).step();
  if (!found) return found.error();
  if (!*found) return std::optional<std::string>();
  std::string bytes(select.blob_at(0));
  if (hasher_.hash(bytes) != hash) return corrupt("a payload does not have its hash");
  return std::optional<std::string>(std::move(bytes));
}

Result<std::optional<TaskRow>> Reader::task(const TenantScope& scope, TaskId id) {
  if (Status is = ready(); !is) return is.error();
  Statement select = db_->prepare("SELECT body FROM tasks WHERE id=?1");
  select.id(1, id);
  return visible_to(scope, under(id, find<TaskRow>(select, hasher_)));
}

Result<Rows<TaskRow>> Reader::tasks_pending(const TenantScope& scope, RunId run,
                                            const Page& page) {
  if (Status is = ready(); !is) return is.error();
  const auto from = beginning_of(ListKind::kTasks, page);
  if (!from) return from.error();
  const ReadTransaction look(*db_);
  const auto scopes = scope_numbers(*db_, scope);
  if (!scopes) return scopes.error();
  std::vector<TaskRow> rows;
  for (const std::int64_t number : *scopes) {
    const std::string own = run.set() ? "run=?5 AND " : "";
    Statement select =
        db_->prepare("SELECT body FROM tasks WHERE " + own +
                     "scope=?1 AND pending=1 AND created>=?2 AND (created, id)>(?2, ?3) "
                     "ORDER BY created, id LIMIT ?4");
    select.integer(1, number).integer(2, from->at).id(3, from->id);
    select.number(4, limit_of(page) + 1);
    if (run.set()) select.id(5, run);
    if (Status done = collect(select, 0, hasher_, rows); !done) return done.error();
  }
  return pending_page(scope, std::move(rows), page);
}

Result<std::vector<WaiterRow>> Reader::waiters(const TenantScope& scope, std::string_view event,
                                               std::string_view key) {
  if (Status is = ready(); !is) return is.error();
  const ReadTransaction look(*db_);
  const auto scopes = scope_numbers(*db_, scope);
  if (!scopes) return scopes.error();
  std::vector<WaiterRow> rows;
  for (const std::int64_t number : *scopes) {
    Statement select =
        db_->prepare("SELECT body FROM waiters WHERE scope=?1 AND event=?2 AND key=?3");
    select.integer(1, number).text(2, event).text(3, key);
    if (Status done = collect(select, 0, hasher_, rows); !done) return done.error();
  }
  return waiters_in_order(scope, event, key, std::move(rows));
}

Documents& Reader::documents(const DocumentScope& scope) {
  documents_ = std::make_unique<DocumentRows>(db_.get(), open_error_, hasher_, scope);
  return *documents_;
}

Result<std::uint64_t> Reader::access_generation() {
  if (Status is = ready(); !is) return is.error();
  const auto value = read_meta(*db_, "access_generation");
  if (!value) return value.error();
  return static_cast<std::uint64_t>(*value);
}

Result<std::vector<AuditRow>> Reader::audit(const AuditQuery& query) {
  if (Status is = ready(); !is) return is.error();
  return read_audit(*db_, hasher_, query);
}

Result<AuditHead> Reader::audit_head(WorkspaceId workspace) {
  if (Status is = ready(); !is) return is.error();
  return audit_end(*db_, hasher_, workspace);
}

}  // namespace troupe::sqlite
