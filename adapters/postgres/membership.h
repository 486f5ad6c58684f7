#pragma once

#include <functional>
#include <vector>

#include "adapters/postgres/connection.h"
#include "adapters/postgres/life.h"
#include "adapters/postgres/options.h"
#include "runtime/port/membership.h"

namespace troupe::postgres {

/// Members and owners in the tables `nodes`, `slots` and `cluster`, over a connection of its own
/// that never waits long: not for a lock, and not for an answer. What changes members or owners
/// stands in line behind the one row of `cluster`. One thread at a time; must not outlive the
/// store. Every failure leaves things as they were, or changed without a word (kUnavailable); each
/// call may be repeated.
class Membership final : public store::Membership {
 public:
  Membership(const Options& options, Life& life);

  Result<store::NodeNumber> join(const store::Joining& joining) override;
  Result<store::ClusterView> renew(std::uint64_t known) override;
  Status take_over(store::NodeNumber gone, const std::vector<store::NodeNumber>& plan,
                   std::uint64_t version) override;
  Status give(const cluster::SlotSet& slots, store::NodeNumber to) override;
  Status settle(const cluster::SlotSet& slots) override;
  Status drain() override;
  Status leave() override;

 private:
  using Requests = std::vector<Request>;
  Status open();
  /// One transaction behind the cluster's row, whose version `body` gets. What it leaves in
  /// `last` goes along with COMMIT. Where a session of a node that is to be declared gone is in the
  /// way, ends that session and tries again.
  Status change(const std::function<Status(std::uint64_t version, Requests& last)>& body);
  /// Waits until no commit of the node is under way. Nothing if it is gone already.
  Status lock_out(store::NodeNumber node);
  void end_session_in_the_way();
  /// Own row, live, and kept so until the transaction ends; else kStaleEpoch.
  Status stay();
  Status require_lease_out(store::NodeNumber node);
  /// Whether each is a member that does not drain; nobody always is.
  Result<bool> all_take_slots(std::vector<store::NodeNumber> nodes);

  const Options options_;
  Life& life_;
  Connection db_;
  store::NodeNumber own_ = 0;
  Duration lease_;
  store::NodeNumber in_the_way_ = 0;
};

}  // namespace troupe::postgres
