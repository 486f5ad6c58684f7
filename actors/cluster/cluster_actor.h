#pragma once

#include <memory>

#include "actors/node/services.h"

namespace troupe::actors {

/// Detached, with a thread of its own, because leases must be renewed whatever else blocks.
ClusterActor spawn_cluster(caf::actor_system& system, Services& services,
                           std::shared_ptr<store::Membership> membership,
                           store::ClusterView view, bool detached);

}  // namespace troupe::actors
