#include "adapters/postgres/journal.h"

#include <algorithm>

#include "adapters/postgres/schema.h"

namespace troupe::postgres {

using store::Frame;
using store::Pos;

Result<std::vector<JournalTable>> journal_tables_in(const Result<Answer>& answer) {
  if (!answer) return answer.error();
  std::vector<JournalTable> tables;
  for (int row = 0; row < answer->rows(); ++row) {
    tables.push_back(
        {answer->integer_at(row, 0), answer->number_at(row, 1), answer->integer_at(row, 2) != 0});
  }
  if (tables.empty()) return Error{Code::kCorrupt, "The store names no journal table.", {}};
  return tables;
}

const JournalTable* table_of(const std::vector<JournalTable>& tables, Pos pos) {
  const auto after = std::upper_bound(
      tables.begin(), tables.end(), pos,
      [](Pos value, const JournalTable& table) { return value < table.start; });
  return after == tables.begin() ? nullptr : &*(after - 1);
}

Result<std::vector<Frame>> read_piece(Connection& db, std::int64_t table, Pos from,
                                      std::size_t bytes_max) {
  // The sizes are summed up without fetching the bytes, so the server reads only what it sends.
  const auto answer = db.query(
      "SELECT pos, entity, slot, bytes FROM (SELECT pos, entity, slot, bytes, "
      "sum(octet_length(bytes)) OVER (ORDER BY pos) - octet_length(bytes) AS before FROM "
      "(SELECT * FROM " +
          journal_table(table) +
          " WHERE pos>=$1 ORDER BY pos LIMIT 4096) AS next) AS summed WHERE before<$2 ORDER BY pos",
      Parameters().number(from).number(std::max<std::size_t>(bytes_max, 1)));
  if (!answer) return answer.error();
  std::vector<Frame> frames;
  for (int row = 0; row < answer->rows(); ++row) {
    frames.push_back({answer->number_at(row, 0), RunId(answer->id_at(row, 1)),
                      static_cast<std::uint16_t>(answer->integer_at(row, 2)),
                      std::string(answer->blob_at(row, 3))});
  }
  return frames;
}

Status Journal::load() {
  auto tables = journal_tables_in(db_.query(kSelectJournalTables));
  if (!tables) return tables.error();
  state_.tables = *std::move(tables);
  const auto bytes = db_.query_integer("SELECT coalesce(sum(octet_length(bytes)),0)::int8 FROM " +
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

Status Journal::append(const std::vector<Frame>& frames, std::vector<Request>& last) {
  if (frames.empty()) return ok();
  if (state_.table_bytes >= table_bytes_max_) {
    if (Status begun = begin_table(); !begun) return begun;
  }
  const JournalTable& current = state_.tables.back();
  std::vector<const Frame*> in_current;
  for (const Frame& frame : frames) {
    state_.written += frame.bytes.size();
    state_.pos_max = std::max(state_.pos_max, frame.pos);
    if (frame.pos >= current.start) {
      state_.table_bytes += frame.bytes.size();
      in_current.push_back(&frame);
      continue;
    }
    const JournalTable* table = table_of(state_.tables, frame.pos);
    if (!table || table->is_retiring) {
      return Error{Code::kInternal, "A frame's address lies in history.", {}};
    }
    last.push_back(insert(*table, {&frame}));
  }
  if (in_current.size() >= copy_frames_min_) return copy(current, in_current);
  if (!in_current.empty()) last.push_back(insert(current, in_current));
  return ok();
}

Status Journal::copy(const JournalTable& table, const std::vector<const Frame*>& frames) {
  return db_.copy(journal_table(table.number), [&](CopyRows& rows) {
    for (const Frame* frame : frames) {
      rows.row(frame->pos, frame->entity, frame->hash, frame->bytes);
    }
  });
}

Request Journal::insert(const JournalTable& table, const std::vector<const Frame*>& frames) {
  Column pos(Type::kInteger), entities(Type::kId), slots(Type::kInteger), bytes(Type::kBytes);
  for (const Frame* frame : frames) {
    pos.integer(static_cast<std::int64_t>(frame->pos));
    entities.id(frame->entity);
    slots.integer(frame->hash);
    bytes.blob(frame->bytes);
  }
  return {"INSERT INTO " + journal_table(table.number) + " SELECT * FROM unnest($1,$2,$3,$4)",
          Parameters()
              .column(std::move(pos))
              .column(std::move(entities))
              .column(std::move(slots))
              .column(std::move(bytes))};
}

Status Journal::begin_table() {
  const JournalTable next{state_.tables.back().number + 1, state_.pos_max + 1, false};
  const Status made = db_.execute(create_journal_table(next.number) +
                                  "INSERT INTO journal_tables VALUES(" +
                                  std::to_string(next.number) + "," + std::to_string(next.start) +
                                  ",0)");
  if (!made) return made;
  state_.tables.push_back(next);
  state_.table_bytes = 0;
  return ok();
}

void Journal::committed() {
  written_.store(state_.written, std::memory_order_relaxed);
  committed_ = state_;
}

Request Journal::give_up(Pos last) {
  // The rows stay until the table is dropped: a DELETE would write each of them once more.
  JournalTable& oldest = state_.tables.front();
  oldest.start = last + 1;
  oldest.is_retiring = true;
  return {"UPDATE journal_tables SET start=$2, retiring=1 WHERE n=$1",
          Parameters().integer(oldest.number).number(oldest.start)};
}

Result<Request> Journal::drop_oldest() {
  TROUPE_ENSURE(state_.tables.size() > 1);
  const std::int64_t number = state_.tables.front().number;
  db_.forget(journal_table(number));
  if (Status done = db_.execute("DROP TABLE " + journal_table(number)); !done) return done.error();
  state_.tables.erase(state_.tables.begin());
  return Request{"DELETE FROM journal_tables WHERE n=$1", Parameters().integer(number)};
}

Result<bool> Journal::contains(Pos pos) {
  const JournalTable* table = table_of(state_.tables, pos);
  if (!table) return false;
  const auto answer = db_.query("SELECT 1 FROM " + journal_table(table->number) + " WHERE pos=$1",
                                Parameters().number(pos));
  if (!answer) return answer.error();
  return answer->rows() > 0;
}

}  // namespace troupe::postgres
