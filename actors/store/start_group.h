#pragma once

#include "actors/messages.h"
#include "actors/node/services.h"

namespace troupe::actors {

/// Starts a group of a for_each unless it exists: brings what its parent has stored for it. On a
/// reader's thread of the node that owns it.
void start_group_run(Services& services, store::Reader& reader, const TenantActor& tenant,
                     const StartGroup& wanted);

}  // namespace troupe::actors
