#include "adapters/sqlite/checked_pages.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <memory>

#include "adapters/sqlite/file_above.h"
#include "adapters/sqlite/page_seal.h"
#include "adapters/sqlite/sealed_wal.h"

namespace troupe::sqlite {
namespace {

/// A file control of our own; SQLite leaves numbers over 100 to others.
constexpr int kTellDamage = 0x54525045;

struct Open {
  CheckedPages* checks;
  sqlite3_file* below;
  std::string path;
  bool is_wal;
  std::uint32_t page_bytes = 0;  ///< as SQLite last read or wrote it
  std::string page;              ///< room for one
  SealedWal wal{below};
};

Open& open_of(sqlite3_file* file) { return *static_cast<Open*>(above(file).own); }

std::uint32_t number_of(sqlite3_int64 offset, std::size_t page_bytes) {
  return static_cast<std::uint32_t>(offset / static_cast<sqlite3_int64>(page_bytes)) + 1;
}

/// Whether a read is of the page in a frame. Which page that should be stands in the frame's
/// header, and in SQLite's index of the WAL.
bool is_page_of_frame(int size, sqlite3_int64 offset) {
  if (!is_page_size(static_cast<std::uint64_t>(size))) return false;
  constexpr sqlite3_int64 kFirst = kWalHeaderBytes + kWalFrameHeaderBytes;
  return offset >= kFirst &&
         (offset - kFirst) % (size + sqlite3_int64{kWalFrameHeaderBytes}) == 0;
}

int read_below(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  return methods(file)->xRead(below(file), to, size, offset);
}

int read_page(sqlite3_file* file, char* to, int size, sqlite3_int64 offset) {
  Open& open = open_of(file);
  if (const int code = read_below(file, to, size, offset); code != SQLITE_OK) return code;
  open.page_bytes = static_cast<std::uint32_t>(size);
  const std::string_view page(to, open.page_bytes);
  const std::uint32_t number = open.is_wal ? 0 : number_of(offset, page.size());
  const bool fits = open.is_wal ? has_checksum(page) : is_sealed(page, number);
  return fits ? SQLITE_OK : open.checks->damaged(open.path, offset, number);
}

/// SQLite may read a piece of a page from the database file: its header when it opens it, or long
/// values.
int read_piece(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  Open& open = open_of(file);
  const auto page_bytes = static_cast<sqlite3_int64>(open.page_bytes);
  if (page_bytes == 0 || offset / page_bytes != (offset + size - 1) / page_bytes) {
    return read_below(file, to, size, offset);
  }
  open.page.resize(open.page_bytes);
  const sqlite3_int64 start = offset - offset % page_bytes;
  const int code = read_page(file, open.page.data(), static_cast<int>(page_bytes), start);
  if (code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ) {
    std::memcpy(to, open.page.data() + (offset - start), static_cast<std::size_t>(size));
  }
  return code;
}

int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  const bool is_page = open_of(file).is_wal
                           ? is_page_of_frame(size, offset)
                           : is_page_size(static_cast<std::uint64_t>(size)) && offset % size == 0;
  if (is_page) return read_page(file, static_cast<char*>(to), size, offset);
  if (open_of(file).is_wal) return read_below(file, to, size, offset);
  return read_piece(file, to, size, offset);
}

int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  Open& open = open_of(file);
  const auto* bytes = static_cast<const char*>(from);
  if (open.is_wal) return open.wal.write(bytes, size, offset);
  // SQLite writes whole pages; anything else would get in unsealed.
  if (!is_page_size(static_cast<std::uint64_t>(size)) || offset % size != 0) {
    return SQLITE_IOERR_WRITE;
  }
  std::string_view page(bytes, static_cast<std::size_t>(size));
  const std::uint32_t number = number_of(offset, page.size());
  if (!is_sealed(page, number)) {  // what comes out of the WAL is
    open.page.assign(page);
    seal(open.page.data(), page.size(), number);
    page = open.page;
  }
  return methods(file)->xWrite(below(file), page.data(), size, offset);
}

