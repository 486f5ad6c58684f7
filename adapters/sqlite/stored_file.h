#pragma once

#include <string>

#include "runtime/base/result.h"

namespace troupe::sqlite {

/// Looks at the database file before SQLite opens it. kConfigInvalid: it is another application's;
/// kCorrupt: its header is damaged, or it is no database. An absent file is fine. A copy that plain
/// SQLite has made (VACUUM INTO) keeps the room for seals and leaves it empty: its pages are sealed
/// now, page 1 last, so that after a crash this is begun anew.
Status make_file_ready(const std::string& path);

}  // namespace troupe::sqlite
