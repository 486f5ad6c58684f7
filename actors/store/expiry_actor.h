#pragma once

#include "actors/messages.h"

namespace troupe::actors {

struct Services;

struct ExpiryDue {};
/// One piece has been removed, or nothing could be.
struct ExpiryPiece { Result<bool> more; };
using ExpiryActor = caf::typed_actor<caf::reacts_to<ExpiryDue>, caf::reacts_to<ExpiryPiece>>;

/// Has the store remove runs whose time is over: at once, and each time that a week ends. In
/// pieces, between which others write. Asks nothing of the store in between.
ExpiryActor spawn_expiry(caf::actor_system& system, Services& services);

}  // namespace troupe::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::ExpiryDue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::actors::ExpiryPiece)
