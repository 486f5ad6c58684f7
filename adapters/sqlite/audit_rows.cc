#include "adapters/sqlite/audit_rows.h"

#include <algorithm>
#include <limits>

#include "adapters/sqlite/reading.h"
#include "runtime/store/changes.h"
#include "runtime/store/found.h"

namespace troupe::sqlite {

using namespace store;

Result<AuditHead> audit_end(Database& db, const Hasher& hasher, WorkspaceId workspace) {
  const auto last = read_audit(db, hasher, {.workspace = workspace, .newest_first = true,
                                            .limit = 1});
  if (!last) return last.error();
  return last->empty() ? AuditHead{} : last->front().entry.head;
}

Status append_audit(Database& db, const Hasher& hasher, const AuditLines& lines) {
  AuditHeads heads;
  for (const WorkspaceId log : logs_of(lines)) {
    const auto end = audit_end(db, hasher, log);
    if (!end) return end.error();
    heads[log] = *end;
  }
  for (const AuditRow& row : sealed(lines, heads)) {
    const std::string body = encode(hasher, row);
    const Status done =
        db.prepare("INSERT INTO audit(workspace, n, project, body) VALUES(?1,?2,?3,?4)")
            .id(1, row.workspace)
            .number(2, row.entry.head.n)
            .id(3, row.project)
            .blob(4, body)
            .run();
    if (!done) return done;
  }
  return ok();
}

Result<std::vector<AuditRow>> read_audit(Database& db, const Hasher& hasher,
                                         const AuditQuery& query) {
  constexpr auto kEnd = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::string order = query.newest_first ? "n DESC" : "n";
  Statement select = db.prepare("SELECT body FROM audit WHERE workspace=?1 AND n>?2 AND n<?3 "
                                "ORDER BY " + order + " LIMIT ?4");
  select.id(1, query.workspace).number(2, std::min(query.after, kEnd));
  select.number(3, query.before == 0 ? kEnd : std::min(query.before, kEnd));
  select.number(4, query.limit);
  std::vector<AuditRow> rows;
  if (Status done = collect(select, 0, hasher, rows); !done) return done.error();
  return audit_piece(query, std::move(rows));
}

}  // namespace troupe::sqlite
