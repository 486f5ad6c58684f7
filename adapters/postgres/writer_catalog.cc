#include "adapters/postgres/writer.h"
#include "runtime/journal/row_codec.h"
#include "runtime/port/catalog.h"

namespace troupe::postgres {

using namespace store;

namespace {

/// The row, or why it could not be written: `conflict` where its key or slug is taken.
template <class Row>
Result<Row> written(const Status& done, Row row, const char* conflict) {
  if (done) return row;
  if (done.error().code == Code::kConflict) return Error{Code::kConflict, conflict, {}};
  return done.error();
}

/// In a row of its own, which only changes of the catalog wait for.
Request next_catalog() { return {"UPDATE meta SET value=value+1 WHERE key='catalog'", {}}; }

}  // namespace

Result<Workspace> Writer::create_workspace(const Workspace& workspace) {
  const std::string body = encode(hasher_, workspace);
  const Status done = transact([&](std::vector<Request>& last) {
    last.push_back(insert(workspace, body));
    return ok();
  });
  return written(done, workspace, kWorkspaceTaken);
}

Result<Project> Writer::create_project(const Project& project) {
  const std::string body = encode(hasher_, project);
  const Status done = transact([&](std::vector<Request>& last) {
    last.push_back(insert(project, body));
    return ok();
  });
  return written(done, project, kProjectTaken);
}

Result<Workflow> Writer::create_workflow(const Workflow& workflow, const Along& along) {
  const Workflow row = first_draft(workflow);
  const std::string body = encode(hasher_, row);
  const Status done = transact([&](std::vector<Request>& last) -> Status {
    const auto scope = rows_.scope_of(row.workspace, row.project);
    if (!scope) return scope.error();
    last.push_back(insert(row, *scope, body));
    return put_along(along, 0, last);
  });
  return written(done, row, kWorkflowTaken);
}

Result<Workflow> Writer::find_workflow(WorkflowId id) {
  const auto found =
      db_.query("SELECT body FROM workflows WHERE id=$1 FOR UPDATE", Parameters().id(id));
  if (!found) return found.error();
  if (found->rows() == 0) return no_workflow();
  return decode<Workflow>(hasher_, found->blob_at(0, 0));
}

Result<Workflow> Writer::update_workflow(const Workflow& workflow, std::uint64_t expected_etag,
                                         const Along& along) {
  Workflow row;
  std::string body;
  const Status done = transact([&](std::vector<Request>& last) -> Status {
    const auto current = find_workflow(workflow.id);
    if (!current) return current.error();
    auto changed = changed_draft(*current, workflow, expected_etag);
    if (!changed) return changed.error();
    row = *std::move(changed);
    body = encode(hasher_, row);
    last.push_back({"UPDATE workflows SET archived=$2, body=$3 WHERE id=$1",
                    Parameters().id(row.id).integer(row.archived).blob(body)});
    if (Status put = put_along(along, 0, last); !put) return put;
    last.push_back(next_catalog());
    return ok();
  });
  if (!done) return done.error();
  return row;
}

Result<Version> Writer::publish(const TenantScope& scope, const Version& version,
                                const Along& along) {
  Version row;
  std::string draft;
  std::string body;
  const Status done = transact([&](std::vector<Request>& last) -> Status {
    auto workflow = find_workflow(version.workflow);
    if (!workflow) return workflow.error();
    auto next = next_version(scope, *workflow, version);
    if (!next) return next.error();
    row = *std::move(next);
    draft = encode(hasher_, *workflow);
    body = encode(hasher_, row);
    last.push_back({"UPDATE workflows SET body=$2 WHERE id=$1",
                    Parameters().id(workflow->id).blob(draft)});
    last.push_back(insert(row, body));
    if (Status put = put_along(along, row.version, last); !put) return put;
    last.push_back(next_catalog());
    return ok();
  });
  if (!done) return done.error();
  return row;
}

}  // namespace troupe::postgres
