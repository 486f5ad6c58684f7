#include "adapters/postgres/reader.h"
#include "adapters/postgres/reading.h"
#include "runtime/store/found.h"
#include "runtime/store/run_list.h"

namespace troupe::postgres {

using namespace store;

/// A list of runs in a scope.
struct Reader::RunQuery {
  const TenantScope& scope;
  const RunList list;
  std::vector<std::int64_t> only;  ///< of a search: the scopes to look into

  /// What all of the list's statements share: $1, $2 scope, $3…$6 range and cursor, $7 limit, $8
  /// workflow, $9 status, $10, $11 a range of ids. What a list does not filter by is not there.
  Parameters parameters() const {
    const RunFilter& filter = list.filter;
    Parameters all = scope_parameters(scope);
    all.integer(list.created_from).integer(list.created_to);
    all.integer(list.from.at).id(list.from.id).number(list.limit);
    filter.workflow ? all.id(*filter.workflow) : all.null(Type::kId);
    filter.status ? all.integer(static_cast<std::int64_t>(*filter.status))
                  : all.null(Type::kInteger);
    const auto ids = list.ids();
    all.id(ids.first).id(ids.second);
    return all;
  }
  /// Conditions on columns that the walked index does not lead with.
  std::string other_conditions() const {
    std::string sql;
    if (list.filter.workflow) sql += " AND workflow=$8";
    if (list.filter.status) sql += " AND status=$9";
    if (list.narrows_id()) sql += " AND id>=$10 AND id<=$11";
    return sql;
  }
};

namespace {

/// The newest runs that fulfil `condition`, which names the scope `c.n`. `more` joins what else it
/// refers to.
std::string newest_runs(const std::string& condition, const std::string& more = "") {
  const std::string rows =
      "LATERAL (SELECT body, created, id FROM runs WHERE " + condition +
      " AND created>=$3 AND created<=$4 AND (created, id)<($5, $6) "
      "ORDER BY created DESC, id DESC LIMIT $7) AS r";
  return in_scope("r.body", more + rows) + " ORDER BY r.created DESC, r.id DESC LIMIT $7";
}

Column numbers_of(const std::vector<std::int64_t>& scopes) {
  Column column(Type::kInteger);
  for (const std::int64_t scope : scopes) column.integer(scope);
  return column;
}

}  // namespace

Result<std::optional<RunRow>> Reader::run(const TenantScope& scope, RunId id) {
  const auto answer =
      seen(scope, "SELECT body FROM runs WHERE id=$1", Parameters().id(id));
  return visible_to(scope, under(id, find<RunRow>(answer, hasher_)));
}

Result<std::optional<RunRow>> Reader::run_unscoped(RunId id) {
  const auto answer = query("SELECT body FROM runs WHERE id=$1", Parameters().id(id));
  return under(id, find<RunRow>(answer, hasher_));
}

Result<std::vector<RunRow>> Reader::runs_unscoped(const std::vector<RunId>& ids) {
  std::vector<RunRow> rows;
  const auto answer = query("SELECT body, id FROM runs WHERE id = ANY($1)", any_of(ids));
  if (Status done = collect(answer, hasher_, rows); !done) return done.error();
  for (int row = 0; row < answer->rows(); ++row) {
    if (rows[static_cast<std::size_t>(row)].id != RunId(answer->id_at(row, 1))) {
      return corrupt("a run stands under another's id");
    }
  }
  return rows;
}

Result<Rows<RunRow>> Reader::runs(const TenantScope& scope, const RunFilter& filter,
                                  const Page& page) {
  const auto list = RunList::of(filter, page);
  if (!list) return list.error();
  const RunQuery query{scope, *list, {}};
  std::vector<RunRow> rows;
  Status done = list->is_search() ? runs_by_beginning(query, rows) : runs_by_status(query, rows);
  if (done && list->by_id_prefix()) done = runs_by_id_prefix(query, rows);
  if (!done) return done.error();
  return runs_page(scope, filter, std::move(rows), page);
}

Status Reader::runs_by_beginning(const RunQuery& query, std::vector<RunRow>& rows) {
  const RunList& list = query.list;
  if (!list.may_be_common()) return runs_by_external(query, rows);
  const std::string end = list.external_end();
  // A workspace has the more projects the less each of them has.
  const std::size_t most = RunList::sorted_max(query.scope.project ? 1 : 20);
  const auto counts = seen(
      query.scope,
      in_scope("c.n, r.found",
               "LATERAL (SELECT count(*) AS found FROM (SELECT 1 FROM runs WHERE scope=c.n AND "
               "external_id<>'' AND external_id>=$3 AND external_id<$4 LIMIT $5) AS first) AS r"),
      scope_parameters(query.scope).blob(list.external()).blob(end).number(most + 1));
  if (!counts) return counts.error();
  RunQuery few{query.scope, list, {}};
  RunQuery many{query.scope, list, {}};
  for (int row = 0; row < counts->rows(); ++row) {
    (counts->number_at(row, 1) > most ? many : few).only.push_back(counts->integer_at(row, 0));
  }
  const Status done = few.only.empty() ? ok() : runs_by_external(few, rows);
  return done && !many.only.empty() ? runs_by_status(many, rows) : done;
}

Status Reader::runs_by_status(const RunQuery& query, std::vector<RunRow>& rows) {
  const RunFilter& filter = query.list.filter;
  // Each status is a range of the index of its own, so a list without one merges them all.
  const std::string statuses = filter.status ? "(VALUES ($9))" : "generate_series(0, 6)";
  static_assert(static_cast<int>(RunStatus::kStopped) == 6);
  // The concatenation keeps the planner on the list's own order.
  const bool searches = query.list.is_search();
  const std::string search =
      searches ? " AND external_id||''>=$12 AND external_id||''<$13 AND c.n = ANY($14)" : "";
  const std::string end = query.list.external_end();
  const std::string sql = newest_runs(in_index(filter.workflow.has_value(), "$8") +
                                          "scope=c.n AND status=s.status" + search,
                                      statuses + " AS s(status) CROSS JOIN ");
  const std::size_t before = rows.size();
  Parameters parameters = query.parameters();
  if (searches) {
    parameters.blob(query.list.external()).blob(end).column(numbers_of(query.only));
  }
  const Status done = collect(seen(query.scope, sql, parameters), hasher_, rows);
  return done && filter.status ? have_status(rows, before, *filter.status) : done;
}

Status Reader::runs_by_external(const RunQuery& query, std::vector<RunRow>& rows) {
  const RunList& list = query.list;
  const std::string match =
      list.by_external() ? "external_id=$12" : "external_id>=$12 AND external_id<$13";
  const std::string end = list.external_end();
  const std::string only = query.only.empty() ? "" : " AND c.n = ANY($14)";
  const std::string sql = newest_runs("scope=c.n AND external_id<>'' AND " + match +
                                      query.other_conditions() + only);
  Parameters parameters = query.parameters().blob(list.external()).blob(end);
  if (!query.only.empty()) parameters.column(numbers_of(query.only));
  return collect(seen(query.scope, sql, parameters), hasher_, rows);
}

Status Reader::runs_by_id_prefix(const RunQuery& query, std::vector<RunRow>& rows) {
  // The sum keeps the planner on the primary key: a prefix is given to find few.
  const std::string sql =
      newest_runs("id>=$10 AND id<=$11 AND scope+0=c.n" + query.other_conditions());
  return collect(seen(query.scope, sql, query.parameters()), hasher_, rows);
}

Result<std::vector<std::uint64_t>> Reader::open_runs() {
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(RunStatus::kCompleted));
  static_assert(static_cast<int>(RunStatus::kCompleted) == 4, "as in the index runs_open");
  const auto answer = query(
      "SELECT status, count(*) FROM runs WHERE status<4 AND scope>0 GROUP BY status");
  if (!answer) return answer.error();
  for (int row = 0; row < answer->rows(); ++row) {
    counts[answer->number_at(row, 0)] = answer->number_at(row, 1);
  }
  return counts;
}

}  // namespace troupe::postgres