int close_file(sqlite3_file* file) {
  const int flushed = open_of(file).wal.flush();
  const int code = methods(file)->xClose(below(file));
  delete &open_of(file);
  return code == SQLITE_OK ? flushed : code;
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (const int code = open_of(file).wal.flush(); code != SQLITE_OK) return code;
  return methods(file)->xTruncate(below(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
  if (const int code = open_of(file).wal.flush(); code != SQLITE_OK) return code;
  return methods(file)->xSync(below(file), flags);
}
int file_control(sqlite3_file* file, int operation, void* argument) {
  if (operation == kTellDamage) {
    *static_cast<std::string*>(argument) = open_of(file).checks->last_damage();
    return SQLITE_OK;
  }
  return methods(file)->xFileControl(below(file), operation, argument);
}

/// Version 2: what comes with 3 is memory mapping.
constexpr sqlite3_io_methods kMethods = {
    2,         close_file,   read_file,   write_file,   truncate_file,
    sync_file, file_size,    lock_file,   unlock_file,  check_reserved_lock,
    file_control, sector_size, device_characteristics,  shm_map,
    shm_lock,  shm_barrier,  shm_unmap,   nullptr,      nullptr};

/// A VFS of SQLite's that knows which one it stands over.
struct Vfs {
  sqlite3_vfs base;
  sqlite3_vfs* over;
  CheckedPages* checks;
};

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  const auto& own = *static_cast<Vfs*>(vfs->pAppData);
  if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) {
    return own.over->xOpen(own.over, path, file, flags, out_flags);
  }
  FileAbove& opened = above(file);
  opened.base.pMethods = nullptr;
  const int code = own.over->xOpen(own.over, path, opened.below(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  opened.own = new Open{own.checks, opened.below(), path ? path : "",
                        (flags & SQLITE_OPEN_WAL) != 0};
  opened.base.pMethods = &kMethods;
  return SQLITE_OK;
}

}  // namespace

CheckedPages::CheckedPages(const std::string& base, Logger* log) : log_(log) {
  static std::atomic<std::uint64_t> count{0};
  name_ = "checked-" + std::to_string(++count);
  sqlite3_vfs* const over = sqlite3_vfs_find(base.empty() ? nullptr : base.c_str());
  if (over == nullptr) return;
  auto vfs = std::make_unique<Vfs>(Vfs{*over, over, this});
  vfs->base.szOsFile = static_cast<int>(sizeof(FileAbove)) + over->szOsFile;
  vfs->base.pNext = nullptr;
  vfs->base.zName = name_.c_str();
  vfs->base.pAppData = vfs.get();
  vfs->base.xOpen = open_file;
  // The other functions are SQLite's own and take their state from the process, not from the VFS.
  if (sqlite3_vfs_register(&vfs->base, 0) == SQLITE_OK) vfs_ = vfs.release();
}

CheckedPages::~CheckedPages() {
  const std::unique_ptr<Vfs> vfs(static_cast<Vfs*>(vfs_));
  if (vfs) sqlite3_vfs_unregister(&vfs->base);
}

int CheckedPages::damaged(const std::string& path, std::int64_t offset, std::uint32_t page) {
  // The folder is for the log alone: errors go out to clients.
  last_damage_ = (page > 0 ? "page " + std::to_string(page) : std::string("the page")) +
                 " at byte " + std::to_string(offset) + " of " +
                 path.substr(path.find_last_of('/') + 1);
  if (log_) {
    log_->error("a page of the store does not have its checksum",
                {{"file", path}, {"offset", offset}, {"page", std::uint64_t{page}}});
  }
  return SQLITE_IOERR_DATA;
}

std::string damage_seen(void* db) {
  std::string damage;
  sqlite3_file_control(static_cast<sqlite3*>(db), "main", kTellDamage, &damage);
  return damage;
}

}  // namespace troupe::sqlite
