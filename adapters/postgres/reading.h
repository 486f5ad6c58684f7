#pragma once

#include <optional>
#include <vector>

#include "adapters/postgres/connection.h"
#include "runtime/journal/row_codec.h"
#include "runtime/port/paging.h"

namespace troupe::postgres {

/// Decodes the bodies in the first column of an answer, appending to `rows`.
template <class Row>
Status collect(const Result<Answer>& answer, const Hasher& hasher, std::vector<Row>& rows) {
  if (!answer) return answer.error();
  for (int at = 0; at < answer->rows(); ++at) {
    auto row = store::decode<Row>(hasher, answer->blob_at(at, 0));
    if (!row) return row.error();
    rows.push_back(*std::move(row));
  }
  return ok();
}

/// The one row that a statement gave, if any.
template <class Row>
Result<std::optional<Row>> find(const Result<Answer>& answer, const Hasher& hasher) {
  std::vector<Row> rows;
  if (Status done = collect(answer, hasher, rows); !done) return done.error();
  if (rows.empty()) return std::optional<Row>();
  return std::optional<Row>(std::move(rows.front()));
}

/// For `= ANY($1)`.
inline Parameters any_of(const std::vector<RunId>& ids) {
  Column column(Type::kId);
  for (const RunId& id : ids) column.id(id);
  return Parameters::of(std::move(column));
}

/// `$1` and `$2` of every scoped statement: the workspace, and the project or nothing.
inline Parameters scope_parameters(const store::TenantScope& scope) {
  Parameters parameters;
  parameters.id(scope.workspace);
  if (scope.project) {
    parameters.id(*scope.project);
  } else {
    parameters.null(Type::kId);
  }
  return parameters;
}

/// Joins the numbers that the scope may see, `c.n`, to `rows`, which refers to them.
inline std::string in_scope(const std::string& columns, const std::string& rows,
                            const std::string& projects = "($2 IS NULL OR project=$2)") {
  return "SELECT " + columns + " FROM scopes AS c CROSS JOIN " + rows +
         " WHERE c.workspace=$1 AND " + projects;
}
/// Before `scope=c.n`: ranges of the index that fits, whatever the planner believes of the others.
inline std::string in_index(bool of_workflow, const std::string& workflow) {
  return of_workflow ? "workflow=" + workflow + " AND " : "scope<>0 AND ";
}
/// Instead of that condition: those of the workspace as a whole too.
inline constexpr const char* kShared =
    "($2 IS NULL OR project IN ($2, '00000000-0000-0000-0000-000000000000'))";

}  // namespace troupe::postgres
