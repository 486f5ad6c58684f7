#pragma once

#include <cstddef>
#include <string>

#include "runtime/port/log.h"

namespace troupe::sqlite {

/// Everything about the embedded store that may be set. The defaults are the measured ones
/// (bench/micro/store_bench.cc).
struct Options {
  std::string path;  ///< of the database file; its directory exists and is held (data_dir.h)
  int page_bytes = 8192;  ///< of a new file
  std::size_t writer_cache_bytes = std::size_t{64} << 20;
  std::size_t reader_cache_bytes = std::size_t{4} << 20;
  std::size_t journal_table_bytes = std::size_t{64} << 20;
  std::size_t journal_tables_kept = 2;  ///< beyond those that recovery needs
  std::size_t retire_piece_bytes = std::size_t{256} << 10;
  /// A checkpoint copies about this much, which bounds the pause that one causes.
  std::size_t checkpoint_bytes = std::size_t{4} << 20;
  /// Over this, a checkpoint waits briefly for readers so that the WAL starts again.
  std::size_t wal_bytes_max = std::size_t{64} << 20;
  int reader_wait_ms = 20;
  Logger* log = nullptr;  ///< told of damaged pages; outlives the store
  std::string vfs;  ///< for tests: the name of a registered VFS (fault_vfs.h); empty: SQLite's own
};

}  // namespace troupe::sqlite
