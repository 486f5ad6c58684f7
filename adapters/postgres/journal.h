#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "adapters/postgres/connection.h"
#include "adapters/postgres/options.h"
#include "runtime/port/store.h"

namespace troupe::postgres {

/// One cut of a node's journal, within one epoch. Frames go to the table whose range of addresses
/// holds theirs, so that a frame numbered before a cut, or in an earlier epoch, and committed after
/// it is still found where readers look.
struct JournalTable {
  std::int64_t number = 0;
  store::Pos start = 0;
  bool is_retiring = false;  ///< its frames are going over into history, which moves its start
};

/// Journal tables, lowest addresses first, in the columns `n, start, retiring`.
Result<std::vector<JournalTable>> journal_tables_in(const Result<Answer>& answer);
/// The table whose range holds `pos`; nothing if that has been retired.
const JournalTable* table_of(const std::vector<JournalTable>& tables, store::Pos pos);
/// Of a table, in the columns `pos, entity, hash, bytes`.
store::Frame frame_at(const Answer& answer, int row);
/// Which frames of a table: a condition on `entity` and `hash` behind ` AND `, whose parameters are
/// those from $3 on.
struct FrameFilter {
  std::string condition;
  std::function<void(Parameters&)> bind = [](Parameters&) {};
};
/// The next frames of a table from `from` on, in order: about `bytes_max` of them, at least one if
/// there is one.
Result<std::vector<store::Frame>> read_piece(Connection& db, std::int64_t table, store::Pos from,
                                             std::size_t bytes_max,
                                             const FrameFilter& filter = {});

/// The table's frames up to `last` are in history.
Request give_up(std::int64_t table, store::Pos last);
/// All of them are: the table goes, at once, and its row with the request.
Result<Request> drop(Connection& db, std::int64_t table);

/// Removes a gone node's row once none of its journal tables is left.
Request forget_if_empty(store::NodeNumber gone);

/// A node's own journal as its writer sees it. Owned by the writer and used on its thread, inside
/// its transactions; it forgets what a rollback took back.
class Journal {
 public:
  Journal(Connection& db, const Options& options)
      : db_(db),
        table_bytes_max_(options.journal_table_bytes),
        copy_frames_min_(options.copy_frames_min) {}

  /// That of another life is none of this one's.
  Status load(store::NodeNumber node);
  /// Begins the first table of a new epoch.
  Status begin_epoch(std::uint64_t epoch);
  /// Begins a table behind all that are there.
  Status begin_table(store::Pos start);
  /// Appends, and begins a table first if the current one is over its size. What is not copied at
  /// once is left to requests that `last` gains.
  Status append(const std::vector<store::Frame>& frames, std::vector<Request>& last);
  void committed();
  void rolled_back() { state_ = committed_; }

  const std::vector<JournalTable>& tables() const { return state_.tables; }
  /// The oldest table's frames up to `last` are in history.
  Request give_up(store::Pos last);
  /// The oldest table's frames are all in history.
  Result<Request> drop_oldest();
  Result<bool> contains(store::Pos pos);
  /// Since it was opened; any thread.
  std::uint64_t bytes_written() const { return written_.load(std::memory_order_relaxed); }

 private:
  struct State {
    std::vector<JournalTable> tables;
    std::uint64_t table_bytes = 0;  ///< in the last table
    store::Pos pos_max = 0;         ///< in the last table
    std::uint64_t written = 0;
  };
  Status copy(const JournalTable& table, const std::vector<const store::Frame*>& frames);
  static Request insert(const JournalTable& table, const std::vector<const store::Frame*>& frames);

  Connection& db_;
  const std::size_t table_bytes_max_;
  const std::size_t copy_frames_min_;
  store::NodeNumber node_ = 0;
  State state_;
  State committed_;
  std::atomic<std::uint64_t> written_{0};
};

}  // namespace troupe::postgres
