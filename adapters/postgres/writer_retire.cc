#include <algorithm>
#include <map>

#include "adapters/postgres/history.h"
#include "adapters/postgres/reading.h"
#include "adapters/postgres/schema.h"
#include "adapters/postgres/writer.h"
#include "runtime/journal/row_codec.h"

namespace troupe::postgres {

using store::Frame;
using store::RunRow;

// A table is retired in pieces. Each copies the oldest frames into history and moves the table's
// start past them, in one transaction; the last piece drops the table. Frames before a table's
// start do not count any more, so every frame is at exactly one of the two places at any moment, a
// crash included. Within an epoch, tables are retired in order.

bool Writer::oldest_is_unneeded() const {
  const auto& tables = journal_.tables();
  const store::Pos needed =
      publish_mark_ == 0 ? recovery_mark_ : std::min(recovery_mark_, publish_mark_);
  const auto after = std::upper_bound(
      tables.begin(), tables.end(), needed,
      [](store::Pos mark, const JournalTable& table) { return mark < table.start; });
  // The last one that starts at or before the mark is needed, and all behind it.
  const auto unneeded = std::max<std::ptrdiff_t>(after - tables.begin() - 1, 0);
  return static_cast<std::size_t>(unneeded) > options_.journal_tables_kept;
}

Result<bool> Writer::retire_journal() {
  if (Status is = connect(); !is) return is.error();
  if (oldest_is_unneeded()) return retire_own();
  if (!life_.looks_for_unneeded.exchange(false)) return false;
  auto more = retire_of_gone();
  if (!more || *more) life_.looks_for_unneeded = true;
  return more;
}

Result<bool> Writer::retire_own() {
  const JournalTable oldest = journal_.tables().front();
  const auto frames = read_piece(db_, oldest.number, oldest.start, options_.retire_piece_bytes);
  if (!frames) return frames.error();
  const Status done = transact([&](std::vector<Request>& last) -> Status {
    if (!frames->empty()) {
      if (Status moved = move_piece(*frames, last); !moved) return moved;
      last.push_back(journal_.give_up(frames->back().pos));
      return ok();
    }
    auto dropped = journal_.drop_oldest();
    if (!dropped) return dropped.error();
    last.push_back(*std::move(dropped));
    return ok();
  });
  if (!done) return done.error();
  if (!frames->empty()) life_.recent.forget_through(frames->back().pos);
  return oldest_is_unneeded() || life_.looks_for_unneeded;
}

Result<bool> Writer::retire_of_gone() {
  bool is_found = false;
  const Status done = transact([&](std::vector<Request>& last) -> Status {
    // No slot gets a gone node as a tail after the moment at which it was declared gone. The lock
    // on its row keeps its tables in order: one node at a time retires them.
    const auto gone = db_.query(
        "SELECT number FROM nodes WHERE state=2 AND NOT EXISTS(SELECT 1 FROM slots WHERE "
        "nodes.number = ANY(slots.tails)) AND NOT EXISTS(SELECT 1 FROM publications WHERE "
        "node=nodes.number) ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED");
    if (!gone) return gone.error();
    is_found = gone->rows() > 0;
    return is_found ? retire_piece_of(gone->number_at(0, 0), last) : ok();
  });
  if (!done) return done.error();
  return is_found;
}

Status Writer::retire_piece_of(store::NodeNumber gone, std::vector<Request>& last) {
  const auto tables = journal_tables_in(
      db_.query("SELECT n, start, retiring FROM journal_tables WHERE node=$1 "
                "ORDER BY start, n LIMIT 1",
                Parameters().number(gone)));
  if (!tables) return tables.error();
  if (!tables->empty()) {
    const JournalTable oldest = tables->front();
    const auto frames = read_piece(db_, oldest.number, oldest.start, options_.retire_piece_bytes);
    if (!frames) return frames.error();
    if (!frames->empty()) {
      if (Status moved = move_piece(*frames, last); !moved) return moved;
      last.push_back(give_up(oldest.number, frames->back().pos));
      return ok();
    }
    auto dropped = drop(db_, oldest.number);
    if (!dropped) return dropped.error();
    last.push_back(*std::move(dropped));
  }
  last.push_back(forget_if_empty(gone));
  return ok();
}

Status Writer::move_piece(const std::vector<Frame>& frames, std::vector<Request>& last) {
  std::map<RunId, std::vector<const Frame*>> by_entity;
  for (const Frame& frame : frames) by_entity[frame.entity].push_back(&frame);
  std::vector<RunId> ids;
  for (const auto& [entity, own] : by_entity) ids.push_back(entity);
  const auto homes = buckets_of(ids);
  if (!homes) return homes.error();
  const auto expired = read_meta(db_, "expired");
  if (!expired) return expired.error();
  Chunks chunks;
  for (const auto& [entity, own] : by_entity) {
    const auto home = homes->find(entity);
    // What belongs to a run that has been removed goes nowhere. Where none ever has been, it is an
    // entity that is no run, and goes to the first bucket: readers look into every one.
    if (home == homes->end() && *expired != 0) continue;
    const std::uint32_t bucket = home == homes->end() ? 0 : home->second;
    if (Status done = rows_.ensure_bucket(bucket); !done) return done;
    chunks.add(hasher_, bucket, entity, own);
  }
  last.push_back(std::move(chunks).insert());
  return ok();
}

Result<Writer::Buckets> Writer::buckets_of(const std::vector<RunId>& entities) {
  const auto answer = db_.query("SELECT body, id FROM runs WHERE id = ANY($1)",
                                any_of(entities));
  if (!answer) return answer.error();
  Buckets buckets;
  for (int row = 0; row < answer->rows(); ++row) {
    const auto run = store::decode<RunRow>(hasher_, answer->blob_at(row, 0));
    // One damaged row must not hold up the retirement of everybody's frames.
    buckets.emplace(RunId(answer->id_at(row, 1)), run ? run->bucket : 0);
  }
  return buckets;
}

}  // namespace troupe::postgres
