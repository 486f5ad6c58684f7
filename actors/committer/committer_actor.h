#pragma once

#include "actors/messages.h"

namespace troupe::actors {

struct Services;

/// The one writer of the store: collects what all actors submit, writes it as one transaction, then
/// tells them. It flushes when the previous flush has returned, so latency at low load is one
/// commit and throughput at high load is bounded by bytes. `detached`: on a thread of its own
/// (everywhere but under the test scheduler), because commits block.
CommitterActor spawn_committer(caf::actor_system& system, Services& services, bool detached);

}  // namespace troupe::actors
