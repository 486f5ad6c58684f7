#include <algorithm>
#include <map>

#include "adapters/sqlite/history.h"
#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/writer.h"
#include "runtime/journal/row_codec.h"

namespace troupe::sqlite {

using store::Frame;
using store::Pos;
using store::RunRow;

// A table is retired in pieces. Each copies the oldest frames into history, takes them from the
// table and moves the table's start past them, in one transaction; the last piece drops the empty
// table. So every frame is at exactly one of the two places at any moment, a crash included. What
// belongs to runs that have been removed goes nowhere.

bool Writer::oldest_is_unneeded() const {
  const auto& tables = journal_.tables();
  const Pos mark =
      publish_mark_ == 0 ? recovery_mark_ : std::min(recovery_mark_, publish_mark_);
  const JournalTable* needed = table_of(tables, mark);
  const auto unneeded = needed ? static_cast<std::size_t>(needed - tables.data()) : 0;
  return unneeded > options_.journal_tables_kept;
}

Result<bool> Writer::retire_journal() {
  if (!oldest_is_unneeded()) return false;
  const auto frames = next_piece();
  if (!frames) return frames.error();
  const Status done =
      transact([&] { return frames->empty() ? journal_.drop_oldest() : move_piece(*frames); });
  if (!done) return done.error();
  return oldest_is_unneeded();
}

Result<std::vector<Frame>> Writer::next_piece() {
  const JournalTable oldest = journal_.tables().front();
  std::vector<Frame> frames;
  Statement select = db_->prepare("SELECT pos, entity, slot, bytes FROM " +
                                  journal_table(oldest.number) + " ORDER BY pos");
  for (std::size_t bytes = 0; bytes < options_.retire_piece_bytes;) {
    const Result<bool> row = select.step();
    if (!row) return row.error();
    if (!*row) break;
    frames.push_back(frame_at(select));
    bytes += frames.back().bytes.size();
  }
  return frames;
}

Status Writer::move_piece(const std::vector<Frame>& frames) {
  std::map<RunId, std::vector<const Frame*>> by_entity;
  for (const Frame& frame : frames) by_entity[frame.entity].push_back(&frame);
  for (const auto& [entity, own] : by_entity) {
    const auto bucket = bucket_of(entity);
    if (!bucket) return bucket.error();
    if (!*bucket) continue;
    if (Status done = ensure_bucket(**bucket); !done) return done;
    const std::string chunk = encode_chunk(entity, own);
    const Status done =
        db_->prepare("INSERT INTO " + history_table(**bucket) + " VALUES(?1,?2,?3,?4)")
            .id(1, entity)
            .number(2, own.front()->pos)
            .number(3, own.back()->pos)
            .blob(4, chunk)
            .run();
    if (!done) return done;
  }
  return journal_.give_up(frames.back().pos);
}

Result<std::optional<std::uint32_t>> Writer::bucket_of(RunId entity) {
  using Bucket = std::optional<std::uint32_t>;
  Statement select = db_->prepare("SELECT body FROM runs WHERE id=?1");
  const Result<bool> found = select.id(1, entity).step();
  if (!found) return found.error();
  if (!*found) {
    const auto expired = read_meta(*db_, "expired");
    if (!expired) return expired.error();
    // Where nothing has ever been removed, it is an entity that is no run.
    return *expired == 0 ? Bucket(0) : Bucket();
  }
  const auto run = store::decode<RunRow>(hasher_, select.blob_at(0));
  // One damaged row must not hold up the retirement of everybody's frames; readers look into every
  // bucket, so the frames are found in this one too.
  return Bucket(run ? run->bucket : 0);
}

}  // namespace troupe::sqlite
