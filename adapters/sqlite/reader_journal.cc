#include <limits>

#include "adapters/sqlite/history.h"
#include "adapters/sqlite/reader.h"
#include "adapters/sqlite/reading.h"
#include "adapters/sqlite/schema.h"

namespace troupe::sqlite {

using namespace store;

namespace {

// What a scan reads in one transaction; more would keep the WAL from beginning anew.
constexpr std::size_t kScanBytes = std::size_t{1} << 20;
constexpr std::size_t kSnapshotsPerLook = 256;

bool owns(const cluster::SlotSet& slots, RunId entity) {
  return slots.all() || slots.test(cluster::slot_of(entity));
}

}  // namespace

Result<std::optional<Frame>> Reader::frame(Pos pos) {
  if (Status is = ready(); !is) return is.error();
  const ReadTransaction look(*db_);
  const auto tables = read_journal_tables(*db_);
  if (!tables) return tables.error();
  const JournalTable* table = table_of(*tables, pos);
  if (!table) return std::optional<Frame>();
  Statement select = db_->prepare("SELECT pos, entity, slot, bytes FROM " +
                                  journal_table(table->number) + " WHERE pos=?1");
  const Result<bool> found = select.number(1, pos).step();
  if (!found) return found.error();
  if (!*found) return std::optional<Frame>();
  return std::optional<Frame>(frame_at(select));
}

Result<bool> Reader::in_journal(Pos pos) {
  if (Status is = ready(); !is) return is.error();
  const auto start = journal_start();
  if (!start) return start.error();
  return pos >= *start;
}

Result<Pos> Reader::journal_start() {
  const auto tables = read_journal_tables(*db_);
  if (!tables) return tables.error();
  if (tables->empty()) return corrupt("the store names no journal table");
  return tables->front().start;
}

Result<std::vector<std::uint32_t>> Reader::buckets() {
  std::vector<std::uint32_t> all;
  Statement select = db_->prepare("SELECT bucket FROM buckets");
  for (;;) {
    const Result<bool> row = select.step();
    if (!row) return row.error();
    if (!*row) return all;
    all.push_back(static_cast<std::uint32_t>(select.integer_at(0)));
  }
}

Result<std::vector<Frame>> Reader::history(RunId entity, Pos after, std::size_t bytes_max) {
  if (Status is = ready(); !is) return is.error();
  const ReadTransaction look(*db_);
  const auto end = journal_start();
  if (!end) return end.error();
  const auto all = buckets();
  if (!all) return all.error();
  std::vector<Frame> frames;
  // A run's frames lie in one bucket unless it was carried forward; then each bucket gives its
  // first ones, and only what all of them have shown may be returned.
  Pos complete = std::numeric_limits<Pos>::max();
  for (const std::uint32_t bucket : *all) {
    const Status done = history_of(bucket, entity, after, *end, bytes_max, frames, complete);
    if (!done) return done.error();
  }
  std::sort(frames.begin(), frames.end(),
            [](const Frame& a, const Frame& b) { return a.pos < b.pos; });
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (; count < frames.size() && frames[count].pos <= complete; ++count) {
    bytes += frames[count].bytes.size();
    if (count > 0 && bytes > bytes_max) break;
  }
  frames.resize(count);
  return frames;
}

Status Reader::history_of(std::uint32_t bucket, RunId entity, Pos after, Pos end,
                          std::size_t bytes_max, std::vector<Frame>& frames, Pos& complete) {
  const std::string table = history_table(bucket);
  // From the chunk that holds `after`, or the first one behind it.
  Statement select = db_->prepare(
      "SELECT first_pos, last_pos, bytes FROM " + table +
      " WHERE entity=?1 AND first_pos<?3 AND first_pos>=coalesce((SELECT max(first_pos) FROM " +
      table + " WHERE entity=?1 AND first_pos<=?2), 0) ORDER BY first_pos");
  select.id(1, entity).number(2, after).number(3, end);
  for (std::size_t bytes = 0;;) {
    const Result<bool> row = select.step();
    if (!row) return row.error();
    if (!*row) return ok();
    const PieceKey key{entity, select.number_at(0), select.number_at(1)};
    auto chunk = decode_chunk(key, select.blob_at(2));
    if (!chunk) return chunk.error();
    for (Frame& frame : *chunk) {
      if (frame.pos <= after) continue;
      bytes += frame.bytes.size();
      frames.push_back(std::move(frame));
    }
    if (bytes > bytes_max) {
      complete = std::min(complete, key.last);
      return ok();
    }
  }
}

Status Reader::scan_tail(const cluster::SlotSet& slots, const std::function<bool(Frame)>& visit) {
  if (Status is = ready(); !is) return is;
  const auto mark = read_meta(*db_, "recovery_mark");
  if (!mark) return mark.error();
  return scan(static_cast<Pos>(*mark), [&](Frame frame) {
    return !owns(slots, frame.entity) || visit(std::move(frame));
  });
}

Status Reader::scan_tail_of(RunId entity, Pos after, const std::function<bool(Frame)>& visit) {
  if (Status is = ready(); !is) return is;
  const auto mark = read_meta(*db_, "recovery_mark");
  if (!mark) return mark.error();
  return scan(std::max(static_cast<Pos>(*mark), after + 1), [&](Frame frame) {
    return frame.entity != entity || visit(std::move(frame));
  });
}

Status Reader::scan(Pos from, const std::function<bool(Frame)>& visit) {
  for (;;) {
    auto piece = journal_piece(from, kScanBytes);
    if (!piece) return piece.error();
    if (piece->empty()) return ok();
    from = piece->back().pos + 1;
    for (Frame& frame : *piece) {
      if (!visit(std::move(frame))) return ok();
    }
  }
}

Result<std::vector<Frame>> Reader::journal_piece(Pos from, std::size_t bytes_max) {
  const ReadTransaction look(*db_);
  const auto tables = read_journal_tables(*db_);
  if (!tables) return tables.error();
  std::vector<Frame> frames;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < tables->size() && bytes < bytes_max; ++i) {
    if (i + 1 < tables->size() && (*tables)[i + 1].start <= from) continue;
    Statement select = db_->prepare("SELECT pos, entity, slot, bytes FROM " +
                                    journal_table((*tables)[i].number) +
                                    " WHERE pos>=?1 ORDER BY pos");
    select.number(1, from);
    while (bytes < bytes_max) {
      const Result<bool> row = select.step();
      if (!row) return row.error();
      if (!*row) break;
      frames.push_back(frame_at(select));
      bytes += frames.back().bytes.size();
    }
  }
  return frames;
}

