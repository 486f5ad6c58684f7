#pragma once

#include "adapters/memory/memory_store.h"

namespace troupe::memory {

/// The port's Membership over a shared disk's state, under its mutex. Nothing waits here: a commit
/// that is held when its node is declared gone is refused when it is let through.
class MemoryStore::MembershipImpl final : public store::Membership {
 public:
  explicit MembershipImpl(MemoryStore& owner) : owner_(owner) {}

  Result<store::NodeNumber> join(const store::Joining& joining) override;
  Result<store::ClusterView> renew(std::uint64_t known) override;
  Status take_over(store::NodeNumber gone, const std::vector<store::NodeNumber>& plan,
                   std::uint64_t version) override;
  Status give(const cluster::SlotSet& slots, store::NodeNumber to) override;
  Status settle(const cluster::SlotSet& slots) override;
  Status drain() override;
  Status leave() override;

 private:
  std::mutex& mutex() { return owner_.disk_->mutex; }
  Nodes& nodes() { return owner_.disk_->state.nodes; }

  MemoryStore& owner_;
  store::NodeNumber own_ = 0;
};

}  // namespace troupe::memory
