#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "actors/cluster/announcements.h"
#include "actors/node/services.h"

namespace troupe::actors {

/// The logic of the cluster actor: shows the shared store signs of life, takes over from nodes
/// whose lease has run out, takes up what has become its own, and gives away what others lack.
/// Owned by one actor; its calls into the membership block.
class Cluster {
 public:
  /// What the actor around it does on its behalf.
  struct Outside {
    std::function<void(Duration)> look_later;  ///< a scheduled LookAround after a delay
    std::function<void(Duration)> tell_drain_later;  ///< a TellDrain after a delay
    std::function<ClusterActor()> self;
  };
  Cluster(Services& services, std::shared_ptr<store::Membership> membership,
          store::ClusterView view, Outside outside);

  void begin();
  void look_around(const LookAround& message);
  void acquired(const Acquired& message);
  void covered(const Covered& message);
  void relinquished(const Relinquished& message);
  void drain(const Drain& message);
  void tell_drain();
  void leave_now(const LeaveNow& message);
  void announce(const Announce& message);
  void tell_change(const TellChange& message) { announcements_.tell(message, view_); }

 private:
  bool renew();
  void act();
  void take_over_gone();
  void acquire_new();
  void give_surplus();
  void relinquish(const cluster::SlotSet& slots, store::NodeNumber to);
  void end_drain_if_done();
  void publish();
  void look_for_unpublished();
  bool is_stable() const;
  Duration lease() const { return services_.options.lease; }

  Services& services_;
  std::shared_ptr<store::Membership> membership_;
  Outside outside_;
  store::ClusterView view_;
  Announcements announcements_;
  std::optional<Duration> stable_since_;  ///< the database has answered each time since then
  int failures_ = 0;                      ///< renewals that failed in a row
  bool is_fenced_ = false;
  bool is_acquiring_ = false;
  std::size_t giving_ = 0;                ///< gifts under way
  cluster::SlotSet tails_;                ///< taken up, and older journals still needed
  bool is_draining_ = false;
  Duration drain_began_;                  ///< since boot
  std::vector<std::function<void()>> drained_;
};

/// Joins, and takes what is nobody's, so that a node alone has everything when it begins. Blocks.
Result<store::ClusterView> join_cluster(Services& services, store::Membership& membership);

}  // namespace troupe::actors
