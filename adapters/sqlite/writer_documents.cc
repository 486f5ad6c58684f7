#include "adapters/sqlite/audit_rows.h"
#include "adapters/sqlite/document_rows.h"
#include "adapters/sqlite/reading.h"
#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/writer.h"
#include "runtime/port/catalog.h"
#include "runtime/store/changes.h"

namespace troupe::sqlite {

using namespace store;

namespace {

Status taken(const Status& done, Error error) {
  return done || done.error().code != Code::kConflict ? done : Status(std::move(error));
}

Status put_place(Database& db, const Workspace& row, std::string_view body) {
  return taken(db.prepare("INSERT INTO workspaces(id, slug, body) VALUES(?1,?2,?3) "
                          "ON CONFLICT(id) DO UPDATE SET slug=excluded.slug, body=excluded.body")
                   .id(1, row.id)
                   .text(2, row.slug)
                   .blob(3, body)
                   .run(),
               {Code::kConflict, kWorkspaceTaken, {}});
}

Status put_place(Database& db, const Project& row, std::string_view body) {
  return taken(db.prepare("INSERT INTO projects(id, workspace, slug, body) VALUES(?1,?2,?3,?4) "
                          "ON CONFLICT(id) DO UPDATE SET slug=excluded.slug, body=excluded.body")
                   .id(1, row.id)
                   .id(2, row.workspace)
                   .text(3, row.slug)
                   .blob(4, body)
                   .run(),
               {Code::kConflict, kProjectTaken, {}});
}

template <class Row>
Status put_places(Database& db, const Hasher& hasher, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const std::string body = encode(hasher, row);
    if (Status done = put_place(db, row, body); !done) return done;
  }
  return ok();
}

Status remove(Database& db, DocumentKind kind, const Uuid& id) {
  return db.prepare("DELETE FROM documents WHERE kind=?1 AND id=?2")
      .integer(1, static_cast<std::int64_t>(kind))
      .id(2, id)
      .run();
}

Status insert(Database& db, const Document& row, std::string_view body) {
  Statement put = db.prepare("INSERT INTO documents(kind, id, workspace, project, key, owner, "
                             "created, expires, body) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)");
  put.integer(1, static_cast<std::int64_t>(row.kind)).id(2, row.id).id(3, row.workspace);
  put.id(4, row.project).id(6, row.owner).integer(7, row.created.us).blob(9, body);
  row.key.empty() ? put.null(5) : put.blob(5, row.key);
  row.expires.set() ? put.integer(8, row.expires.us) : put.null(8);
  return taken(put.run(), document_taken());
}

/// What is replaced goes before anything comes, so that keys can change hands.
Status put_documents(Database& db, const Hasher& hasher, const Change& change) {
  StoredDocuments stored;
  for (const Document& row : change.put) {
    Statement select = db.prepare("SELECT body FROM documents WHERE kind=?1 AND id=?2");
    select.integer(1, static_cast<std::int64_t>(row.kind)).id(2, row.id);
    if (Status done = collect(select, 0, hasher, stored); !done) return done;
  }
  for (const DocumentRef& ref : change.removed) {
    if (Status done = remove(db, ref.kind, ref.id); !done) return done;
  }
  for (const Document& row : change.put) {
    if (Status done = remove(db, row.kind, row.id); !done) return done;
  }
  for (const Document& row : with_etags(change, stored)) {
    const std::string body = encode(hasher, row);
    if (Status done = insert(db, row, body); !done) return done;
  }
  return ok();
}

Status sweep(Database& db, TimePoint now) {
  return db
      .prepare("DELETE FROM documents WHERE (kind, id) IN (SELECT kind, id FROM documents "
               "WHERE expires<=?1 ORDER BY expires LIMIT ?2)")
      .integer(1, now.us)
      .number(2, kSweptMax)
      .run();
}

Status next_access_generation(Database& db) {
  const auto last = read_meta(db, "access_generation");
  return last ? write_meta(db, "access_generation", *last + 1) : Status(last.error());
}

}  // namespace

Status Writer::put_along(const Along& along, std::int32_t version) {
  if (along.once) {
    Document row = along.once(version);
    row.etag = 1;
    const std::string body = encode(hasher_, row);
    if (Status done = insert(*db_, row, body); !done) return done;
  }
  return append_audit(*db_, hasher_, along.audit);
}

// There is one writer, so no lock is needed beside the transaction's own.
Status Writer::change(const std::vector<Uuid>&, TimePoint now, const Decide& decide) {
  return transact([&]() -> Status {
    DocumentRows documents(db_.get(), {}, hasher_, DocumentScope::all());
    const auto change = decide(documents);
    if (!change) return change.error();
    if (Status done = put_places(*db_, hasher_, change->workspaces); !done) return done;
    if (Status done = put_places(*db_, hasher_, change->projects); !done) return done;
    if (Status done = put_documents(*db_, hasher_, *change); !done) return done;
    if (Status done = append_audit(*db_, hasher_, change->audit); !done) return done;
    if (Status done = sweep(*db_, now); !done) return done;
    return concerns_access(*change) ? next_access_generation(*db_) : ok();
  });
}

}  // namespace troupe::sqlite
