#pragma once

#include <cstddef>
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
  /// How long a writer waits for the one before it to be gone.
  int writer_wait_ms = 5000;
};

}  // namespace troupe::postgres
