#include "adapters/sqlite/fault_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <memory>

#include "adapters/sqlite/file_above.h"
#include "runtime/base/ensure.h"

namespace troupe::sqlite {
namespace {

struct Open {
  FaultDisk* disk;
  std::string path;
};

Open& open_of(sqlite3_file* file) { return *static_cast<Open*>(above(file).own); }

int code_of(FaultDisk::Verdict verdict, int io_error) {
  return verdict == FaultDisk::Verdict::kNoSpace ? SQLITE_FULL : io_error;
}

int close_file(sqlite3_file* file) {
  const int code = methods(file)->xClose(below(file));
  delete &open_of(file);
  return code;
}
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  return methods(file)->xRead(below(file), to, size, offset);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  const auto verdict = open_of(file).disk->before_write(open_of(file).path, offset, size);
  if (verdict != FaultDisk::Verdict::kGo) return code_of(verdict, SQLITE_IOERR_WRITE);
  return methods(file)->xWrite(below(file), from, size, offset);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (open_of(file).disk->dead()) return SQLITE_IOERR_TRUNCATE;
  return methods(file)->xTruncate(below(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
  const auto verdict = open_of(file).disk->before_sync();
  if (verdict != FaultDisk::Verdict::kGo) return SQLITE_IOERR_FSYNC;
  // Nothing here survives a real power cut, so the real sync would only cost time.
  static_cast<void>(flags);
  open_of(file).disk->after_sync(open_of(file).path);
  return SQLITE_OK;
}
int file_control(sqlite3_file* file, int operation, void* argument) {
  return methods(file)->xFileControl(below(file), operation, argument);
}
int fetch(sqlite3_file* file, sqlite3_int64 offset, int size, void** at) {
  return methods(file)->xFetch(below(file), offset, size, at);
}
int unfetch(sqlite3_file* file, sqlite3_int64 offset, void* at) {
  return methods(file)->xUnfetch(below(file), offset, at);
}

constexpr sqlite3_io_methods kMethods = {
    3,           close_file,          read_file,    write_file,   truncate_file,
    sync_file,   file_size,           lock_file,    unlock_file,  check_reserved_lock,
    file_control, sector_size,        device_characteristics,     shm_map,
    shm_lock,    shm_barrier,         shm_unmap,    fetch,        unfetch};

sqlite3_vfs* real() {
  static sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
  return vfs;
}

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  FileAbove& opened = above(file);
  opened.base.pMethods = nullptr;
  const int code = real()->xOpen(real(), path, opened.below(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  opened.own = new Open{static_cast<FaultDisk*>(vfs->pAppData), path ? path : ""};
  opened.base.pMethods = &kMethods;
  return SQLITE_OK;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

FaultDisk::FaultDisk() {
  static std::atomic<int> count{0};
  name_ = "fault-" + std::to_string(++count);
  auto vfs = std::make_unique<sqlite3_vfs>(*real());
  vfs->szOsFile = static_cast<int>(sizeof(FileAbove)) + real()->szOsFile;
  vfs->pNext = nullptr;
  vfs->zName = name_.c_str();
  vfs->pAppData = this;
  vfs->xOpen = open_file;
  // The other functions are SQLite's own and take their state from the process, not from the VFS.
  TROUPE_ENSURE(sqlite3_vfs_register(vfs.get(), 0) == SQLITE_OK);
  vfs_ = vfs.release();
}

FaultDisk::~FaultDisk() {
  const std::unique_ptr<sqlite3_vfs> vfs(static_cast<sqlite3_vfs*>(vfs_));
  sqlite3_vfs_unregister(vfs.get());
}

std::uint64_t FaultDisk::writes() const {
  const std::scoped_lock lock(mutex_);
  return writes_;
}

std::uint64_t FaultDisk::syncs() const {
  const std::scoped_lock lock(mutex_);
  return syncs_;
}

bool FaultDisk::dead() const {
  const std::scoped_lock lock(mutex_);
  return dead_;
}

void FaultDisk::fail_nth(DiskOperation operation, std::uint64_t nth, DiskFault fault) {
  const std::scoped_lock lock(mutex_);
  armed_.push_back({false, operation, nth, fault});
}

void FaultDisk::crash_at(std::uint64_t nth) {
  const std::scoped_lock lock(mutex_);
  armed_.push_back({true, DiskOperation::kWrite, nth, DiskFault::kDeath});
}

void FaultDisk::take_space(std::uint64_t bytes_left) {
  const std::scoped_lock lock(mutex_);
  space_limited_ = true;
  space_left_ = bytes_left;
}

void FaultDisk::give_space() {
  const std::scoped_lock lock(mutex_);
  space_limited_ = false;
}

FaultDisk::Verdict FaultDisk::judge(DiskOperation operation) {
  if (dead_) return Verdict::kIoError;
  for (auto it = armed_.begin(); it != armed_.end(); ++it) {
    if (!it->any_operation && it->operation != operation) continue;
    if (--it->left > 0) continue;
    const DiskFault fault = it->fault;
    armed_.erase(it);
    dead_ = fault == DiskFault::kDeath;
    return fault == DiskFault::kNoSpace ? Verdict::kNoSpace : Verdict::kIoError;
  }
  return Verdict::kGo;
}

FaultDisk::Verdict FaultDisk::before_write(const std::string& path, std::int64_t offset,
                                           int size) {
  const std::scoped_lock lock(mutex_);
  ++writes_;
  if (const Verdict verdict = judge(DiskOperation::kWrite); verdict != Verdict::kGo) {
    return verdict;
  }
  if (space_limited_) {
    // Only what makes the file longer needs space.
    std::error_code ignored;
    const auto now = std::filesystem::file_size(path, ignored);
    const auto end = static_cast<std::uint64_t>(offset) + static_cast<std::uint64_t>(size);
    const std::uint64_t grows = !ignored && end > now ? end - now : 0;
    if (grows > space_left_) return Verdict::kNoSpace;
    space_left_ -= grows;
  }
  const auto [shadow, is_new] = files_.try_emplace(path);
  if (is_new) shadow->second.synced = bytes_of(path);  // what was there before this disk saw it
  shadow->second.dirty.push_back({offset, size});
  return Verdict::kGo;
}

FaultDisk::Verdict FaultDisk::before_sync() {
  const std::scoped_lock lock(mutex_);
  ++syncs_;
  return judge(DiskOperation::kSync);
}

void FaultDisk::after_sync(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  Shadow& shadow = files_[path];
  std::ifstream file(path, std::ios::binary);
  shadow.synced.resize(std::filesystem::file_size(path));
  for (const Range& range : shadow.dirty) {
    const auto offset = static_cast<std::size_t>(range.offset);
    if (offset >= shadow.synced.size()) continue;  // cut off since
    const std::size_t size =
        std::min(static_cast<std::size_t>(range.size), shadow.synced.size() - offset);
    file.seekg(range.offset);
    file.read(shadow.synced.data() + offset, static_cast<std::streamsize>(size));
  }
  shadow.dirty.clear();
}

void FaultDisk::power_cut_image(const std::filesystem::path& from,
                                const std::filesystem::path& to) const {
  const std::scoped_lock lock(mutex_);
  std::filesystem::create_directories(to);
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    const std::string path = entry.path().string();
    if (path.ends_with("-shm")) continue;  // memory, gone with the machine
    const auto shadow = files_.find(path);
    std::ofstream file(to / entry.path().filename(), std::ios::binary);
    file << (shadow == files_.end() ? bytes_of(path) : shadow->second.synced);
  }
}

}  // namespace troupe::sqlite
