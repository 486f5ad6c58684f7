#include "actors/store/expiry_actor.h"

#include <algorithm>

#include "actors/node/services.h"
#include "runtime/store/expiry.h"

namespace troupe::actors {
namespace {

/// So often is the clock looked at, in case it jumps.
constexpr Duration kLookAtLatest = seconds(60);
constexpr Duration kAgainAfterFailure = seconds(30);
/// Between pieces, so that a large removal leaves most of the store's time to others.
constexpr Duration kPause = milliseconds(5);

struct ExpiryState {
  static inline constexpr const char* name = "expiry";
  TimePoint due;  ///< nothing is over before it
};
using Self = ExpiryActor::stateful_pointer<ExpiryState>;

void later(Self self, Duration delay) {
  self->delayed_send(self, std::chrono::microseconds(delay.us), ExpiryDue{});
}

void look(Self self, Services& services) {
  const TimePoint now = services.now();
  if (now < self->state.due) return later(self, std::min(self->state.due - now, kLookAtLatest));
  services.write([me = ExpiryActor(self), now](store::Writer& writer) {
    caf::anon_send(me, ExpiryPiece{writer.expire(now)});
  });
}

void go_on(Self self, Services& services, const Result<bool>& more) {
  if (!more) {
    services.ports.log.warning("runs whose time is over were not removed",
                               {{"message", more.error().message}});
    return later(self, kAgainAfterFailure);
  }
  if (*more) return later(self, kPause);
  self->state.due = store::next_expiry(services.now());
  look(self, services);
}

ExpiryActor::behavior_type expiry_actor(Self self, Services* services) {
  self->send(self, ExpiryDue{});
  return {
      [=](const ExpiryDue&) { look(self, *services); },
      [=](const ExpiryPiece& piece) { go_on(self, *services, piece.more); },
  };
}

}  // namespace

ExpiryActor spawn_expiry(caf::actor_system& system, Services& services) {
  return system.spawn(expiry_actor, &services);
}

}  // namespace troupe::actors
