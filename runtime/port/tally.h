#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/uuid.h"

namespace troupe::store {

/// Sums over runs that were created, or have ended, within one hour. A store adds to them in the
/// transaction that writes the rows of these runs, so they are what a count of all would give; and
/// they stay when runs are removed. Parts of other runs are in none.
struct Tally {
  WorkflowId workflow;    ///< unset where a query does not tell workflows apart, or of none
  std::int64_t hour = 0;  ///< since 1970, UTC
  std::uint32_t kind = 0; ///< what is counted: runtime/store/tally.h
  std::uint64_t runs = 0;
  std::uint64_t steps = 0;  ///< steps done, of runs that have ended
  std::uint64_t ms = 0;     ///< milliseconds that runs took, of those that have ended
  bool operator==(const Tally&) const = default;
};

struct TallyQuery {
  std::optional<WorkflowId> workflow;
  std::int64_t from = 0;     ///< first hour
  std::int64_t until = 0;    ///< the hour behind the last
  bool by_workflow = false;  ///< whether workflows are told apart
};

}  // namespace troupe::store
