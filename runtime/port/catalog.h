#pragma once

#include "runtime/base/result.h"
#include "runtime/port/store.h"

namespace troupe::store {

/// What changes of the catalog make of the rows that are there, in every store alike.

/// A workflow as it begins: no version yet.
Workflow first_draft(Workflow workflow);

/// The draft that `current` becomes. kNotFound if `wanted` names another project;
/// kPreconditionFailed if the etag is another one. An expected etag of 0 fits any.
Result<Workflow> changed_draft(const Workflow& current,
                               Workflow wanted,
                               std::uint64_t expected_etag);

/// The version, with the next number, which `workflow` then counts as its latest. kNotFound if the
/// scope may not see the workflow.
Result<Version> next_version(const TenantScope& scope, Workflow& workflow, Version version);

Error no_workflow();
Error document_taken();

/// Why a new row's key is a conflict.
inline constexpr const char* kWorkspaceTaken = "There is a workspace of this slug already.";
inline constexpr const char* kProjectTaken = "There is a project of this slug already.";
inline constexpr const char* kWorkflowTaken = "There is a workflow of this id already.";

}  // namespace troupe::store
