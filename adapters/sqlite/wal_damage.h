#pragma once

#include <string>

#include "runtime/base/result.h"

namespace troupe::sqlite {

/// Whether SQLite would lose commits by opening this database: kCorrupt, with file and byte, if the
/// WAL beside it is damaged. Changes nothing. To be asked before each first opening.
Status check_wal(const std::string& database_path);

}  // namespace troupe::sqlite
