#include "adapters/sqlite/reader.h"
#include "adapters/sqlite/reading.h"
#include "adapters/sqlite/scopes.h"

namespace troupe::sqlite {

using namespace store;

/// A list of runs, resolved: which index ranges to walk and where the page begins.
struct Reader::RunQuery {
  const RunFilter& filter;
  std::vector<std::int64_t> scopes;
  Cursor cursor;
  std::int64_t created_from;
  std::int64_t created_to;  ///< inclusive
  std::size_t limit;

  bool by_external() const { return filter.external_id && !filter.external_id->empty(); }
  /// Binds what all of the list's statements share: ?1 scope, ?2…?5 range and cursor, ?6 limit.
  void bind(Statement& select, std::int64_t scope) const {
    select.integer(1, scope).integer(2, created_from).integer(3, created_to);
    select.integer(4, cursor.at).id(5, cursor.id).number(6, limit);
  }
};

namespace {

constexpr std::string_view kRange =
    " AND created>=?2 AND created<=?3 AND (created, id)<(?4, ?5) "
    "ORDER BY created DESC, id DESC LIMIT ?6";

/// Conditions on columns that the walked index does not lead with.
std::string other_conditions(const RunFilter& filter) {
  std::string sql;
  if (filter.workflow) sql += " AND workflow=?9";
  if (filter.status) sql += " AND status=?10";
  // A prefix beside an external id that it does not begin can only mean the run's id.
  if (filter.external_id && !filter.external_id->starts_with(filter.q)) {
    sql += " AND id>=?11 AND id<=?12";
  }
  return sql;
}

void bind_other_conditions(Statement& select, const RunFilter& filter) {
  if (filter.workflow) select.id(9, *filter.workflow);
  if (filter.status) select.integer(10, static_cast<std::int64_t>(*filter.status));
  if (filter.external_id && !filter.external_id->starts_with(filter.q)) {
    // No id lies in the range of a prefix that none has.
    const auto range = id_range(filter.q).value_or(std::pair(newest_end().id, Uuid()));
    select.id(11, range.first).id(12, range.second);
  }
}

}  // namespace

Result<std::optional<RunRow>> Reader::run(const TenantScope& scope, RunId id) {
  auto row = run_unscoped(id);
  if (row && *row && !visible(scope, (*row)->workspace, (*row)->project)) row->reset();
  return row;
}

Result<std::optional<RunRow>> Reader::run_unscoped(RunId id) {
  if (Status is = ready(); !is) return is.error();
  Statement select = db_->prepare("SELECT body FROM runs WHERE id=?1");
  select.id(1, id);
  auto row = find<RunRow>(select, hasher_);
  if (row && *row && (*row)->id != id) return corrupt("a run stands under another's id");
  return row;
}

Result<Rows<RunRow>> Reader::runs(const TenantScope& scope, const RunFilter& filter,
                                  const Page& page) {
  if (Status is = ready(); !is) return is.error();
  const auto from = decode_cursor(ListKind::kRuns, page.cursor);
  if (!from) return from.error();
  const ReadTransaction look(*db_);
  auto scopes = scope_numbers(*db_, scope);
  if (!scopes) return scopes.error();
  const Cursor cursor = from->value_or(newest_end());
  const std::int64_t last = filter.to.set() ? filter.to.us - 1 : newest_end().at;
  const RunQuery query{filter,
                       *std::move(scopes),
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
  const RunFilter& filter = query.filter;
  const std::string by_workflow = filter.workflow ? "workflow=?8 AND " : "";
  const std::string sql =
      "SELECT body FROM runs WHERE " + by_workflow + "scope=?1 AND status=?7" + std::string(kRange);
  for (int status = 0; status <= static_cast<int>(RunStatus::kStopped); ++status) {
    if (filter.status && static_cast<int>(*filter.status) != status) continue;
    for (const std::int64_t scope : query.scopes) {
      Statement select = db_->prepare(sql);
      query.bind(select, scope);
      select.integer(7, status);
      if (filter.workflow) select.id(8, *filter.workflow);
      const std::size_t before = rows.size();
      if (Status done = collect(select, 0, hasher_, rows); !done) return done;
      for (std::size_t i = before; i < rows.size(); ++i) {
        if (static_cast<int>(rows[i].status) != status) {
          return corrupt("a run's status differs from its body");
        }
      }
    }
  }
  return ok();
}

Status Reader::runs_by_external(const RunQuery& query, std::vector<RunRow>& rows) {
  const RunFilter& filter = query.filter;
  const std::string match =
      query.by_external() ? "external_id=?7" : "external_id>=?7 AND external_id<?8";
  const std::string wanted = query.by_external() ? *filter.external_id : filter.q;
  const std::string end = filter.q + "\xFF";  // no UTF-8 text holds this byte
  const std::string sql = "SELECT body FROM runs WHERE scope=?1 AND external_id<>'' AND " + match +
                          other_conditions(filter) + std::string(kRange);
  for (const std::int64_t scope : query.scopes) {
    Statement select = db_->prepare(sql);
    query.bind(select, scope);
    select.text(7, wanted);
    if (!query.by_external()) select.text(8, end);
    bind_other_conditions(select, filter);
    if (Status done = collect(select, 0, hasher_, rows); !done) return done;
  }
  return ok();
}

Status Reader::runs_by_id_prefix(const RunQuery& query, std::vector<RunRow>& rows) {
  const auto range = id_range(query.filter.q);
  if (!range) return ok();
  // The unary plus keeps the planner on the primary key: a prefix is given to find few.
  const std::string sql = "SELECT body FROM runs WHERE id>=?7 AND id<=?8 AND +scope=?1" +
                          other_conditions(query.filter) + std::string(kRange);
  for (const std::int64_t scope : query.scopes) {
    Statement select = db_->prepare(sql);
    query.bind(select, scope);
    select.id(7, range->first).id(8, range->second);
    bind_other_conditions(select, query.filter);
    if (Status done = collect(select, 0, hasher_, rows); !done) return done;
  }
  return ok();
}

Result<std::vector<std::uint64_t>> Reader::open_runs() {
  if (Status is = ready(); !is) return is.error();
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(RunStatus::kCompleted));
  const ReadTransaction look(*db_);
  for (std::size_t status = 0; status < counts.size(); ++status) {
    Statement select = db_->prepare(
        "SELECT count(*) FROM scopes CROSS JOIN runs ON runs.scope=scopes.n AND runs.status=?1");
    const Result<bool> row = select.number(1, status).step();
    if (!row) return row.error();
    counts[status] = select.number_at(0);
  }
  return counts;
}

}  // namespace troupe::sqlite
