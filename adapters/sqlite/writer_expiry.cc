#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/writer.h"
#include "runtime/store/expiry.h"

namespace troupe::sqlite {

namespace {

// What one piece removes: some milliseconds' worth.
constexpr std::int64_t kRowsPerPiece = 500;
constexpr std::int64_t kBodiesPerPiece = 200;

}  // namespace

// Rows go first, so nobody is shown a run whose bodies are gone. Tables are emptied before they are
// dropped, because a drop visits every page of a table in one go.
Result<bool> Writer::expire(TimePoint now) {
  const std::uint32_t last = store::last_expired(now);
  for (std::uint32_t bucket = store::kFirstExpiring;; ++bucket) {
    Statement next = db_->prepare(
        "SELECT min(bucket) FROM (SELECT min(bucket) AS bucket FROM runs WHERE bucket>=?1 "
        "UNION ALL SELECT min(bucket) FROM buckets WHERE bucket>=?1)");
    const Result<bool> found = next.integer(1, bucket).step();
    if (!found) return found.error();
    if (!*found || next.null_at(0) || next.integer_at(0) > last) return false;
    bucket = static_cast<std::uint32_t>(next.integer_at(0));
    next.reset();
    const auto held = is_held(bucket);
    if (!held) return held.error();
    if (*held) continue;
    auto removed = remove_rows_of(bucket);
    if (removed && !*removed) removed = remove_bodies_of(bucket);
    return removed;
  }
}

Result<bool> Writer::is_held(std::uint32_t bucket) {
  return db_->prepare("SELECT 1 FROM runs WHERE bucket=?1 AND status<?2 LIMIT 1")
      .integer(1, bucket)
      .integer(2, static_cast<std::int64_t>(store::RunStatus::kCompleted))
      .step();
}

Result<bool> Writer::remove_rows_of(std::uint32_t bucket) {
  const std::string some = "(SELECT id FROM runs WHERE bucket=?1 ORDER BY status, id LIMIT ?2)";
  int rows = 0;
  const Status done = transact([&]() -> Status {
    const auto remove = [&](const std::string& sql) {
      return db_->prepare(sql + some).integer(1, bucket).integer(2, kRowsPerPiece).run();
    };
    if (Status tasks = remove("DELETE FROM tasks WHERE run IN "); !tasks) return tasks;
    if (Status runs = remove("DELETE FROM runs WHERE id IN "); !runs) return runs;
    rows = sqlite3_changes(db_->handle());
    return rows == 0 ? ok() : write_meta(*db_, "expired", bucket);
  });
  if (!done) return done.error();
  return rows > 0;
}

Result<bool> Writer::remove_bodies_of(std::uint32_t bucket) {
  Statement known = db_->prepare("SELECT 1 FROM buckets WHERE bucket=?1");
  const Result<bool> exists = known.integer(1, bucket).step();
  if (!exists) return exists.error();
  known.reset();
  if (!*exists) return true;
  const std::string payloads = payload_table(bucket);
  const std::string history = history_table(bucket);
  const Status done = transact([&]() -> Status {
    int rows = 0;
    for (const std::string& sql :
         {"DELETE FROM " + payloads + " WHERE n IN (SELECT n FROM " + payloads + " LIMIT ?1)",
          "DELETE FROM " + history + " WHERE (entity, first_pos) IN (SELECT entity, first_pos "
          "FROM " + history + " LIMIT ?1)"}) {
      if (Status gone = db_->prepare(sql).integer(1, kBodiesPerPiece).run(); !gone) return gone;
      rows += sqlite3_changes(db_->handle());
    }
    if (rows > 0) return ok();
    db_->forget(payloads);
    db_->forget(history);
    buckets_.erase(bucket);
    return db_->execute("DROP TABLE " + payloads + ";DROP TABLE " + history +
                        ";DELETE FROM buckets WHERE bucket=" + std::to_string(bucket));
  });
  if (!done) return done.error();
  return true;
}

}  // namespace troupe::sqlite
