#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/postgres/connection.h"
#include "runtime/port/store.h"

namespace troupe::postgres {

// The second wall between tenants. What a tenant's caller reads is read as a role that sees, by row
// level security, only what settings of that one statement name: a condition that has been
// forgotten in a statement, or is wrong, shows nothing of anybody else. The role may read and
// nothing more, and nothing that belongs to no tenant. Writers and the engine's own reads are the
// owner's, to whom the policies do not apply.

/// Who reads for tenants in this schema. Roles belong to the whole server, hence the name.
std::string reader_role(std::string_view schema);

// Statements that take on the role, and a sight, until the transaction ends that they are sent in.

/// Rows of one scope, by its number.
Request see_scope(std::string_view schema, std::int64_t number);
/// Rows of a workspace's scopes, or of the one of a project.
Request see_scopes(std::string_view schema, const store::TenantScope& scope);
/// The same, and of the workspace as a whole: for workflows, which its projects share.
Request see_shared(std::string_view schema, const store::TenantScope& scope);
/// What names its workspace instead of a scope, and documents of the owner; unset ids are nobody's.
Request see_workspace(std::string_view schema, WorkspaceId workspace, const Uuid& owner = {});
/// The same of what belongs to no workspace.
Request see_installation(std::string_view schema);

/// The step of the schema that puts up the policies.
std::string wall_policies();
/// Makes the role if it is not there, and lets it read; inside the transaction that holds the
/// schema's lock. kConfigInvalid: this user may not make it; the message says who has to do what.
Status raise_wall(Connection& db, const std::string& schema);

}  // namespace troupe::postgres
