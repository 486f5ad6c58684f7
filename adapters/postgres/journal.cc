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
  return tables;
}

const JournalTable* table_of(const std::vector<JournalTable>& tables, Pos pos) {
  const auto after = std::upper_bound(
      tables.begin(), tables.end(), pos,
      [](Pos value, const JournalTable& table) { return value < table.start; });
  // The next lower one may be of an earlier epoch, all of whose later tables have been retired.
  if (after == tables.begin()) return nullptr;
  const bool is_of_epoch = (after - 1)->start >> store::kEpochShift == pos >> store::kEpochShift;
  return is_of_epoch ? &*(after - 1) : nullptr;
}

Frame frame_at(const Answer& answer, int row) {
  return {answer.number_at(row, 0), RunId(answer.id_at(row, 1)),
          static_cast<std::uint16_t>(answer.integer_at(row, 2)),
          std::string(answer.blob_at(row, 3))};
}

Result<std::vector<Frame>> read_piece(Connection& db, std::int64_t table, Pos from,
                                      std::size_t bytes_max, const FrameFilter& filter) {
  Parameters parameters;
  parameters.number(from).number(std::max<std::size_t>(bytes_max, 1));
  filter.bind(parameters);
  // The sizes are summed up without fetching the bytes, so the server reads only what it sends.
  const auto answer = db.query(
      "SELECT pos, entity, hash, bytes FROM (SELECT pos, entity, hash, bytes, "
      "sum(octet_length(bytes)) OVER (ORDER BY pos) - octet_length(bytes) AS before FROM "
      "(SELECT * FROM " +
          journal_table(table) +
          " WHERE pos>=$1" + filter.condition +
          " ORDER BY pos LIMIT 4096) AS next) AS summed WHERE before<$2 ORDER BY pos",
      std::move(parameters));
  if (!answer) return answer.error();
  std::vector<Frame> frames;
  for (int row = 0; row < answer->rows(); ++row) {
    frames.push_back(frame_at(*answer, row));
  }
  return frames;
}

Request give_up(std::int64_t table, Pos last) {
  // The rows stay until the table is dropped: a DELETE would write each of them once more.
  return {"UPDATE journal_tables SET start=$2, retiring=1 WHERE n=$1",
          Parameters().integer(table).number(last + 1)};
}

Result<Request> drop(Connection& db, std::int64_t table) {
  db.forget(journal_table(table));
  if (Status done = db.execute("DROP TABLE " + journal_table(table)); !done) return done.error();
  return Request{"DELETE FROM journal_tables WHERE n=$1", Parameters().integer(table)};
}

Request forget_if_empty(store::NodeNumber gone) {
  return {"DELETE FROM nodes WHERE number=$1 AND state=2 AND NOT EXISTS(SELECT 1 FROM "
          "journal_tables WHERE node=$1)",
          Parameters().number(gone)};
}

Status Journal::load(store::NodeNumber node) {
  node_ = node;
  auto tables = journal_tables_in(
      db_.query("SELECT n, start, retiring FROM journal_tables WHERE node=$1 ORDER BY start, n",
                Parameters().number(node)));
  if (!tables) return tables.error();
  state_.tables = *std::move(tables);
  state_.table_bytes = 0;
  state_.pos_max = 0;
  if (!state_.tables.empty()) {
    const auto last = db_.query(
        "SELECT coalesce(sum(octet_length(bytes)),0)::int8, coalesce(max(pos),0) FROM " +
        journal_table(state_.tables.back().number));
    if (!last) return last.error();
    state_.table_bytes = last->number_at(0, 0);
    state_.pos_max = std::max(state_.tables.back().start, last->number_at(0, 1));
  }
  committed_ = state_;
  return ok();
}

Status Journal::append(const std::vector<Frame>& frames, std::vector<Request>& last) {
  if (frames.empty()) return ok();
  if (state_.table_bytes >= table_bytes_max_) {
    if (Status begun = begin_table(state_.pos_max + 1); !begun) return begun;
  }
  std::vector<const Frame*> in_current;
  for (const Frame& frame : frames) {
    const JournalTable* table = table_of(state_.tables, frame.pos);
    if (!table || table->is_retiring) {
      return Error{Code::kInternal, "A frame's address lies in history, or in no epoch.", {}};
    }
    state_.written += frame.bytes.size();
    if (table != &state_.tables.back()) {
      last.push_back(insert(*table, {&frame}));
      continue;
    }
    state_.pos_max = std::max(state_.pos_max, frame.pos);
    state_.table_bytes += frame.bytes.size();
    in_current.push_back(&frame);
  }
  if (in_current.empty()) return ok();
  const JournalTable& current = state_.tables.back();
  if (in_current.size() >= copy_frames_min_) return copy(current, in_current);
  last.push_back(insert(current, in_current));
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
  Column pos(Type::kInteger), entities(Type::kId), hashes(Type::kInteger), bytes(Type::kBytes);
  for (const Frame* frame : frames) {
    pos.integer(static_cast<std::int64_t>(frame->pos));
    entities.id(frame->entity);
    hashes.integer(frame->hash);
    bytes.blob(frame->bytes);
  }
  return {"INSERT INTO " + journal_table(table.number) + " SELECT * FROM unnest($1,$2,$3,$4)",
          Parameters::of(std::move(pos), std::move(entities), std::move(hashes), std::move(bytes))};
}

Status Journal::begin_epoch(std::uint64_t epoch) {
  return begin_table(static_cast<Pos>(epoch) << store::kEpochShift);
}

Status Journal::begin_table(Pos start) {
  const auto number = db_.query_integer("SELECT nextval('journal_numbers')");
  if (!number) return number.error();
  const Status made = db_.execute(create_journal_table(*number) +
                                  "INSERT INTO journal_tables(n, node, start, retiring) VALUES(" +
                                  std::to_string(*number) + "," + std::to_string(node_) + "," +
                                  std::to_string(start) + ",0)");
  if (!made) return made;
  state_.tables.push_back({*number, start, false});
  state_.table_bytes = 0;
  state_.pos_max = start;
  return ok();
}

void Journal::committed() {
  written_.store(state_.written, std::memory_order_relaxed);
  committed_ = state_;
}

Request Journal::give_up(Pos last) {
  JournalTable& oldest = state_.tables.front();
  oldest.start = last + 1;
  oldest.is_retiring = true;
  return postgres::give_up(oldest.number, last);
}

Result<Request> Journal::drop_oldest() {
  TROUPE_ENSURE(state_.tables.size() > 1);
  const std::int64_t number = state_.tables.front().number;
  state_.tables.erase(state_.tables.begin());
  return drop(db_, number);
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
