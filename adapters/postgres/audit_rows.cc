#include "adapters/postgres/audit_rows.h"

#include <algorithm>
#include <limits>
#include <map>

#include "adapters/postgres/reading.h"
#include "runtime/store/changes.h"
#include "runtime/store/found.h"

namespace troupe::postgres {

using namespace store;

namespace {

/// A log's end as `audit_heads` keeps it.
std::string head_body(const Hasher& hasher, WorkspaceId log, const AuditHead& head) {
  return encode(hasher, AuditRow{log, {}, {head, {}}});
}

/// The ends of these logs, until the transaction ends nobody else's to move. In the order of their
/// ids, so that nobody waits in a circle.
Result<AuditHeads> hold_heads(Connection& db, const Hasher& hasher,
                              const std::vector<WorkspaceId>& logs) {
  Column ids(Type::kId), bodies(Type::kBytes);
  for (const WorkspaceId log : logs) {
    ids.id(log);
    bodies.blob(head_body(hasher, log, {}));
  }
  const auto held = db.query(
      "INSERT INTO audit_heads AS h SELECT * FROM unnest($1,$2) ON CONFLICT(workspace) DO UPDATE "
      "SET body=h.body RETURNING h.body, h.workspace",
      Parameters::of(std::move(ids), std::move(bodies)));
  std::vector<AuditRow> rows;
  if (Status done = collect(held, hasher, rows); !done) return done.error();
  AuditHeads heads;
  for (int row = 0; row < held->rows(); ++row) {
    const AuditRow& end = rows[static_cast<std::size_t>(row)];
    if (end.workspace != WorkspaceId(held->id_at(row, 1))) {
      return corrupt("the end of an audit log stands under another's id");
    }
    heads[end.workspace] = end.entry.head;
  }
  return heads;
}

}  // namespace

Status append_audit(Connection& db, const Hasher& hasher, const AuditLines& lines,
                    std::vector<Request>& last) {
  if (lines.empty()) return ok();
  auto heads = hold_heads(db, hasher, logs_of(lines));
  if (!heads) return heads.error();
  write_audit(hasher, sealed(lines, *heads), last);
  return ok();
}

void write_audit(const Hasher& hasher, const std::vector<AuditRow>& rows,
                 std::vector<Request>& last) {
  if (rows.empty()) return;
  Column logs(Type::kId), numbers(Type::kInteger), projects(Type::kId), bodies(Type::kBytes),
      ends(Type::kId), end_bodies(Type::kBytes);
  AuditHeads heads;
  for (const AuditRow& row : rows) {
    logs.id(row.workspace);
    numbers.integer(static_cast<std::int64_t>(row.entry.head.n));
    projects.id(row.project);
    bodies.blob(encode(hasher, row));
    heads[row.workspace] = row.entry.head;
  }
  for (const auto& [log, head] : heads) {
    ends.id(log);
    end_bodies.blob(head_body(hasher, log, head));
  }
  last.push_back({"INSERT INTO audit(workspace, n, project, body) "
                  "SELECT * FROM unnest($1,$2,$3,$4)",
                  Parameters::of(std::move(logs), std::move(numbers), std::move(projects),
                                 std::move(bodies))});
  last.push_back({"INSERT INTO audit_heads SELECT * FROM unnest($1,$2) "
                  "ON CONFLICT(workspace) DO UPDATE SET body=excluded.body",
                  Parameters::of(std::move(ends), std::move(end_bodies))});
}

Result<std::vector<AuditRow>> read_audit(const Ask& ask, const Hasher& hasher,
                                         const AuditQuery& query) {
  constexpr auto kEnd = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::string order = query.newest_first ? "n DESC" : "n";
  const auto answer = ask("SELECT body FROM audit WHERE workspace=$1 AND n>$2 AND n<$3 "
                          "ORDER BY " + order + " LIMIT $4",
                          Parameters()
                              .id(query.workspace)
                              .number(std::min(query.after, kEnd))
                              .number(query.before == 0 ? kEnd : std::min(query.before, kEnd))
                              .number(query.limit));
  std::vector<AuditRow> rows;
  if (Status done = collect(answer, hasher, rows); !done) return done.error();
  return audit_piece(query, std::move(rows));
}

}  // namespace troupe::postgres
