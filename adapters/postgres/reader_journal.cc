#include "adapters/postgres/history.h"
#include "adapters/postgres/reader.h"
#include "adapters/postgres/reading.h"
#include "adapters/postgres/schema.h"

namespace troupe::postgres {

using namespace store;

namespace {

/// What a scan or a list of snapshots fetches at once.
constexpr std::size_t kScanBytes = std::size_t{1} << 20;
constexpr int kSnapshotsPerLook = 256;

}  // namespace

Status Reader::look_for_tables() {
  auto tables = journal_tables_in(query(kSelectJournalTables));
  if (!tables) return tables.error();
  for (const JournalTable& table : tables_) {
    if (table.number < tables->front().number) db_.forget(journal_table(table.number));
  }
  tables_ = *std::move(tables);
  return ok();
}

Result<std::optional<Frame>> Reader::frame(Pos pos) {
  // A frame never changes, so where it was seen last is a good place to look; only when it is not
  // there, tables may have been begun or dropped since. One may be dropped even between the look
  // for tables and the look into it, and then no more than once.
  auto found = frame_in_known_tables(pos);
  for (int looks = 0; looks < 2 && (!found || !*found); ++looks) {
    if (looks > 0 && found) break;
    if (Status done = look_for_tables(); !done) return done.error();
    found = frame_in_known_tables(pos);
  }
  return found;
}

Result<std::optional<Frame>> Reader::frame_in_known_tables(Pos pos) {
  const JournalTable* table = table_of(tables_, pos);
  if (!table) return std::optional<Frame>();
  const auto found = query("SELECT pos, entity, slot, bytes FROM " + journal_table(table->number) +
                               " WHERE pos=$1",
                           Parameters().number(pos));
  if (!found) return found.error();
  if (found->rows() == 0) return std::optional<Frame>();
  return std::optional<Frame>(Frame{found->number_at(0, 0), RunId(found->id_at(0, 1)),
                                    static_cast<std::uint16_t>(found->integer_at(0, 2)),
                                    std::string(found->blob_at(0, 3))});
}

Result<bool> Reader::in_journal(Pos pos) {
  if (Status done = look_for_tables(); !done) return done.error();
  return pos >= tables_.front().start;
}

Result<std::vector<Frame>> Reader::history(RunId entity, Pos after, std::size_t bytes_max) {
  // From the chunk that holds `after`, or the first one behind it. Chunks of one entity do not
  // overlap, whatever bucket they are in.
  const auto answer = query(
      "SELECT first_pos, last_pos, bytes FROM (SELECT first_pos, last_pos, bytes, "
      "sum(octet_length(bytes)) OVER (ORDER BY first_pos) - octet_length(bytes) AS before FROM "
      "(SELECT first_pos, last_pos, bytes FROM history WHERE entity=$1 AND last_pos>$2 AND "
      "first_pos >= coalesce((SELECT max(first_pos) FROM history WHERE entity=$1 AND "
      "first_pos<=$2), 0) ORDER BY first_pos LIMIT 256) AS next) AS summed WHERE before<=$3 "
      "ORDER BY first_pos",
      Parameters().id(entity).number(after).number(bytes_max));
  if (!answer) return answer.error();
  std::vector<Frame> frames;
  std::size_t bytes = 0;
  for (int row = 0; row < answer->rows(); ++row) {
    auto chunk = decode_chunk(hasher_, entity, answer->blob_at(row, 2));
    if (!chunk) return chunk.error();
    if (chunk->empty() || chunk->front().pos != answer->number_at(row, 0) ||
        chunk->back().pos != answer->number_at(row, 1)) {
      return corrupt("a history chunk is not what its key says");
    }
    for (Frame& frame : *chunk) {
      if (frame.pos <= after) continue;
      bytes += frame.bytes.size();
      if (!frames.empty() && bytes > bytes_max) return frames;
      frames.push_back(std::move(frame));
    }
  }
  return frames;
}

Result<Pos> Reader::recovery_mark() {
  const std::string key = "recovery_mark";
  const auto mark = query("SELECT value FROM meta WHERE key=$1", Parameters().blob(key));
  if (!mark) return mark.error();
  return mark->rows() > 0 ? mark->number_at(0, 0) : 0;
}

Status Reader::scan_tail(const cluster::SlotSet& slots, const std::function<bool(Frame)>& visit) {
  const auto mark = recovery_mark();
  if (!mark) return mark.error();
  return scan(*mark, [&](Frame frame) {
    return !slots.test(cluster::slot_of(frame.entity)) || visit(std::move(frame));
  });
}

Status Reader::scan_tail_of(RunId entity, Pos after, const std::function<bool(Frame)>& visit) {
  const auto mark = recovery_mark();
  if (!mark) return mark.error();
  return scan(std::max(*mark, after + 1), [&](Frame frame) {
    return frame.entity != entity || visit(std::move(frame));
  });
}

Status Reader::scan(Pos from, const std::function<bool(Frame)>& visit) {
  for (;;) {
    auto piece = journal_piece(from);
    if (!piece) return piece.error();
    if (piece->empty()) return ok();
    from = piece->back().pos + 1;
    for (Frame& frame : *piece) {
      if (!visit(std::move(frame))) return ok();
    }
  }
}

Result<std::vector<Frame>> Reader::journal_piece(Pos from) {
  for (bool is_again = false;; is_again = true) {
    if (Status done = look_for_tables(); !done) return done.error();
    bool is_gone = false;
    for (std::size_t i = 0; i < tables_.size() && !is_gone; ++i) {
      if (i + 1 < tables_.size() && tables_[i + 1].start <= from) continue;
      auto frames =
          read_piece(db_, tables_[i].number, std::max(from, tables_[i].start), kScanBytes);
      if (frames && frames->empty()) continue;
      // A table may be dropped between the two looks; its frames are in history then.
      is_gone = !frames && !is_again && db_.is_open();
      if (!is_gone) return frames;
    }
    if (!is_gone) return std::vector<Frame>();
  }
}

Status Reader::runnable_snapshots(const cluster::SlotSet& slots,
                                  const std::function<bool(Snapshot)>& visit) {
  for (RunId last;;) {
    std::vector<Snapshot> rows;
    const auto answer = query(
        "SELECT body FROM snapshots WHERE runnable=1 AND entity>$1 ORDER BY entity LIMIT $2",
        Parameters().id(last).integer(kSnapshotsPerLook));
    if (Status done = collect(answer, hasher_, rows); !done) return done;
    if (rows.empty()) return ok();
    if (rows.back().entity <= last) return corrupt("a snapshot stands under another's id");
    last = rows.back().entity;
    for (Snapshot& row : rows) {
      if (!slots.test(cluster::slot_of(row.entity))) continue;
      if (!visit(std::move(row))) return ok();
    }
  }
}

Result<std::vector<Snapshot>> Reader::due(const cluster::SlotSet& slots, TimePoint after,
                                          TimePoint until, std::size_t limit) {
  std::vector<Snapshot> rows;
  const auto answer = query(
      "SELECT body FROM snapshots WHERE wake_at IS NOT NULL AND wake_at>=$1 AND wake_at<$2 "
      "ORDER BY wake_at, entity LIMIT $3",
      Parameters().integer(after.us).integer(until.us).number(limit));
  if (Status done = collect(answer, hasher_, rows); !done) return done.error();
  std::erase_if(rows, [&](const Snapshot& row) {
    return !slots.test(cluster::slot_of(row.entity));
  });
  return rows;
}

}  // namespace troupe::postgres
