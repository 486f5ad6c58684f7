#include "adapters/sqlite/wal_damage.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "adapters/sqlite/wal_format.h"

// When SQLite opens a WAL, it takes the frames up to the first that does not have its sum and
// silently drops the rest. That is right for a torn tail, which is a transaction whose fsync had
// not returned: nobody was told of it. It is wrong for a frame that was damaged later. What tells
// them apart:
//
// - Each commit is synced before the next transaction writes its first frame, and the sum of a
//   frame goes on from that of the frame before it. So a frame whose sum goes on from a commit
//   frame's was written after that commit was on the disk. If such a commit stands at the bad frame
//   or behind it, then the bad frame had been synced too: damage. A torn transaction has nothing
//   behind its commit frame.
// - Old frames behind the tail are normal. After a full checkpoint the WAL begins anew with other
//   salts, and frames of the last round stay until they are overwritten: their salts say so. What a
//   rolled back or torn transaction left has the current salts, but it never had anything behind
//   its commit, and nothing can go on from that now: every later transaction is written over it
//   from its first frame on, with sums of its own.
// - After a kill (not a power cut) the shared memory beside the WAL is still there. SQLite writes
//   into it how many frames are committed, after their sync. If the good frames end before that, it
//   is damage too, were it in the last transaction. Recovery writes it as well, for frames that it
//   found but that may never have been synced; therefore they are synced here first.
// - The header is synced before the first frame, so frames behind a header that is not whole are
//   damage by the same rules; SQLite would take such a WAL for empty.
//
// What remains is damage to the last transaction after a power cut, or to the header of the commit
// before it: it looks like a torn write.

namespace troupe::sqlite {
namespace {

std::string bytes_at(std::ifstream& file, std::size_t count) {
  std::string bytes(count, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(count));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

std::string first_bytes(const std::string& path, std::size_t count) {
  std::ifstream file(path, std::ios::binary);
  return file ? bytes_at(file, count) : std::string();
}

Status sync(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = file >= 0 && ::fdatasync(file) == 0;
  const int why = errno;
  if (file >= 0) ::close(file);
  if (done) return ok();
  return Error{Code::kUnavailable, path + " cannot be read: " + std::strerror(why) + ".", {}};
}

/// The size of a page where the WAL's header does not tell it.
std::uint32_t page_bytes_of(const std::string& database_path) {
  const std::string header = first_bytes(database_path, 18);
  if (header.size() < 18) return 0;
  const std::uint32_t bytes = static_cast<unsigned char>(header[16]) * 256u +
                              static_cast<unsigned char>(header[17]);
  return bytes == 1 ? 65536 : bytes;
}

/// One walk over the frames.
class Walk {
 public:
  explicit Walk(const WalHeader& header) : header_(header), seed_(header.sum) {
    if (!header.is_whole()) bad_at_ = 0;
  }

  void frame(std::string_view header, std::string_view page) {
    const WalFrame frame = read_wal_frame(header);
    if (frames_ == 0) first_salts_ = frame.salts;
    ++frames_;
    const bool goes_on = has_sum(frame, header, page);
    // A header that is not whole proves nothing about salts.
    const bool is_current = !header_.is_whole() || frame.salts == header_.salts;
    const bool is_good = goes_on && is_current && frame.page != 0;
    if (is_good && commit_before_ && bad_at_) behind_a_commit_ = true;
    if (!is_good && !bad_at_) bad_at_ = offset_;
    if (is_good && !bad_at_ && frame.pages_after_commit != 0) committed_ = frames_;
    // That the next frame goes on from a bad one proves that its header was written as it stands,
    // unless a sector ends inside and the disk wrote only the latter half.
    const bool is_whole = is_good || (is_current && (offset_ + 8) % kSectorBytes != 0);
    commit_before_ = is_whole && frame.pages_after_commit != 0;
    seed_ = frame.sum;
    offset_ += kWalFrameHeaderBytes + page.size();
  }

  /// Where the damage begins, if there is any.
  std::optional<std::uint64_t> damage(const std::optional<WalClaim>& claim) const {
    if (behind_a_commit_) return bad_at_;
    if (!claim || claim->frames <= (header_.is_whole() ? committed_ : 0)) return std::nullopt;
    if (claim->salts != (header_.is_whole() ? header_.salts : first_salts_)) return std::nullopt;
    return bad_at_.value_or(offset_);
  }

 private:
  static constexpr std::uint64_t kSectorBytes = 512;

  bool has_sum(const WalFrame& frame, std::string_view header, std::string_view page) const {
    const auto due = [&](WalSum seed) {
      return frame_sum(seed, header, page, header_.big_endian) == frame.sum;
    };
    return due(seed_) || (frames_ == 1 && due(header_.sum_due));
  }

  const WalHeader header_;
  WalSum seed_;
  std::uint64_t offset_ = kWalHeaderBytes;
  std::uint64_t frames_ = 0;
  std::uint64_t committed_ = 0;  ///< frames up to the last commit before anything bad
  std::uint64_t first_salts_ = 0;
  std::optional<std::uint64_t> bad_at_;
  bool commit_before_ = false;    ///< the last frame was a commit's
  bool behind_a_commit_ = false;  ///< something goes on from a commit at or behind the bad place
};

}  // namespace

Status check_wal(const std::string& database_path) {
  const std::string path = database_path + "-wal";
  std::error_code none;
  if (std::filesystem::file_size(path, none) <= kWalHeaderBytes || none) return ok();
  if (Status done = sync(path); !done) return done;
  std::ifstream file(path, std::ios::binary);
  const std::string start = bytes_at(file, kWalHeaderBytes);
  WalHeader header;
  if (const auto read = read_wal_header(start)) {
    header = *read;
  } else {
    header.sum = read_sum(std::string_view(start).substr(24));
    header.sum_due = {~header.sum.first, 0};
  }
  if (!header.is_whole()) {
    header.page_bytes = page_bytes_of(database_path);
    header.big_endian = false;  // as this machine writes it
  }
  if (header.page_bytes == 0) return ok();
  Walk walk(header);
  for (;;) {
    const std::string frame = bytes_at(file, kWalFrameHeaderBytes + header.page_bytes);
    if (frame.size() < kWalFrameHeaderBytes + header.page_bytes) break;
    walk.frame(std::string_view(frame).substr(0, kWalFrameHeaderBytes),
               std::string_view(frame).substr(kWalFrameHeaderBytes));
  }
  const auto damage = walk.damage(read_wal_claim(first_bytes(database_path + "-shm", 96)));
  if (!damage) return ok();
  return Error{Code::kCorrupt,
               "Stored bytes are damaged: the write-ahead log " + path + " at byte " +
                   std::to_string(*damage) +
                   ". What was committed there would be lost, so nothing was opened or changed.",
               {}};
}

}  // namespace troupe::sqlite
