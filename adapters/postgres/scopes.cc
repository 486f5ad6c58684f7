#include "adapters/postgres/scopes.h"

namespace troupe::postgres {

Result<std::int64_t> ScopeNumbers::of(WorkspaceId workspace, ProjectId project) {
  const Key key{workspace, project};
  if (const auto it = numbers_.find(key); it != numbers_.end()) return it->second;
  // An update that changes nothing, because a conflict that does nothing returns no row either.
  const auto number = db_.query_integer(
      "INSERT INTO scopes(workspace, project) VALUES($1,$2) ON CONFLICT(workspace, project) "
      "DO UPDATE SET project=excluded.project RETURNING n",
      Parameters().id(workspace).id(project));
  if (!number) return number;
  numbers_.emplace(key, *number);
  return number;
}

}  // namespace troupe::postgres
