#include "adapters/sqlite/writer.h"
#include "runtime/journal/row_codec.h"
#include "runtime/port/catalog.h"

namespace troupe::sqlite {

using namespace store;

namespace {

Status taken(Status done, const char* what) {
  if (done || done.error().code != Code::kConflict) return done;
  return Error{Code::kConflict, what, {}};
}

}  // namespace

Result<Workspace> Writer::create_workspace(const Workspace& workspace) {
  const std::string body = encode(hasher_, workspace);
  const Status done = transact([&] {
    return taken(db_->prepare("INSERT INTO workspaces(id, slug, body) VALUES(?1,?2,?3)")
                     .id(1, workspace.id)
                     .text(2, workspace.slug)
                     .blob(3, body)
                     .run(),
                 kWorkspaceTaken);
  });
  if (!done) return done.error();
  return workspace;
}

Result<Project> Writer::create_project(const Project& project) {
  const std::string body = encode(hasher_, project);
  const Status done = transact([&] {
    return taken(
        db_->prepare("INSERT INTO projects(id, workspace, slug, body) VALUES(?1,?2,?3,?4)")
            .id(1, project.id)
            .id(2, project.workspace)
            .text(3, project.slug)
            .blob(4, body)
            .run(),
        kProjectTaken);
  });
  if (!done) return done.error();
  return project;
}

Result<Workflow> Writer::create_workflow(const Workflow& workflow, const Along& along) {
  const Workflow row = first_draft(workflow);
  const std::string body = encode(hasher_, row);
  const Status done = transact([&]() -> Status {
    const auto scope = scopes_.of(row.workspace, row.project);
    if (!scope) return scope.error();
    const Status put = taken(
        db_->prepare("INSERT INTO workflows(id, scope, archived, created, body) "
                     "VALUES(?1,?2,?3,?4,?5)")
            .id(1, row.id)
            .integer(2, *scope)
            .integer(3, row.archived)
            .integer(4, row.created.us)
            .blob(5, body)
            .run(),
        kWorkflowTaken);
    return put ? put_along(along) : put;
  });
  if (!done) return done.error();
  return row;
}

Result<Workflow> Writer::find_workflow(WorkflowId id) {
  Statement select = db_->prepare("SELECT body FROM workflows WHERE id=?1");
  const Result<bool> found = select.id(1, id).step();
  if (!found) return found.error();
  if (!*found) return no_workflow();
  return decode<Workflow>(hasher_, select.blob_at(0));
}

Result<Workflow> Writer::update_workflow(const Workflow& workflow, std::uint64_t expected_etag,
                                         const Along& along) {
  Workflow row;
  const Status done = transact([&]() -> Status {
    const auto current = find_workflow(workflow.id);
    if (!current) return current.error();
    auto changed = changed_draft(*current, workflow, expected_etag);
    if (!changed) return changed.error();
    row = *std::move(changed);
    const std::string body = encode(hasher_, row);
    const Status put = db_->prepare("UPDATE workflows SET archived=?2, body=?3 WHERE id=?1")
                           .id(1, row.id)
                           .integer(2, row.archived)
                           .blob(3, body)
                           .run();
    return put ? put_along(along) : put;
  });
  if (!done) return done.error();
  return row;
}

Result<Version> Writer::publish(const TenantScope& scope, const Version& version,
                                const Along& along) {
  Version row;
  const Status done = transact([&]() -> Status {
    auto workflow = find_workflow(version.workflow);
    if (!workflow) return workflow.error();
    auto next = next_version(scope, *workflow, version);
    if (!next) return next.error();
    row = *std::move(next);
    const std::string draft = encode(hasher_, *workflow);
    const Status updated = db_->prepare("UPDATE workflows SET body=?2 WHERE id=?1")
                               .id(1, workflow->id)
                               .blob(2, draft)
                               .run();
    if (!updated) return updated;
    const std::string body = encode(hasher_, row);
    const Status put =
        db_->prepare("INSERT INTO versions(workflow, version, body) VALUES(?1,?2,?3)")
            .id(1, row.workflow)
            .integer(2, row.version)
            .blob(3, body)
            .run();
    return put ? put_along(along, row.version) : put;
  });
  if (!done) return done.error();
  return row;
}

}  // namespace troupe::sqlite
