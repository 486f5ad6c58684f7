#pragma once

#include "runtime/port/store.h"

namespace troupe::testing {

/// Joins as a node of a store that nodes share: after this its writer may write. Nobody is there
/// to take anything over, so the lease is not renewed.
inline void join(store::Store& store) {
  TROUPE_ENSURE(store.open_membership()->join({"node", "", seconds(60)}).ok());
}

}  // namespace troupe::testing
