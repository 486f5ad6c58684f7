#pragma once

#include <functional>

#include "actors/node/recovery.h"
#include "actors/node/services.h"

namespace troupe::actors {

/// Hands what recovery found to the tenants and the committer, in the order in which they need it.
void bring_up(Services& services, Recovered& recovered, const cluster::SlotSet& slots);

/// Reads back what the slots hold, under a new epoch, and begins to work on it. `done` hears the
/// address behind which this node's own frames begin, or why it did not come to be; on the
/// committer's or a reader's thread.
void acquire(Services& services, const cluster::SlotSet& slots, Callback<store::Pos> done);

}  // namespace troupe::actors
