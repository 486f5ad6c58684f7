#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "adapters/sqlite/database.h"
#include "runtime/port/store.h"

namespace troupe::sqlite {

/// One cut of the journal. Frames go to the table whose range of addresses holds theirs, so that a
/// frame numbered before a cut and committed after it is still found where readers look.
struct JournalTable {
  std::int64_t number = 0;
  store::Pos start = 0;
  bool is_retiring = false;  ///< its frames are going over into history, which moves its start
};

/// All journal tables, oldest first.
Result<std::vector<JournalTable>> read_journal_tables(Database& db);
/// The table whose range holds `pos`; nothing if that has been retired.
const JournalTable* table_of(const std::vector<JournalTable>& tables, store::Pos pos);
/// Of a table, in the columns `pos, entity, slot, bytes`.
store::Frame frame_at(const Statement& row);

/// The journal as its writer sees it. Owned by the writer and used on its thread, inside its
/// transactions; it forgets what a rollback took back.
class Journal {
 public:
  Journal(Database& db, std::size_t table_bytes_max)
      : db_(db), table_bytes_max_(table_bytes_max) {}

  Status load();
  /// Appends, and begins a table first if the current one is over its size.
  Status append(const std::vector<store::Frame>& frames);
  void committed();
  void rolled_back();

  const std::vector<JournalTable>& tables() const { return state_.tables; }
  /// The oldest table's frames up to `last` are in history and leave it.
  Status give_up(store::Pos last);
  Status drop_oldest();
  Result<bool> contains(store::Pos pos);
  /// Since it was opened; any thread.
  std::uint64_t bytes_written() const { return written_.load(std::memory_order_relaxed); }

 private:
  struct State {
    std::vector<JournalTable> tables;
    std::uint64_t table_bytes = 0;  ///< in the last table
    store::Pos pos_max = 0;
    std::uint64_t written = 0;
  };
  Status begin_table();
  Status insert(const JournalTable& table, const store::Frame& frame);

  Database& db_;
  const std::size_t table_bytes_max_;
  State state_;
  State committed_;
  std::atomic<std::uint64_t> written_{0};
};

}  // namespace troupe::sqlite
