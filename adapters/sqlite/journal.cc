#include "adapters/sqlite/journal.h"

#include <algorithm>

#include "adapters/sqlite/schema.h"

namespace troupe::sqlite {

using store::Frame;
using store::Pos;

Result<std::vector<JournalTable>> read_journal_tables(Database& db) {
  std::vector<JournalTable> tables;
  Statement select = db.prepare("SELECT n, start, retiring FROM journal_tables ORDER BY n");
  for (;;) {
    const Result<bool> row = select.step();
    if (!row) return row.error();
    if (!*row) return tables;
    tables.push_back({select.integer_at(0), select.number_at(1), select.integer_at(2) != 0});
  }
}

const JournalTable* table_of(const std::vector<JournalTable>& tables, Pos pos) {
  const auto after = std::upper_bound(
      tables.begin(), tables.end(), pos,
      [](Pos value, const JournalTable& table) { return value < table.start; });
  return after == tables.begin() ? nullptr : &*(after - 1);
}

Frame frame_at(const Statement& row) {
  return {row.number_at(0), RunId(row.id_at(1)), static_cast<std::uint16_t>(row.integer_at(2)),
          std::string(row.blob_at(3))};
}

Status Journal::load() {
  auto tables = read_journal_tables(db_);
  if (!tables) return tables.error();
  if (tables->empty()) return Error{Code::kCorrupt, "The store names no journal table.", {}};
  state_.tables = *std::move(tables);
  const auto bytes = db_.query_integer("SELECT coalesce(sum(length(bytes)),0) FROM " +
                                       journal_table(state_.tables.back().number));
  if (!bytes) return bytes.error();
  state_.table_bytes = static_cast<std::uint64_t>(*bytes);
  for (const JournalTable& table : state_.tables) {
    const auto last =
        db_.query_integer("SELECT coalesce(max(pos),0) FROM " + journal_table(table.number));
    if (!last) return last.error();
    state_.pos_max = std::max(state_.pos_max, static_cast<Pos>(*last));
  }
  committed_ = state_;
  return ok();
}

Status Journal::append(const std::vector<Frame>& frames) {
  if (frames.empty()) return ok();
  if (state_.table_bytes >= table_bytes_max_) {
    if (Status begun = begin_table(); !begun) return begun;
  }
  const JournalTable current = state_.tables.back();
  Statement insert_current =
      db_.prepare("INSERT INTO " + journal_table(current.number) + " VALUES(?1,?2,?3,?4)");
  for (const Frame& frame : frames) {
    state_.written += frame.bytes.size();
    state_.pos_max = std::max(state_.pos_max, frame.pos);
    if (frame.pos < current.start) {
      const JournalTable* table = table_of(state_.tables, frame.pos);
      if (!table || table->is_retiring) {
        return Error{Code::kInternal, "A frame's address lies in history.", {}};
      }
      if (Status done = insert(*table, frame); !done) return done;
      continue;
    }
    state_.table_bytes += frame.bytes.size();
    const Status done = insert_current.number(1, frame.pos)
                            .id(2, frame.entity)
                            .integer(3, frame.hash)
                            .blob(4, frame.bytes)
                            .run();
    if (!done && done.error().code == Code::kConflict) {
      return Error{Code::kInternal, "A frame's address is taken.", {}};
    }
    if (!done) return done;
  }
  return ok();
}

Status Journal::insert(const JournalTable& table, const Frame& frame) {
  return db_.prepare("INSERT INTO " + journal_table(table.number) + " VALUES(?1,?2,?3,?4)")
      .number(1, frame.pos)
      .id(2, frame.entity)
      .integer(3, frame.hash)
      .blob(4, frame.bytes)
      .run();
}

Status Journal::begin_table() {
  const JournalTable next{state_.tables.back().number + 1, state_.pos_max + 1, false};
  if (Status done = db_.execute(create_journal_table(next.number)); !done) return done;
  Statement note = db_.prepare("INSERT INTO journal_tables VALUES(?1,?2,0)");
  if (Status done = note.integer(1, next.number).number(2, next.start).run(); !done) return done;
  state_.tables.push_back(next);
  state_.table_bytes = 0;
  return ok();
}

void Journal::committed() {
  written_.store(state_.written, std::memory_order_relaxed);
  committed_ = state_;
}

void Journal::rolled_back() { state_ = committed_; }

Status Journal::give_up(Pos last) {
  JournalTable& oldest = state_.tables.front();
  oldest.start = last + 1;
  oldest.is_retiring = true;
  // Whole pages at the table's front go free without being written again. A DROP of all 64 MB at
  // once would hold up commits for 30 ms; of an emptied table it costs nothing.
  const Status deleted =
      db_.prepare("DELETE FROM " + journal_table(oldest.number) + " WHERE pos<=?1")
          .number(1, last)
          .run();
  if (!deleted) return deleted;
  return db_.prepare("UPDATE journal_tables SET start=?2, retiring=1 WHERE n=?1")
      .integer(1, oldest.number)
      .number(2, oldest.start)
      .run();
}

Status Journal::drop_oldest() {
  TROUPE_ENSURE(state_.tables.size() > 1);
  const std::int64_t number = state_.tables.front().number;
  db_.forget(journal_table(number));
  if (Status done = db_.execute("DROP TABLE " + journal_table(number)); !done) return done;
  state_.tables.erase(state_.tables.begin());
  return db_.prepare("DELETE FROM journal_tables WHERE n=?1").integer(1, number).run();
}

Result<bool> Journal::contains(Pos pos) {
  const JournalTable* table = table_of(state_.tables, pos);
  if (!table) return false;
  Statement select =
      db_.prepare("SELECT 1 FROM " + journal_table(table->number) + " WHERE pos=?1");
  return select.number(1, pos).step();
}

}  // namespace troupe::sqlite
