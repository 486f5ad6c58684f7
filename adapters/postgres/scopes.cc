#include "adapters/postgres/scopes.h"

#include "adapters/postgres/schema.h"

namespace troupe::postgres {

Result<std::int64_t> ScopeNumbers::of(WorkspaceId workspace, ProjectId project) {
  if (const auto known = known_.number_of(workspace, project)) return *known;
  constexpr const char* kFind = "SELECT n FROM scopes WHERE workspace=$1 AND project=$2";
  auto number = db_.query_integer(kFind, Parameters().id(workspace).id(project));
  if (number && *number == 0) {
    if (Status locked = lock_making(db_, schema_); !locked) return locked.error();
    // Another node may have made it meanwhile: what it has committed is seen from here on.
    number = db_.query_integer(kFind, Parameters().id(workspace).id(project));
  }
  if (number && *number == 0) {
    number = db_.query_integer("INSERT INTO scopes(workspace, project) VALUES($1,$2) RETURNING n",
                               Parameters().id(workspace).id(project));
  }
  if (number) known_.add(workspace, project, *number);
  return number;
}

}  // namespace troupe::postgres
