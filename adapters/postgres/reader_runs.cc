#include "adapters/postgres/reader.h"
#include "adapters/postgres/reading.h"

namespace troupe::postgres {

using namespace store;

/// A list of runs, resolved: which rows it looks at and where the page begins.
struct Reader::RunQuery {
  const TenantScope& scope;
  const RunFilter& filter;
  Cursor cursor;
  std::int64_t created_from;
  std::int64_t created_to;  ///< inclusive
  std::size_t limit;

  bool by_external() const { return filter.external_id && !filter.external_id->empty(); }
  /// A prefix beside an external id that it does not begin can only mean the run's id.
  bool narrows_id() const {
    return filter.external_id && !filter.external_id->starts_with(filter.q);
  }
  /// What all of the list's statements share: $1, $2 scope, $3…$6 range and cursor, $7 limit, $8
  /// workflow, $9 status, $10, $11 a range of ids. What a list does not filter by is not there.
  Parameters parameters() const {
    Parameters all = scope_parameters(scope);
    all.integer(created_from).integer(created_to).integer(cursor.at).id(cursor.id).number(limit);
    filter.workflow ? all.id(*filter.workflow) : all.null(Type::kId);
    filter.status ? all.integer(static_cast<std::int64_t>(*filter.status))
                  : all.null(Type::kInteger);
    // No id lies in the range of a prefix that none has.
    const auto ids = id_range(filter.q).value_or(std::pair(newest_end().id, Uuid()));
    all.id(ids.first).id(ids.second);
    return all;
  }
  /// Conditions on columns that the walked index does not lead with.
  std::string other_conditions() const {
    std::string sql;
    if (filter.workflow) sql += " AND workflow=$8";
    if (filter.status) sql += " AND status=$9";
    if (narrows_id()) sql += " AND id>=$10 AND id<=$11";
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

}  // namespace

Result<std::optional<RunRow>> Reader::run(const TenantScope& scope, RunId id) {
  auto row = run_unscoped(id);
  if (row && *row && !visible(scope, (*row)->workspace, (*row)->project)) row->reset();
  return row;
}

Result<std::optional<RunRow>> Reader::run_unscoped(RunId id) {
  auto row = find<RunRow>(query("SELECT body FROM runs WHERE id=$1", Parameters().id(id)), hasher_);
  if (row && *row && (*row)->id != id) return corrupt("a run stands under another's id");
  return row;
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
  const auto from = decode_cursor(ListKind::kRuns, page.cursor);
  if (!from) return from.error();
  const Cursor cursor = from->value_or(newest_end());
  const std::int64_t last = filter.to.set() ? filter.to.us - 1 : newest_end().at;
  const RunQuery query{scope,
                       filter,
                       cursor,
                       filter.from.set() ? filter.from.us : oldest_end().at,
                       std::min(last, cursor.at),
                       limit_of(page) + 1};
  std::vector<RunRow> rows;
  Status done = ok();
  if (query.by_external() || !filter.q.empty()) {
    done = runs_by_external(query, rows);
    if (done && !filter.q.empty() && !query.by_external()) done = runs_by_id_prefix(query, rows);
  } else {
    done = runs_by_status(query, rows);
  }
  if (!done) return done.error();
  for (const RunRow& row : rows) {
    if (!visible(scope, row.workspace, row.project)) return corrupt("a run changed its scope");
  }
  std::erase_if(rows, [&](const RunRow& row) { return !matches(filter, row); });
  return page_of(std::move(rows), ListKind::kRuns, limit_of(page), true,
                 [](const RunRow& row) { return Cursor{row.created.us, row.id}; });
}

Status Reader::runs_by_status(const RunQuery& query, std::vector<RunRow>& rows) {
  // Each status is a range of the index of its own, so a list without one merges them all.
  const std::string statuses = query.filter.status ? "(VALUES ($9))" : "generate_series(0, 6)";
  static_assert(static_cast<int>(RunStatus::kStopped) == 6);
  const std::string by_workflow = query.filter.workflow ? "workflow=$8 AND " : "";
  const std::string sql = newest_runs(by_workflow + "scope=c.n AND status=s.status",
                                      statuses + " AS s(status) CROSS JOIN ");
  const std::size_t before = rows.size();
  const Status done = collect(this->query(sql, query.parameters()), hasher_, rows);
  if (!done || !query.filter.status) return done;
  for (std::size_t i = before; i < rows.size(); ++i) {
    if (rows[i].status != *query.filter.status) {
      return corrupt("a run's status differs from its body");
    }
  }
  return ok();
}

Status Reader::runs_by_external(const RunQuery& query, std::vector<RunRow>& rows) {
  const RunFilter& filter = query.filter;
  const std::string match =
      query.by_external() ? "external_id=$12" : "external_id>=$12 AND external_id<$13";
  const std::string wanted = query.by_external() ? *filter.external_id : filter.q;
  const std::string end = filter.q + "\xFF";  // no UTF-8 text holds this byte
  const std::string sql = newest_runs("scope=c.n AND external_id<>'' AND " + match +
                                      query.other_conditions());
  return collect(this->query(sql, query.parameters().blob(wanted).blob(end)), hasher_, rows);
}

Status Reader::runs_by_id_prefix(const RunQuery& query, std::vector<RunRow>& rows) {
  if (!id_range(query.filter.q)) return ok();
  // The sum keeps the planner on the primary key: a prefix is given to find few.
  const std::string sql =
      newest_runs("id>=$10 AND id<=$11 AND scope+0=c.n" + query.other_conditions());
  return collect(this->query(sql, query.parameters()), hasher_, rows);
}

Result<std::vector<std::uint64_t>> Reader::open_runs() {
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(RunStatus::kCompleted));
  static_assert(static_cast<int>(RunStatus::kCompleted) == 4, "as in the index runs_open");
  const auto answer = query(
      "SELECT status, count(*) FROM runs WHERE status<4 AND scope<>0 GROUP BY status");
  if (!answer) return answer.error();
  for (int row = 0; row < answer->rows(); ++row) {
    counts[answer->number_at(row, 0)] = answer->number_at(row, 1);
  }
  return counts;
}

}  // namespace troupe::postgres
