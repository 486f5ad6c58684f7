#include <algorithm>

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

const std::string kSlotOfHash =
    "(hash/" + std::to_string((std::size_t{1} << 16) / cluster::kSlotCount) + ")::int8";

/// A sub-select, which is hashed; an array would be searched once per row.
std::string in_slots(const std::string& column) {
  return kSlotOfHash + " IN (SELECT unnest(" + column + "))";
}

}  // namespace

Status Reader::look_for_tables() {
  auto tables = journal_tables_in(
      query("SELECT n, start, retiring FROM journal_tables ORDER BY start, n"));
  if (!tables) return tables.error();
  std::unordered_set<std::int64_t> there;
  for (const JournalTable& table : *tables) there.insert(table.number);
  for (const JournalTable& table : tables_) {
    if (!there.contains(table.number)) db_.forget(journal_table(table.number));
  }
  tables_ = *std::move(tables);
  return ok();
}

bool Reader::knows_epoch_of(Pos pos) const {
  const Pos begin = pos >> kEpochShift << kEpochShift;
  const auto first = std::lower_bound(
      tables_.begin(), tables_.end(), begin,
      [](const JournalTable& table, Pos value) { return table.start < value; });
  return first != tables_.end() && first->start >> kEpochShift == pos >> kEpochShift;
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
  if (auto recent = life_.recent.find(pos)) return recent;
  const JournalTable* table = table_of(tables_, pos);
  if (!table) return std::optional<Frame>();
  const auto found = query("SELECT pos, entity, hash, bytes FROM " + journal_table(table->number) +
                               " WHERE pos=$1",
                           Parameters().number(pos));
  if (!found) return found.error();
  if (found->rows() == 0) return std::optional<Frame>();
  return std::optional<Frame>(frame_at(*found, 0));
}

Result<bool> Reader::in_journal(Pos pos) {
  if (table_of(tables_, pos)) return true;
  // Tables of an epoch are retired in order, and the first one is there before any frame.
  const std::uint64_t epoch = pos >> kEpochShift;
  if (knows_epoch_of(pos) || retired_epochs_.contains(epoch)) return false;
  if (Status done = look_for_tables(); !done) return done.error();
  if (table_of(tables_, pos)) return true;
  const bool is_past = !tables_.empty() && epoch < tables_.back().start >> kEpochShift;
  if (is_past && !knows_epoch_of(pos)) retired_epochs_.insert(epoch);
  return false;
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
    const PieceKey key{entity, answer->number_at(row, 0), answer->number_at(row, 1)};
    auto chunk = decode_chunk(hasher_, key, answer->blob_at(row, 2));
    if (!chunk) return chunk.error();
    for (Frame& frame : *chunk) {
      if (frame.pos <= after) continue;
      bytes += frame.bytes.size();
      if (!frames.empty() && bytes > bytes_max) return frames;
      frames.push_back(std::move(frame));
    }
  }
  return frames;
}

Result<std::vector<Reader::Stretch>> Reader::stretches_of(const cluster::SlotSet& slots,
                                                          Pos after) {
  const NodeNumber own = life_.node;
  const auto answer = query(
      "SELECT t.n, greatest(t.start, g.recovery_mark, $3), t.node FROM journal_tables AS t "
      "JOIN nodes AS g ON g.number=t.node WHERE t.node=$1 OR t.node IN "
      "(SELECT unnest(tails) FROM slots WHERE n=ANY($2)) ORDER BY t.start, t.n",
      Parameters().number(own).column(slot_column(slots)).number(after + 1));
  if (!answer) return answer.error();
  std::vector<Stretch> stretches;
  for (int row = 0; row < answer->rows(); ++row) {
    const NodeNumber node = answer->number_at(row, 2);
    stretches.push_back(
        {answer->integer_at(row, 0), answer->number_at(row, 1), node == own ? 0 : node});
  }
  return stretches;
}

Status Reader::scan(const cluster::SlotSet& slots, Pos after, const FilterOf& filter_of,
                    const std::function<bool(Frame)>& visit) {
  const auto stretches = stretches_of(slots, after);
  if (!stretches) return stretches.error();
  // An epoch is one node's, so the tables' ranges follow each other, whoever wrote them.
  for (const Stretch& stretch : *stretches) {
    const FrameFilter filter = filter_of(stretch);
    for (Pos from = stretch.from;;) {
      auto piece = read_piece(db_, stretch.table, from, kScanBytes, filter);
      if (!piece) {
        // Retired since? Then nothing in it is needed.
        const auto now = stretches_of(slots, after);
        if (!now) return now.error();
        const bool is_there = std::any_of(now->begin(), now->end(), [&](const Stretch& other) {
          return other.table == stretch.table;
        });
        if (is_there) return piece.error();
        break;
      }
      if (piece->empty()) break;
      from = piece->back().pos + 1;
      for (Frame& frame : *piece) {
        if (!visit(std::move(frame))) return ok();
      }
    }
  }
  return ok();
}

