#pragma once

#include <cstdint>
#include <string>

#include "runtime/port/log.h"

namespace troupe::sqlite {

/// Stands between SQLite and the disk as a VFS: seals every page that is written, in the database
/// file and in the WAL, and holds every page that is read against its seal (page_seal.h). A page
/// that does not fit fails with SQLITE_IOERR_DATA, so that no damage becomes a value or hides a
/// row. Reads never go around it: it offers no memory mapping. Whole frames that SQLite reads for
/// recovery have sums of their own. Registers itself under `name()` for as long as it lives; each
/// connection has one, used on its thread.
class CheckedPages {
 public:
  /// Over the VFS named `base`; empty: SQLite's own. If there is none, nothing can be opened.
  /// `log` may be null.
  CheckedPages(const std::string& base, Logger* log);
  ~CheckedPages();
  CheckedPages(const CheckedPages&) = delete;
  CheckedPages& operator=(const CheckedPages&) = delete;

  const std::string& name() const { return name_; }

  // For the VFS's own functions.
  /// Notes it and logs it. `page` is 0 where a frame of the WAL holds it.
  int damaged(const std::string& path, std::int64_t offset, std::uint32_t page);
  const std::string& last_damage() const { return last_damage_; }

 private:
  std::string name_;
  Logger* log_;
  void* vfs_ = nullptr;
  std::string last_damage_;
};

/// File and page that the connection last found damaged; empty if none. `db` is a sqlite3*.
std::string damage_seen(void* db);

}  // namespace troupe::sqlite
