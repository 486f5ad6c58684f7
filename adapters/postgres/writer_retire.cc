#include <map>

#include "adapters/postgres/history.h"
#include "adapters/postgres/writer.h"
#include "runtime/journal/row_codec.h"

namespace troupe::postgres {

using store::Frame;
using store::RunRow;

// A table is retired in pieces. Each copies the oldest frames into history and moves the table's
// start past them, in one transaction; the last piece drops the table. Frames before a table's
// start do not count any more, so every frame is at exactly one of the two places at any moment, a
// crash included.

bool Writer::oldest_is_unneeded() const {
  const auto& tables = journal_.tables();
  const JournalTable* needed = table_of(tables, recovery_mark_);
  const auto unneeded = needed ? static_cast<std::size_t>(needed - tables.data()) : 0;
  return unneeded > options_.journal_tables_kept;
}

Result<bool> Writer::retire_journal() {
  if (Status is = connect(); !is) return is.error();
  if (!oldest_is_unneeded()) return false;
  const JournalTable oldest = journal_.tables().front();
  const auto frames = read_piece(db_, oldest.number, oldest.start, options_.retire_piece_bytes);
  if (!frames) return frames.error();
  const Status done = transact([&](std::vector<Request>& last) -> Status {
    if (!frames->empty()) return move_piece(*frames, last);
    auto dropped = journal_.drop_oldest();
    if (!dropped) return dropped.error();
    last.push_back(*std::move(dropped));
    return ok();
  });
  if (!done) return done.error();
  return oldest_is_unneeded();
}

Status Writer::move_piece(const std::vector<Frame>& frames, std::vector<Request>& last) {
  std::map<RunId, std::vector<const Frame*>> by_entity;
  for (const Frame& frame : frames) by_entity[frame.entity].push_back(&frame);
  std::vector<RunId> ids;
  for (const auto& [entity, own] : by_entity) ids.push_back(entity);
  const auto homes = buckets_of(ids);
  if (!homes) return homes.error();
  Column buckets(Type::kInteger), entities(Type::kId), first(Type::kInteger),
      end(Type::kInteger), chunks(Type::kBytes);
  for (const auto& [entity, own] : by_entity) {
    // An entity that is no run, or whose row is damaged, goes to the first bucket: readers look
    // into every one.
    const auto home = homes->find(entity);
    const std::uint32_t bucket = home == homes->end() ? 0 : home->second;
    if (Status done = ensure_bucket(bucket); !done) return done;
    buckets.integer(bucket);
    entities.id(entity);
    first.integer(static_cast<std::int64_t>(own.front()->pos));
    end.integer(static_cast<std::int64_t>(own.back()->pos));
    chunks.blob(encode_chunk(hasher_, entity, own));
  }
  last.push_back({"INSERT INTO history(bucket, entity, first_pos, last_pos, bytes) "
                  "SELECT * FROM unnest($1,$2,$3,$4,$5)",
                  Parameters()
                      .column(std::move(buckets))
                      .column(std::move(entities))
                      .column(std::move(first))
                      .column(std::move(end))
                      .column(std::move(chunks))});
  last.push_back(journal_.give_up(frames.back().pos));
  return ok();
}

Result<Writer::Buckets> Writer::buckets_of(const std::vector<RunId>& entities) {
  Column ids(Type::kId);
  for (const RunId& entity : entities) ids.id(entity);
  const auto answer = db_.query("SELECT body FROM runs WHERE id = ANY($1)",
                                Parameters().column(std::move(ids)));
  if (!answer) return answer.error();
  Buckets buckets;
  for (int row = 0; row < answer->rows(); ++row) {
    const auto run = store::decode<RunRow>(hasher_, answer->blob_at(row, 0));
    // One damaged row must not hold up the retirement of everybody's frames.
    if (run) buckets.emplace(run->id, run->bucket);
  }
  return buckets;
}

}  // namespace troupe::postgres
