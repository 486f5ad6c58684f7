#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <string>

#include "adapters/sqlite/wal_format.h"

namespace troupe::sqlite {

/// Writes to one WAL file so that the page of every frame is sealed. SQLite sums a frame before the
/// file sees it, so a sealed page is due a new sum, and so is each frame behind it, as every sum is
/// the seed of the next. The sums on the disk are therefore this class's own; SQLite compares sums
/// only when it recovers, and then goes on from what it has read. A frame's header waits for its
/// page, and both go out in one write. Belongs to the open file, used on its connection's thread.
class SealedWal {
 public:
  explicit SealedWal(sqlite3_file* below) : below_(below) {}

  /// A SQLite code. What is neither the header, nor a frame's header, nor its page fails: nothing
  /// may get in unsealed.
  int write(const char* bytes, int size, sqlite3_int64 offset);
  /// Writes a header that waits; needed before anything but a write.
  int flush();

 private:
  int write_header(std::string_view bytes);
  int write_frame(std::string_view page);
  /// The sum that seeds the frame at `offset`.
  int read_seed(sqlite3_int64 offset, std::size_t page_bytes, std::uint64_t salts, WalSum* seed);
  int read(char* to, int size, sqlite3_int64 offset);

  sqlite3_file* below_;
  std::string frame_;  ///< the header that waits, then its page
  sqlite3_int64 frame_at_ = -1;
  std::optional<bool> big_endian_;
  /// Where the next frame goes if it follows the last one, and what seeds it there, as long as the
  /// WAL has these salts.
  sqlite3_int64 next_at_ = -1;
  std::uint64_t next_salts_ = 0;
  WalSum next_seed_;
};

}  // namespace troupe::sqlite
