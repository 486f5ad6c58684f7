#pragma once

#include <atomic>

#include "adapters/postgres/recent_frames.h"
#include "runtime/port/membership.h"

namespace troupe::postgres {

/// What the parts of one store share about this process's life as a node. Owned by PostgresStore;
/// any thread.
struct Life {
  std::atomic<store::NodeNumber> node{0};  ///< 0: has not joined
  /// Slots may have been settled: journals of gone nodes may be needed no more.
  std::atomic<bool> looks_for_unneeded{true};
  RecentFrames recent;
};

}  // namespace troupe::postgres
