#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::sqlite {

// SQLite's write-ahead log, as its documentation of the file format gives it: a header, then frames
// of a header and a page each. Every sum is seeded with the one before it.
inline constexpr std::size_t kWalHeaderBytes = 32;
inline constexpr std::size_t kWalFrameHeaderBytes = 24;

struct WalSum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  friend bool operator==(const WalSum&, const WalSum&) = default;
};

/// The sum of `bytes` (a multiple of eight), going on from `seed`.
WalSum wal_sum(WalSum seed, std::string_view bytes, bool big_endian);

WalSum read_sum(std::string_view eight_bytes);
void write_sum(char* eight_bytes, WalSum sum);

struct WalHeader {
  bool big_endian = false;  ///< how the sums read their words
  std::uint32_t page_bytes = 0;
  std::uint64_t salts = 0;  ///< in the header and each frame of it; new when the WAL begins anew
  WalSum sum;               ///< as stored
  WalSum sum_due;           ///< of what the header holds
  bool is_whole() const { return sum == sum_due; }
};
/// Nothing if these bytes are no header at all.
std::optional<WalHeader> read_wal_header(std::string_view bytes);

struct WalFrame {
  std::uint32_t page = 0;
  std::uint32_t pages_after_commit = 0;  ///< 0: not the last frame of its transaction
  std::uint64_t salts = 0;
  WalSum sum;
};
WalFrame read_wal_frame(std::string_view header);
/// What a frame's sum is made of, after that of the frame before it.
WalSum frame_sum(WalSum seed, std::string_view header, std::string_view page, bool big_endian);

/// What the shared memory beside the WAL (the "-shm" file) says has been committed: SQLite writes
/// it after the fsync of each commit.
struct WalClaim {
  std::uint64_t salts = 0;
  std::uint32_t frames = 0;
};
/// Nothing where the bytes do not have their sum.
std::optional<WalClaim> read_wal_claim(std::string_view shared_memory);

}  // namespace troupe::sqlite
