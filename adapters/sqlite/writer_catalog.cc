#include "adapters/sqlite/writer.h"
#include "runtime/journal/row_codec.h"
#include "runtime/port/paging.h"

namespace troupe::sqlite {

using namespace store;

namespace {

Status taken(Status done, const char* what) {
  if (done || done.error().code != Code::kConflict) return done;
  return Error{Code::kConflict, what, {}};
}

Error no_workflow() { return {Code::kNotFound, "There is no such workflow.", {}}; }

}  // namespace

Result<Workspace> Writer::create_workspace(const Workspace& workspace) {
  const std::string body = encode(hasher_, workspace);
  const Status done = transact([&] {
    return taken(db_->prepare("INSERT INTO workspaces(id, slug, body) VALUES(?1,?2,?3)")
                     .id(1, workspace.id)
                     .text(2, workspace.slug)
                     .blob(3, body)
                     .run(),
                 "There is a workspace of this slug already.");
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
        "There is a project of this slug already.");
  });
  if (!done) return done.error();
  return project;
}

Result<Workflow> Writer::create_workflow(const Workflow& workflow) {
  Workflow row = workflow;
  row.etag = 1;
  row.latest_version = 0;
  const std::string body = encode(hasher_, row);
  const Status done = transact([&]() -> Status {
    const auto scope = scopes_.of(row.workspace, row.project);
    if (!scope) return scope.error();
    return taken(db_->prepare("INSERT INTO workflows(id, scope, archived, created, body) "
                              "VALUES(?1,?2,?3,?4,?5)")
                     .id(1, row.id)
                     .integer(2, *scope)
                     .integer(3, row.archived)
                     .integer(4, row.created.us)
                     .blob(5, body)
                     .run(),
                 "There is a workflow of this id already.");
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

Result<Workflow> Writer::update_workflow(const Workflow& workflow, std::uint64_t expected_etag) {
  Workflow row = workflow;
  const Status done = transact([&]() -> Status {
    const auto current = find_workflow(workflow.id);
    if (!current) return current.error();
    if (current->workspace != workflow.workspace || current->project != workflow.project) {
      return no_workflow();
    }
    if (expected_etag != 0 && expected_etag != current->etag) {
      return Error{Code::kPreconditionFailed, "The draft has changed since it was read.", {}};
    }
    row.etag = current->etag + 1;
    row.latest_version = current->latest_version;
    row.created = current->created;
    const std::string body = encode(hasher_, row);
    return db_->prepare("UPDATE workflows SET archived=?2, body=?3 WHERE id=?1")
        .id(1, row.id)
        .integer(2, row.archived)
        .blob(3, body)
        .run();
  });
  if (!done) return done.error();
  return row;
}

Result<Version> Writer::publish(const TenantScope& scope, const Version& version) {
  Version row = version;
  const Status done = transact([&]() -> Status {
    auto workflow = find_workflow(version.workflow);
    if (!workflow) return workflow.error();
    if (!visible(scope, workflow->workspace, workflow->project)) return no_workflow();
    row.version = ++workflow->latest_version;
    const std::string draft = encode(hasher_, *workflow);
    const Status updated = db_->prepare("UPDATE workflows SET body=?2 WHERE id=?1")
                               .id(1, workflow->id)
                               .blob(2, draft)
                               .run();
    if (!updated) return updated;
    const std::string body = encode(hasher_, row);
    return db_->prepare("INSERT INTO versions(workflow, version, body) VALUES(?1,?2,?3)")
        .id(1, row.workflow)
        .integer(2, row.version)
        .blob(3, body)
        .run();
  });
  if (!done) return done.error();
  return row;
}

}  // namespace troupe::sqlite