Result<std::vector<Frame>> Reader::journal_of(NodeNumber, Pos from, std::size_t bytes_max) {
  if (Status is = ready(); !is) return is.error();
  return journal_piece(from, std::min(std::max<std::size_t>(bytes_max, 1), kScanBytes));
}

/// Decodes `entity, wake_at, runnable, body` of what `select` yields and `slots` hold, up to
/// `limit` of them. What cannot be decoded costs no other its wake-up; a damaged page ends it.
Status Reader::collect_own(Statement& select, const cluster::SlotSet& slots, std::size_t limit,
                           std::vector<Snapshot>& rows) {
  while (rows.size() < limit) {
    const Result<bool> more = select.step();
    if (!more) return more.error();
    if (!*more) return ok();
    const RunId entity(select.id_at(0));
    if (!owns(slots, entity)) continue;
    auto row = decode<Snapshot>(hasher_, select.blob_at(3));
    if (row && row->entity == entity) {
      rows.push_back(*std::move(row));
      continue;
    }
    Snapshot& damaged = rows.emplace_back();
    damaged.entity = entity;
    if (!select.null_at(1)) damaged.wake_at = {select.integer_at(1)};
    damaged.runnable = select.integer_at(2) != 0;
    damaged.damaged = true;
  }
  return ok();
}

Status Reader::runnable_snapshots(const cluster::SlotSet& slots,
                                  const std::function<bool(Snapshot)>& visit) {
  if (Status is = ready(); !is) return is;
  for (RunId last;;) {
    std::vector<Snapshot> rows;
    {
      Statement select = db_->prepare(
          "SELECT entity, wake_at, runnable, body FROM snapshots WHERE runnable=1 AND entity>?1 "
          "ORDER BY entity");
      select.id(1, last);
      if (Status done = collect_own(select, slots, kSnapshotsPerLook, rows); !done) return done;
    }
    if (rows.empty()) return ok();
    last = rows.back().entity;
    for (Snapshot& row : rows) {
      if (!visit(std::move(row))) return ok();
    }
  }
}

Result<std::vector<Snapshot>> Reader::due(const cluster::SlotSet& slots, TimePoint after,
                                          TimePoint until, std::size_t limit) {
  if (Status is = ready(); !is) return is.error();
  std::vector<Snapshot> rows;
  Statement select = db_->prepare(
      "SELECT entity, wake_at, runnable, body FROM snapshots WHERE wake_at IS NOT NULL AND "
      "wake_at>=?1 AND wake_at<?2 ORDER BY wake_at, entity");
  select.integer(1, after.us).integer(2, until.us);
  if (Status done = collect_own(select, slots, limit, rows); !done) return done.error();
  return rows;
}

}  // namespace troupe::sqlite
