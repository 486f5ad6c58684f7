#include "adapters/sqlite/scopes.h"

namespace troupe::sqlite {

Result<std::int64_t> ScopeNumbers::of(WorkspaceId workspace, ProjectId project) {
  if (const auto known = known_.number_of(workspace, project)) return *known;
  const Status inserted =
      db_.prepare("INSERT INTO scopes(workspace, project) VALUES(?1,?2) ON CONFLICT DO NOTHING")
          .id(1, workspace)
          .id(2, project)
          .run();
  if (!inserted) return inserted.error();
  const auto numbers = scope_numbers(db_, {workspace, project});
  if (!numbers) return numbers.error();
  if (numbers->size() != 1) return Error{Code::kCorrupt, "A scope has no number.", {}};
  known_.add(workspace, project, numbers->front());
  return numbers->front();
}

Result<std::vector<std::int64_t>> scope_numbers(Database& db, const store::TenantScope& scope) {
  Statement select = db.prepare(
      scope.project ? "SELECT n FROM scopes WHERE workspace=?1 AND project=?2"
                    : "SELECT n FROM scopes WHERE workspace=?1");
  select.id(1, scope.workspace);
  if (scope.project) select.id(2, *scope.project);
  std::vector<std::int64_t> numbers;
  for (;;) {
    const Result<bool> row = select.step();
    if (!row) return row.error();
    if (!*row) return numbers;
    numbers.push_back(select.integer_at(0));
  }
}

}  // namespace troupe::sqlite
