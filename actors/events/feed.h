#pragma once

#include "actors/node/services.h"
#include "runtime/port/engine.h"

namespace troupe::actors {

/// A feed of one run reads pages from the store whenever the hub says that there is something new;
/// a scope-wide one buffers what the hub passes it, within a bound.
std::unique_ptr<Feed> open_feed(Services& services, FeedRequest request);

}  // namespace troupe::actors
