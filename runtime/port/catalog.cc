#include "runtime/port/catalog.h"

#include "runtime/port/paging.h"

namespace troupe::store {

Workflow first_draft(Workflow workflow) {
  workflow.etag = 1;
  workflow.latest_version = 0;
  return workflow;
}

Result<Workflow> changed_draft(const Workflow& current,
                               Workflow wanted,
                               std::uint64_t expected_etag) {
  if (current.workspace != wanted.workspace || current.project != wanted.project) {
    return no_workflow();
  }
  if (expected_etag != 0 && expected_etag != current.etag) {
    return Error{Code::kPreconditionFailed, "The draft has changed since it was read.", {}};
  }
  wanted.etag = current.etag + 1;
  wanted.latest_version = current.latest_version;
  wanted.created = current.created;
  return wanted;
}

Result<Version> next_version(const TenantScope& scope, Workflow& workflow, Version version) {
  if (!visible(scope, workflow.workspace, workflow.project)) return no_workflow();
  version.version = ++workflow.latest_version;
  return version;
}

Error document_taken() {
  return {Code::kConflict, "There is a document of this kind and key already.", {}};
}

Error no_workflow() { return {Code::kNotFound, "There is no such workflow.", {}}; }

}  // namespace troupe::store
