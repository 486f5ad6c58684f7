#include "adapters/postgres/schema.h"
#include "adapters/postgres/writer.h"
#include "runtime/store/expiry.h"

namespace troupe::postgres {

namespace {

constexpr std::int64_t kRowsPerPiece = 500;  ///< some milliseconds' worth

/// The first expired bucket from which no run is open.
Result<std::optional<std::uint32_t>> next_expired(Connection& db, TimePoint now) {
  using Found = std::optional<std::uint32_t>;
  const std::uint32_t last = store::last_expired(now);
  for (std::int64_t from = store::kFirstExpiring;; ++from) {
    const auto next = db.query(
        "SELECT bucket, EXISTS(SELECT 1 FROM runs WHERE runs.bucket=next.bucket AND status<4)"
        "::int::int8 FROM (SELECT least((SELECT min(bucket) FROM runs WHERE bucket>=$1), "
        "(SELECT min(bucket) FROM buckets WHERE bucket>=$1)) AS bucket) AS next",
        Parameters().integer(from));
    if (!next) return next.error();
    if (next->null_at(0, 0) || next->integer_at(0, 0) > last) return Found();
    from = next->integer_at(0, 0);
    if (next->integer_at(0, 1) == 0) return Found(static_cast<std::uint32_t>(from));
  }
}

}  // namespace

// Rows go first, so nobody is shown a run whose bodies are gone.
Result<bool> Writer::expire(TimePoint now) {
  if (Status is = connect(); !is) return is.error();
  bool has_more = false;
  const Status done = transact([&](std::vector<Request>& last) -> Status {
    // One node at a time; whoever has begun goes on.
    const auto first = db_.query_integer(
        "SELECT pg_try_advisory_xact_lock(hashtextextended('troupe expiry " + options_.schema +
        "', 0))::int::int8");
    if (!first) return first.error();
    if (*first == 0) return ok();
    const auto bucket = next_expired(db_, now);
    if (!bucket) return bucket.error();
    if (!*bucket) return ok();
    has_more = true;
    return remove_piece_of(**bucket, last);
  });
  if (!done) return done.error();
  return has_more;
}

Status Writer::remove_piece_of(std::uint32_t bucket, std::vector<Request>& last) {
  const auto gone = db_.query(
      "WITH gone AS (DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE bucket=$1 "
      "ORDER BY status, id LIMIT $2) RETURNING id) SELECT id FROM gone",
      Parameters().integer(bucket).integer(kRowsPerPiece));
  if (!gone) return gone.error();
  if (gone->rows() == 0) return drop_bucket(bucket, last);
  Column ids(Type::kId);
  for (int row = 0; row < gone->rows(); ++row) ids.id(gone->id_at(row, 0));
  last.push_back({"DELETE FROM tasks WHERE run = ANY($1)", Parameters::of(std::move(ids))});
  last.push_back(write_meta("expired", bucket));
  return ok();
}

Status Writer::drop_bucket(std::uint32_t bucket, std::vector<Request>& last) {
  // Nobody waits long behind a drop that waits for a reader of the partition.
  if (Status limited = db_.execute("SET LOCAL lock_timeout = '200ms'"); !limited) return limited;
  const std::string number = std::to_string(bucket);
  for (const std::string parent : {"payloads", "history"}) {
    const std::string table = parent + "_" + number;
    const Status dropped = db_.execute("DROP TABLE IF EXISTS " + table);
    if (!dropped) return dropped;
  }
  rows_.forget_bucket(bucket);
  last.push_back({"DELETE FROM buckets WHERE bucket=$1", Parameters().integer(bucket)});
  return ok();
}

}  // namespace troupe::postgres
