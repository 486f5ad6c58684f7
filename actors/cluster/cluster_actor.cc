#include "actors/cluster/cluster_actor.h"

#include "actors/cluster/cluster.h"

namespace troupe::actors {
namespace {

struct ClusterState {
  static inline constexpr const char* name = "cluster";
  std::unique_ptr<Cluster> cluster;
};

ClusterActor::behavior_type cluster_actor(ClusterActor::stateful_pointer<ClusterState> self,
                                          Services* services,
                                          const std::shared_ptr<store::Membership>& membership,
                                          const store::ClusterView& view) {
  Cluster::Outside outside;
  outside.self = [self] {
    return caf::actor_cast<ClusterActor>(caf::strong_actor_ptr{self->ctrl()});
  };
  outside.look_later = [self](Duration delay) {
    self->delayed_send(self, std::chrono::microseconds(delay.us), LookAround{true});
  };
  outside.tell_drain_later = [self](Duration delay) {
    self->delayed_send(self, std::chrono::microseconds(delay.us), TellDrain{});
  };
  self->state.cluster =
      std::make_unique<Cluster>(*services, membership, view, std::move(outside));
  self->state.cluster->begin();
  const auto cluster = [self]() -> Cluster& { return *self->state.cluster; };
  return {
      [=](const LookAround& message) { cluster().look_around(message); },
      [=](const Acquired& message) { cluster().acquired(message); },
      [=](const Covered& message) { cluster().covered(message); },
      [=](const Relinquished& message) { cluster().relinquished(message); },
      [=](const Drain& message) { cluster().drain(message); },
      [=](const TellDrain&) { cluster().tell_drain(); },
      [=](const LeaveNow& message) { cluster().leave_now(message); },
      [=](const Announce& message) { cluster().announce(message); },
      [=](const TellChange& message) { cluster().tell_change(message); },
  };
}

}  // namespace

ClusterActor spawn_cluster(caf::actor_system& system, Services& services,
                           std::shared_ptr<store::Membership> membership,
                           store::ClusterView view, bool detached) {
  if (detached) return system.spawn<caf::detached>(cluster_actor, &services, membership, view);
  return system.spawn(cluster_actor, &services, membership, view);
}

}  // namespace troupe::actors
