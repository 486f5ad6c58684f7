#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapters/sqlite/options.h"
#include "runtime/base/result.h"

namespace troupe::sqlite {

/// What reading everything has shown.
struct Examination {
  std::uint64_t pages = 0;
  std::vector<std::string> damage;  ///< the first few, if there is much
};

/// Reads every page of the database and WAL that holds something and compares tables with their
/// indexes. Writes nothing but the seals of a copy that has none yet. Takes as long as reading the
/// file; the caller holds the data directory. An error where it cannot even be opened: what
/// `SqliteStore::open` would say.
Result<Examination> examine(const Options& options);

}  // namespace troupe::sqlite
