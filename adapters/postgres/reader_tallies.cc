#include "adapters/postgres/reader.h"
#include "adapters/postgres/reading.h"

namespace troupe::postgres {

using namespace store;

Result<std::vector<std::uint64_t>> Reader::open_runs_of(
    const TenantScope& scope, const std::optional<WorkflowId>& workflow) {
  Parameters parameters = scope_parameters(scope);
  if (workflow) parameters.id(*workflow);
  static_assert(static_cast<int>(RunStatus::kCompleted) == 4, "one range of an index for each");
  const auto answer = seen(
      scope,
      in_scope("s.status, sum(r.runs)::int8",
               "generate_series(0, 3) AS s(status) CROSS JOIN LATERAL (SELECT count(*) AS runs "
               "FROM runs WHERE " + in_index(workflow.has_value(), "$3") +
                   "scope=c.n AND runs.status=s.status) AS r") +
          " GROUP BY s.status",
      parameters);
  if (!answer) return answer.error();
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(RunStatus::kCompleted));
  for (int row = 0; row < answer->rows(); ++row) {
    counts[answer->number_at(row, 0)] = answer->number_at(row, 1);
  }
  return counts;
}

Result<std::vector<Tally>> Reader::tallies(const TenantScope& scope, const TallyQuery& query) {
  Parameters parameters = scope_parameters(scope);
  parameters.integer(query.from).integer(query.until);
  if (query.workflow) parameters.id(*query.workflow);
  const std::string workflow = query.by_workflow ? "t.workflow" : "NULL::uuid";
  const auto answer = seen(
      scope,
      in_scope("t.hour, t.kind, sum(t.runs)::int8, sum(t.steps)::int8, sum(t.ms)::int8, " +
                   workflow,
               "tallies AS t") +
          " AND t.scope=c.n AND t.hour>=$3 AND t.hour<$4" +
          (query.workflow ? " AND t.workflow=$5" : "") + " GROUP BY 1, 2, 6 ORDER BY 1, 2, 6",
      parameters);
  if (!answer) return answer.error();
  std::vector<Tally> all;
  for (int row = 0; row < answer->rows(); ++row) {
    all.push_back({WorkflowId(answer->id_at(row, 5)), answer->integer_at(row, 0),
                   static_cast<std::uint32_t>(answer->integer_at(row, 1)),
                   answer->number_at(row, 2), answer->number_at(row, 3),
                   answer->number_at(row, 4)});
  }
  return all;
}

}  // namespace troupe::postgres
