#include "adapters/sqlite/sealed_wal.h"

#include "adapters/sqlite/page_seal.h"

namespace troupe::sqlite {

int SealedWal::read(char* to, int size, sqlite3_int64 offset) {
  return below_->pMethods->xRead(below_, to, size, offset);
}

int SealedWal::write(const char* bytes, int size, sqlite3_int64 offset) {
  const bool waits = frame_at_ >= 0;
  if (waits && offset == frame_at_ + static_cast<sqlite3_int64>(kWalFrameHeaderBytes) &&
      is_page_size(static_cast<std::uint64_t>(size))) {
    return write_frame({bytes, static_cast<std::size_t>(size)});
  }
  if (const int code = flush(); code != SQLITE_OK) return code;
  const std::string_view written(bytes, static_cast<std::size_t>(size));
  if (offset == 0 && written.size() == kWalHeaderBytes) return write_header(written);
  if (written.size() != kWalFrameHeaderBytes || offset < sqlite3_int64{kWalHeaderBytes}) {
    return SQLITE_IOERR_WRITE;
  }
  frame_.assign(written);
  frame_at_ = offset;
  return SQLITE_OK;
}

int SealedWal::flush() {
  if (frame_at_ < 0) return SQLITE_OK;
  // SQLite sums the header of a page that it does not write again over what is on the disk.
  const sqlite3_int64 at = frame_at_;
  frame_at_ = -1;
  next_at_ = -1;
  return below_->pMethods->xWrite(below_, frame_.data(), static_cast<int>(frame_.size()), at);
}

int SealedWal::write_header(std::string_view bytes) {
  next_at_ = -1;
  big_endian_.reset();
  const int code =
      below_->pMethods->xWrite(below_, bytes.data(), static_cast<int>(bytes.size()), 0);
  const auto header = read_wal_header(bytes);
  if (code != SQLITE_OK || !header) return code;
  big_endian_ = header->big_endian;
  next_at_ = sqlite3_int64{kWalHeaderBytes};
  next_salts_ = header->salts;
  next_seed_ = header->sum;
  return SQLITE_OK;
}

int SealedWal::read_seed(sqlite3_int64 offset, std::size_t page_bytes, std::uint64_t salts,
                         WalSum* seed) {
  if (!big_endian_) {
    char header[kWalHeaderBytes];
    if (const int code = read(header, sizeof header, 0); code != SQLITE_OK) return code;
    const auto read = read_wal_header({header, sizeof header});
    if (!read) return SQLITE_IOERR_DATA;
    big_endian_ = read->big_endian;
  }
  if (offset == next_at_ && salts == next_salts_) {
    *seed = next_seed_;
    return SQLITE_OK;
  }
  const auto frame_bytes = static_cast<sqlite3_int64>(kWalFrameHeaderBytes + page_bytes);
  const sqlite3_int64 before =
      offset == sqlite3_int64{kWalHeaderBytes} ? 24 : offset - frame_bytes + 16;
  char sum[8];
  if (before < 24) return SQLITE_IOERR_WRITE;
  if (const int code = read(sum, sizeof sum, before); code != SQLITE_OK) return code;
  *seed = read_sum({sum, sizeof sum});
  return SQLITE_OK;
}

int SealedWal::write_frame(std::string_view page) {
  const sqlite3_int64 at = frame_at_;
  frame_at_ = -1;
  const WalFrame frame = read_wal_frame(frame_);
  WalSum sum;
  const int found = read_seed(at, page.size(), frame.salts, &sum);
  next_at_ = -1;
  if (found != SQLITE_OK) return found;
  frame_.append(page);
  char* const own = frame_.data() + kWalFrameHeaderBytes;
  seal(own, page.size(), frame.page);
  sum = frame_sum(sum, frame_, {own, page.size()}, *big_endian_);
  write_sum(frame_.data() + 16, sum);
  const int code =
      below_->pMethods->xWrite(below_, frame_.data(), static_cast<int>(frame_.size()), at);
  if (code != SQLITE_OK) return code;
  next_at_ = at + static_cast<sqlite3_int64>(frame_.size());
  next_salts_ = frame.salts;
  next_seed_ = sum;
  return SQLITE_OK;
}

}  // namespace troupe::sqlite
