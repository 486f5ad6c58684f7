#include "adapters/sqlite/reader.h"
#include "adapters/sqlite/reading.h"
#include "adapters/sqlite/scopes.h"
#include "runtime/store/found.h"
#include "runtime/store/run_list.h"

namespace troupe::sqlite {

using namespace store;

/// A list of runs, walked scope by scope.
struct Reader::RunQuery {
  const RunList list;
  const std::vector<std::int64_t> scopes;

  /// Binds what all of the list's statements share: ?1 scope, ?2…?5 range and cursor, ?6 limit.
  void bind(Statement& select, std::int64_t scope) const {
    select.integer(1, scope).integer(2, list.created_from).integer(3, list.created_to);
    select.integer(4, list.from.at).id(5, list.from.id).number(6, list.limit);
  }
};

namespace {

constexpr std::string_view kRange =
    " AND created>=?2 AND created<=?3 AND (created, id)<(?4, ?5) "
    "ORDER BY created DESC, id DESC LIMIT ?6";

/// Conditions on columns that the walked index does not lead with.
std::string other_conditions(const RunList& list) {
  std::string sql;
  if (list.filter.workflow) sql += " AND workflow=?9";
  if (list.filter.status) sql += " AND status=?10";
  if (list.narrows_id()) sql += " AND id>=?11 AND id<=?12";
  return sql;
}

void bind_other_conditions(Statement& select, const RunList& list) {
  if (list.filter.workflow) select.id(9, *list.filter.workflow);
  if (list.filter.status) select.integer(10, static_cast<std::int64_t>(*list.filter.status));
  if (list.narrows_id()) {
    const auto ids = list.ids();
    select.id(11, ids.first).id(12, ids.second);
  }
}

}  // namespace

Result<std::optional<RunRow>> Reader::run(const TenantScope& scope, RunId id) {
  return visible_to(scope, run_unscoped(id));
}

Result<std::optional<RunRow>> Reader::run_unscoped(RunId id) {
  if (Status is = ready(); !is) return is.error();
  Statement select = db_->prepare("SELECT body FROM runs WHERE id=?1");
  select.id(1, id);
  return under(id, find<RunRow>(select, hasher_));
}

Result<Rows<RunRow>> Reader::runs(const TenantScope& scope, const RunFilter& filter,
                                  const Page& page) {
  if (Status is = ready(); !is) return is.error();
  const auto list = RunList::of(filter, page);
  if (!list) return list.error();
  const ReadTransaction look(*db_);
  auto scopes = scope_numbers(*db_, scope);
  if (!scopes) return scopes.error();
  const RunQuery query{*list, *std::move(scopes)};
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
  const std::size_t most = RunList::sorted_max(query.scopes.size());
  std::vector<std::int64_t> few, many;
  for (const std::int64_t scope : query.scopes) {
    Statement count = db_->prepare("SELECT count(*) FROM (SELECT 1 FROM runs WHERE scope=?1 AND "
                                   "external_id<>'' AND external_id>=?2 AND external_id<?3 "
                                   "LIMIT ?4)");
    count.integer(1, scope).text(2, list.external()).text(3, end);
    const Result<bool> row = count.number(4, most + 1).step();
    if (!row) return row.error();
    (count.number_at(0) > most ? many : few).push_back(scope);
  }
  const Status done = runs_by_external({list, std::move(few)}, rows);
  return done ? runs_by_status({list, std::move(many)}, rows) : done;
}

Status Reader::runs_by_status(const RunQuery& query, std::vector<RunRow>& rows) {
  const RunFilter& filter = query.list.filter;
  const std::string by_workflow = filter.workflow ? "workflow=?8 AND " : "";
  // The unary plus keeps the planner on the list's own order.
  const bool searches = query.list.is_search();
  const std::string search = searches ? " AND +external_id>=?9 AND +external_id<?10" : "";
  const std::string end = query.list.external_end();
  const std::string sql = "SELECT body FROM runs WHERE " + by_workflow +
                          "scope=?1 AND status=?7" + search + std::string(kRange);
  for (int n = 0; n <= static_cast<int>(RunStatus::kStopped); ++n) {
    const auto status = static_cast<RunStatus>(n);
    if (filter.status && *filter.status != status) continue;
    for (const std::int64_t scope : query.scopes) {
      Statement select = db_->prepare(sql);
      query.bind(select, scope);
      select.integer(7, n);
      if (filter.workflow) select.id(8, *filter.workflow);
      if (searches) select.text(9, query.list.external()).text(10, end);
      const std::size_t before = rows.size();
      if (Status done = collect(select, 0, hasher_, rows); !done) return done;
      if (Status are = have_status(rows, before, status); !are) return are;
    }
  }
  return ok();
}

Status Reader::runs_by_external(const RunQuery& query, std::vector<RunRow>& rows) {
  const RunList& list = query.list;
  const std::string match =
      list.by_external() ? "external_id=?7" : "external_id>=?7 AND external_id<?8";
  const std::string end = list.external_end();
  const std::string sql = "SELECT body FROM runs WHERE scope=?1 AND external_id<>'' AND " + match +
                          other_conditions(list) + std::string(kRange);
  for (const std::int64_t scope : query.scopes) {
    Statement select = db_->prepare(sql);
    query.bind(select, scope);
    select.text(7, list.external());
    if (!list.by_external()) select.text(8, end);
    bind_other_conditions(select, list);
    if (Status done = collect(select, 0, hasher_, rows); !done) return done;
  }
  return ok();
}

Status Reader::runs_by_id_prefix(const RunQuery& query, std::vector<RunRow>& rows) {
  const auto ids = query.list.ids();
  // The unary plus keeps the planner on the primary key: a prefix is given to find few.
  const std::string sql = "SELECT body FROM runs WHERE id>=?7 AND id<=?8 AND +scope=?1" +
                          other_conditions(query.list) + std::string(kRange);
  for (const std::int64_t scope : query.scopes) {
    Statement select = db_->prepare(sql);
    query.bind(select, scope);
    select.id(7, ids.first).id(8, ids.second);
    bind_other_conditions(select, query.list);
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
