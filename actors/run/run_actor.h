#pragma once

#include "actors/messages.h"

namespace troupe::actors {

struct Services;

/// Drives one run: feeds events to decide(), sends its records to the committer, and performs its
/// commands when they may be performed. Spawned and supervised by its tenant; ends when its tenant
/// lets it go (asleep or ended) or when its commit was refused.
RunActor spawn_run(caf::actor_system& system, Services& services, const TenantActor& tenant,
                   std::shared_ptr<run::State> state, Origin origin);

}  // namespace troupe::actors
