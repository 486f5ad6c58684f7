#pragma once

#include "actors/messages.h"

namespace troupe::actors {

/// Runs closures on a store reader of its own. `detached`: on its own thread, because reads block.
ReaderActor spawn_reader(caf::actor_system& system, store::Store& store, bool detached);

}  // namespace troupe::actors
