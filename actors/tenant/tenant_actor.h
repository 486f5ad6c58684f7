#pragma once

#include "actors/messages.h"

namespace troupe::actors {

struct Services;

/// The supervisor of one workspace: admits runs, keeps those that wait for their turn, spawns and
/// watches run actors, wakes sleeping ones for messages and timers, reloads crashed ones with
/// back-off and sets aside those that keep crashing. One per workspace; lives as long as the node.
TenantActor spawn_tenant(caf::actor_system& system, Services& services, WorkspaceId workspace);

}  // namespace troupe::actors
