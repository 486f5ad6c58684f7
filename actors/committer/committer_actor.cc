#include "actors/committer/committer_actor.h"

#include "actors/committer/committer.h"

namespace troupe::actors {
namespace {

struct CommitterState {
  static inline constexpr const char* name = "committer";
  std::unique_ptr<Committer> committer;
};

CommitterActor::behavior_type committer_actor(CommitterActor::stateful_pointer<CommitterState> self,
                                              Services* services) {
  Committer::Outside outside;
  outside.flush_soon = [self] { self->send(self, Flush{}); };
  outside.flush_later = [self](Duration delay) {
    self->delayed_send(self, std::chrono::microseconds(delay.us), Flush{});
  };
  outside.rest_later = [self](Duration delay, Rest message) {
    self->delayed_send(self, std::chrono::microseconds(delay.us), message);
  };
  outside.maintain_soon = [self] { self->send(self, Maintain{}); };
  self->state.committer = std::make_unique<Committer>(*services, std::move(outside));
  const auto committer = [self]() -> Committer& { return *self->state.committer; };
  return {
      [=](const Submit& message) { committer().submit(message.submission); },
      [=](const WriteJob& message) { committer().write(message); },
      [=](const Flush&) { committer().flush(); },
      [=](const Maintain&) { committer().maintain(); },
      [=](const Rest& message) { committer().rest(message); },
      [=](const WhenEmpty& message) { committer().when_empty(message); },
      [=](const OpenEntities& message) { committer().add(message); },
      [=](const Cover& message) { committer().cover(message); },
  };
}

}  // namespace

CommitterActor spawn_committer(caf::actor_system& system, Services& services, bool detached) {
  if (detached) return system.spawn<caf::detached>(committer_actor, &services);
  return system.spawn(committer_actor, &services);
}

}  // namespace troupe::actors
