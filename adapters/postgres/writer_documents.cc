#include <algorithm>

#include "adapters/postgres/audit_rows.h"
#include "adapters/postgres/document_rows.h"
#include "adapters/postgres/reading.h"
#include "adapters/postgres/writer.h"
#include "runtime/port/catalog.h"
#include "runtime/store/changes.h"

namespace troupe::postgres {

using namespace store;

namespace {

/// Held until the transaction ends; what comes behind it sees what was committed before. In order,
/// so that nobody waits in a circle; that two ids may share a number only makes them wait.
Status hold(Connection& db, const std::string& schema, const std::vector<Uuid>& locks) {
  if (locks.empty()) return ok();
  std::vector<Uuid> sorted = locks;
  std::sort(sorted.begin(), sorted.end());
  Column ids(Type::kId);
  for (const Uuid& id : sorted) ids.id(id);
  return db.run("SELECT pg_advisory_xact_lock(n) FROM (SELECT DISTINCT hashtextextended("
                "'troupe change " + schema + " '||id::text, 0) AS n FROM unnest($1) AS id "
                "ORDER BY n) AS numbers",
                Parameters::of(std::move(ids)));
}

Request put_place(const Workspace& row, std::string_view body) {
  return {"INSERT INTO workspaces(id, slug, body) VALUES($1,$2,$3) "
          "ON CONFLICT(id) DO UPDATE SET slug=excluded.slug, body=excluded.body",
          Parameters().id(row.id).blob(row.slug).blob(body)};
}

Request put_place(const Project& row, std::string_view body) {
  return {"INSERT INTO projects(id, workspace, slug, body) VALUES($1,$2,$3,$4) "
          "ON CONFLICT(id) DO UPDATE SET slug=excluded.slug, body=excluded.body",
          Parameters().id(row.id).id(row.workspace).blob(row.slug).blob(body)};
}

/// Each on its own, to know what is taken: a change has few of them.
template <class Row>
Status put_places(Connection& db, const Hasher& hasher, const std::vector<Row>& rows,
                  const char* conflict) {
  for (const Row& row : rows) {
    const std::string body = encode(hasher, row);
    const Request request = put_place(row, body);
    const Status done = db.run(request.sql, request.parameters);
    if (!done && done.error().code == Code::kConflict) return Error{Code::kConflict, conflict, {}};
    if (!done) return done;
  }
  return ok();
}

/// What is replaced goes before anything comes, so that keys can change hands.
Status put_documents(Connection& db, const Hasher& hasher, const Change& change,
                     std::vector<Request>& last) {
  StoredDocuments stored;
  if (!change.put.empty()) {
    const Request sought = select_documents(change.put);
    const auto found = db.query(sought.sql, sought.parameters);
    if (Status done = collect(found, hasher, stored); !done) return done;
  }
  if (!change.put.empty() || !change.removed.empty()) last.push_back(remove_documents(change));
  if (!change.put.empty()) {
    last.push_back(insert_documents(hasher, with_etags(change, stored)));
  }
  return ok();
}

/// In a row of its own, which only changes of what somebody may do wait for.
Request next_access_generation() {
  return {"UPDATE meta SET value=value+1 WHERE key='access_generation'", {}};
}

}  // namespace

Status Writer::put_along(const Along& along, std::int32_t version,
                         std::vector<Request>& last) {
  if (along.once) {
    Document row = along.once(version);
    row.etag = 1;
    last.push_back(insert_documents(hasher_, {row}));
  }
  return append_audit(db_, hasher_, along.audit, last);
}

Status Writer::change(const std::vector<Uuid>& locks, TimePoint now, const Decide& decide) {
  bool is_decided = false;
  const Status done = transact([&](std::vector<Request>& last) -> Status {
    if (Status held = hold(db_, options_.schema, locks); !held) return held;
    const Ask ask = [this](const std::string& sql, const Parameters& parameters) {
      return db_.query(sql, parameters);
    };
    DocumentRows documents(ask, ask, hasher_, DocumentScope::all());
    const auto change = decide(documents);
    if (!change) return change.error();
    if (Status put = put_places(db_, hasher_, change->workspaces, kWorkspaceTaken); !put) {
      return put;
    }
    if (Status put = put_places(db_, hasher_, change->projects, kProjectTaken); !put) return put;
    if (Status put = append_audit(db_, hasher_, change->audit, last); !put) return put;
    if (Status put = put_documents(db_, hasher_, *change, last); !put) return put;
    last.push_back(sweep_documents(now));
    if (concerns_access(*change)) last.push_back(next_access_generation());
    is_decided = true;
    return ok();
  });
  // What is left to be written holds no other keys.
  if (!done && is_decided && done.error().code == Code::kConflict) return document_taken();
  return done;
}

}  // namespace troupe::postgres