Result<std::vector<Frame>> Reader::journal_of(NodeNumber node, Pos from, std::size_t bytes_max) {
  const NodeNumber wanted = node == 0 ? life_.node.load() : node;
  const auto answer = query(
      "SELECT n, start, retiring FROM journal_tables WHERE node=$1 ORDER BY start, n",
      Parameters().number(wanted));
  const auto tables = journal_tables_in(answer);
  if (!tables) return tables.error();
  for (std::size_t i = 0; i < tables->size(); ++i) {
    const JournalTable& table = (*tables)[i];
    if (i + 1 < tables->size() && (*tables)[i + 1].start <= from) continue;
    auto piece = read_piece(db_, table.number, std::max(from, table.start), bytes_max);
    if (!piece || !piece->empty()) return piece;
  }
  return std::vector<Frame>();
}

Status Reader::scan_tail(const cluster::SlotSet& slots, const std::function<bool(Frame)>& visit) {
  const auto filter_of = [&slots](const Stretch& stretch) {
    FrameFilter filter;
    filter.condition = " AND " + in_slots("$3");
    if (stretch.gone != 0) {
      filter.condition = " AND " + kSlotOfHash +
                         " IN (SELECT n FROM slots WHERE n IN (SELECT unnest($3)) AND "
                         "$4=ANY(tails))";
    }
    filter.bind = [&slots, gone = stretch.gone](Parameters& parameters) {
      parameters.column(slot_column(slots));
      if (gone != 0) parameters.number(gone);
    };
    return filter;
  };
  return scan(slots, 0, filter_of, visit);
}

Status Reader::scan_tail_of(RunId entity, Pos after, const std::function<bool(Frame)>& visit) {
  cluster::SlotSet slot;
  slot.set(cluster::slot_of(entity));
  const FrameFilter of_entity{" AND entity=$3",
                              [entity](Parameters& parameters) { parameters.id(entity); }};
  return scan(slot, after, [&](const Stretch&) { return of_entity; }, visit);
}

namespace {

/// Decodes `entity, wake_at, runnable, body`. What cannot be costs no other its wake-up.
Result<std::vector<Snapshot>> snapshots_in(const Result<Answer>& answer, const Hasher& hasher) {
  if (!answer) return answer.error();
  std::vector<Snapshot> rows;
  for (int at = 0; at < answer->rows(); ++at) {
    const RunId entity(answer->id_at(at, 0));
    auto row = store::decode<Snapshot>(hasher, answer->blob_at(at, 3));
    if (row && row->entity == entity) {
      rows.push_back(*std::move(row));
      continue;
    }
    Snapshot& damaged = rows.emplace_back();
    damaged.entity = entity;
    if (!answer->null_at(at, 1)) damaged.wake_at = {answer->integer_at(at, 1)};
    damaged.runnable = answer->integer_at(at, 2) != 0;
    damaged.damaged = true;
  }
  return rows;
}

}  // namespace

Status Reader::runnable_snapshots(const cluster::SlotSet& slots,
                                  const std::function<bool(Snapshot)>& visit) {
  for (RunId last;;) {
    auto rows = snapshots_in(
        query("SELECT entity, wake_at, runnable, body FROM snapshots WHERE runnable=1 AND "
              "entity>$1 AND " + in_slots("$3") + " ORDER BY entity LIMIT $2",
              Parameters().id(last).integer(kSnapshotsPerLook).column(slot_column(slots))),
        hasher_);
    if (!rows) return rows.error();
    if (rows->empty()) return ok();
    last = rows->back().entity;
    for (Snapshot& row : *rows) {
      if (!visit(std::move(row))) return ok();
    }
  }
}

Result<std::vector<Snapshot>> Reader::due(const cluster::SlotSet& slots, TimePoint after,
                                          TimePoint until, std::size_t limit) {
  return snapshots_in(
      query("SELECT entity, wake_at, runnable, body FROM snapshots WHERE wake_at IS NOT NULL AND "
            "wake_at>=$1 AND wake_at<$2 AND " + in_slots("$4") + " ORDER BY wake_at, entity "
            "LIMIT $3",
            Parameters()
                .integer(after.us)
                .integer(until.us)
                .number(limit)
                .column(slot_column(slots))),
      hasher_);
}

}  // namespace troupe::postgres
