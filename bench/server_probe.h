#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct pg_conn;

namespace troupe::bench {

/// A connection of the benchmark's own to the PostgreSQL server that it measures. Used by its main
/// thread; throws where the server does not answer.
class ServerProbe {
 public:
  explicit ServerProbe(const std::string& conninfo);

  /// Lets the server have segments of its log to use again, as it has once it has run for a while.
  /// A new one is 16 MiB of zeros, written and flushed while every commit waits: 16 to 28 ms here.
  void age_wal(int segments);

  /// What the server itself can do here: rows of 300 bytes per second by binary COPY into a table
  /// shaped like a journal's, 500 a transaction, on one connection. Runs for about a second.
  double raw_rows_per_s();
  /// Bytes of write-ahead log since the server was made.
  std::uint64_t wal_bytes();
  /// Those of them, counted in pages, that repeat a whole page after a checkpoint.
  std::uint64_t wal_page_images();

 private:
  std::uint64_t number(const char* sql);
  void run(const char* sql);

  std::shared_ptr<pg_conn> connection_;
};

}  // namespace troupe::bench
