#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace troupe::postgres {

/// Everything about the shared store that may be set.
struct Options {
  std::string conninfo;           ///< libpq's own form, as keywords or URI; its words win over ours
  std::string schema = "troupe";  ///< [a-z_][a-z0-9_]{0,39}: holds everything, made if absent
  std::size_t journal_table_bytes = std::size_t{64} << 20;
  std::size_t journal_tables_kept = 2;  ///< beyond those that recovery needs
  std::size_t retire_piece_bytes = std::size_t{256} << 10;
  /// A batch of so many frames goes by COPY, which takes two round trips of its own; fewer go along
  /// with all other rows. On a socket the two cost alike at 1,000 frames, and COPY two thirds at
  /// 4,000.
  std::size_t copy_frames_min = 512;
  int connect_timeout_s = 5;
  /// A server that is just starting, or recovering, is waited for so long when a store is opened.
  int start_patience_ms = 60'000;
  /// Asked meanwhile; null: never.
  std::function<bool()> start_is_over = nullptr;
  // What follows bounds how long a node that hangs can be in another's way; all of it has to be
  // well below the lease.
  /// A transaction whose client says nothing for so long is ended by the server.
  int silent_transaction_ms = 3000;
  /// A writer waits so long for another's row or lock.
  int writer_lock_ms = 3000;
  /// A takeover waits so long before it ends the other's session, and so long for that.
  int takeover_lock_ms = 500;
  /// Membership gives a connection up that does not answer for so long.
  int membership_answer_ms = 4000;
};

}  // namespace troupe::postgres
