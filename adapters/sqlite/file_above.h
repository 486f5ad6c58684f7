#pragma once

#include <sqlite3.h>

namespace troupe::sqlite {

/// An open file of a VFS that stands over another. SQLite allocates this for each, with room behind
/// it for the file of the VFS below.
struct FileAbove {
  sqlite3_file base;
  void* own;  ///< what the VFS keeps of this file
  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

inline FileAbove& above(sqlite3_file* file) { return *reinterpret_cast<FileAbove*>(file); }
inline sqlite3_file* below(sqlite3_file* file) { return above(file).below(); }
inline const sqlite3_io_methods* methods(sqlite3_file* file) { return below(file)->pMethods; }

// Methods that hand everything on: what such a VFS has nothing of its own to do about.

inline int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return methods(file)->xFileSize(below(file), size);
}
inline int lock_file(sqlite3_file* file, int level) {
  return methods(file)->xLock(below(file), level);
}
inline int unlock_file(sqlite3_file* file, int level) {
  return methods(file)->xUnlock(below(file), level);
}
inline int check_reserved_lock(sqlite3_file* file, int* held) {
  return methods(file)->xCheckReservedLock(below(file), held);
}
inline int sector_size(sqlite3_file* file) { return methods(file)->xSectorSize(below(file)); }
inline int device_characteristics(sqlite3_file* file) {
  return methods(file)->xDeviceCharacteristics(below(file));
}
inline int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** at) {
  return methods(file)->xShmMap(below(file), page, size, extend, at);
}
inline int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  return methods(file)->xShmLock(below(file), offset, n, flags);
}
inline void shm_barrier(sqlite3_file* file) { methods(file)->xShmBarrier(below(file)); }
inline int shm_unmap(sqlite3_file* file, int remove) {
  return methods(file)->xShmUnmap(below(file), remove);
}

}  // namespace troupe::sqlite
