#include "adapters/sqlite/reader.h"
#include "adapters/sqlite/scopes.h"
#include "runtime/store/tally.h"

namespace troupe::sqlite {

using namespace store;

Result<std::vector<std::uint64_t>> Reader::open_runs_of(
    const TenantScope& scope, const std::optional<WorkflowId>& workflow) {
  if (Status is = ready(); !is) return is.error();
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(RunStatus::kCompleted));
  const ReadTransaction look(*db_);
  const auto scopes = scope_numbers(*db_, scope);
  if (!scopes) return scopes.error();
  const std::string by_workflow = workflow ? "workflow=?3 AND " : "";
  for (const std::int64_t number : *scopes) {
    for (std::size_t status = 0; status < counts.size(); ++status) {
      Statement select = db_->prepare("SELECT count(*) FROM runs WHERE " + by_workflow +
                                      "scope=?1 AND status=?2");
      select.integer(1, number).number(2, status);
      if (workflow) select.id(3, *workflow);
      const Result<bool> row = select.step();
      if (!row) return row.error();
      counts[status] += select.number_at(0);
    }
  }
  return counts;
}

Result<std::vector<Tally>> Reader::tallies(const TenantScope& scope, const TallyQuery& query) {
  if (Status is = ready(); !is) return is.error();
  const ReadTransaction look(*db_);
  const auto scopes = scope_numbers(*db_, scope);
  if (!scopes) return scopes.error();
  TallySums sums;
  for (const std::int64_t number : *scopes) {
    const std::string workflow = query.by_workflow ? "workflow" : "NULL";
    Statement select = db_->prepare(
        "SELECT hour, kind, sum(runs), sum(steps), sum(ms), " + workflow +
        " FROM tallies WHERE scope=?1 AND hour>=?2 AND hour<?3" +
        (query.workflow ? " AND workflow=?4" : "") + " GROUP BY hour, kind" +
        (query.by_workflow ? ", workflow" : ""));
    select.integer(1, number).integer(2, query.from).integer(3, query.until);
    if (query.workflow) select.id(4, *query.workflow);
    for (;;) {
      const Result<bool> row = select.step();
      if (!row) return row.error();
      if (!*row) break;
      sums.add({WorkflowId(select.id_at(5)), select.integer_at(0),
                static_cast<std::uint32_t>(select.integer_at(1)), select.number_at(2),
                select.number_at(3), select.number_at(4)});
    }
  }
  return sums.list();
}

}  // namespace troupe::sqlite
