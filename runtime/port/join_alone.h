#pragma once

#include <memory>

#include "runtime/port/store.h"

namespace troupe::store {

/// Joins and takes all slots that are nobody's, for a node that has the store to itself: after this
/// it may write. Null for a store without membership, which needs none of this. Who returns has
/// `lease` to call `renew`, if there is anybody who would take over.
Result<std::unique_ptr<Membership>> join_alone(Store& store, const Joining& joining);

}  // namespace troupe::store
