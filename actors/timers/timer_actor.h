#pragma once

#include "actors/messages.h"

namespace troupe::actors {

struct Services;

/// Wakes entities. Holds what is due within the next ten minutes in one wheel; what sleeping runs
/// wait for beyond that stays in the store and is read ahead when its time comes near. Issues no
/// query and no tick while there is nothing to wait for.
TimerActor spawn_timers(caf::actor_system& system, Services& services);

}  // namespace troupe::actors
