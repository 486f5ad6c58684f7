#include "adapters/memory/memory_cluster.h"

#include <algorithm>

#include "adapters/memory/memory_membership.h"

namespace troupe::memory {

using namespace store;

namespace {

Error gone() { return {Code::kStaleEpoch, "This node has been declared gone.", {}}; }
Error conflict(const char* message) { return {Code::kConflict, message, {}}; }

std::vector<NodeNumber> all_to(NodeNumber heir) {
  return std::vector<NodeNumber>(cluster::kSlotCount, heir);
}

}  // namespace

Cluster::Cluster(Options options) : options_(options), disk_(std::make_shared<Disk>()) {
  disk_->state.is_shared = true;
  disk_->state.is_fenced = options.fenced;
}

std::unique_ptr<MemoryStore> Cluster::open_store() {
  return std::make_unique<MemoryStore>(options_, disk_);
}

void Cluster::advance(Duration time) {
  const std::scoped_lock lock(disk_->mutex);
  disk_->state.nodes.now = disk_->state.nodes.now + time;
}

ClusterView Cluster::view() const {
  const std::scoped_lock lock(disk_->mutex);
  return disk_->state.nodes.view(0);
}

Result<NodeNumber> MemoryStore::MembershipImpl::join(const Joining& joining) {
  const std::scoped_lock lock(mutex());
  const NodeNumber number = ++nodes().last_number;
  const NodeNumber earlier = nodes().member_called(joining.name);
  if (earlier != 0) nodes().declare_gone(earlier, all_to(number));
  nodes().rows[number] = {joining.name,  joining.address,
                          false,         false,
                          joining.lease, nodes().now + joining.lease};
  ++nodes().version;
  own_ = owner_.node_ = number;
  return number;
}

Result<ClusterView> MemoryStore::MembershipImpl::renew(std::uint64_t known) {
  const std::scoped_lock lock(mutex());
  if (!nodes().is_member(own_)) return gone();
  Nodes::Node& row = nodes().rows.at(own_);
  row.lease_until = nodes().now + row.lease;
  return nodes().view(known);
}

Status MemoryStore::MembershipImpl::take_over(NodeNumber from,
                                              const std::vector<NodeNumber>& plan,
                                              std::uint64_t version) {
  TROUPE_ENSURE(plan.size() == cluster::kSlotCount);
  const std::scoped_lock lock(mutex());
  if (nodes().version != version) return conflict("Members or owners have changed.");
  if (!nodes().is_member(own_)) return gone();
  const bool is_out = from == 0 || (nodes().is_member(from) &&
                                    nodes().rows.at(from).lease_until < nodes().now);
  if (!is_out) return conflict("The node's lease has not run out.");
  for (const NodeNumber heir : plan) {
    const bool fits = heir == 0 || (heir != from && nodes().takes_slots(heir));
    if (!fits) return conflict("The plan names a node that takes no slots.");
  }
  if (from != 0) {
    nodes().declare_gone(from, plan);
  } else {
    nodes().move_slots(0, plan);
  }
  ++nodes().version;
  return ok();
}

Status MemoryStore::MembershipImpl::give(const cluster::SlotSet& slots, NodeNumber to) {
  const std::scoped_lock lock(mutex());
  if (!nodes().is_member(own_)) return gone();
  if (!nodes().takes_slots(to)) return conflict("The node takes no slots.");
  for (std::size_t n = 0; n < slots.size(); ++n) {
    if (slots.test(n) && nodes().slots[n].owner != own_) {
      return conflict("Not all of the slots are this node's own.");
    }
  }
  for (std::size_t n = 0; n < slots.size(); ++n) {
    if (slots.test(n)) nodes().slots[n] = {to, {}};
  }
  ++nodes().version;
  return ok();
}

Status MemoryStore::MembershipImpl::settle(const cluster::SlotSet& slots) {
  const std::scoped_lock lock(mutex());
  if (!nodes().is_member(own_)) return gone();
  for (std::size_t n = 0; n < slots.size(); ++n) {
    if (slots.test(n) && nodes().slots[n].owner == own_) nodes().slots[n].tails.clear();
  }
  return ok();
}

Status MemoryStore::MembershipImpl::drain() {
  const std::scoped_lock lock(mutex());
  if (!nodes().is_member(own_)) return gone();
  nodes().rows.at(own_).draining = true;
  ++nodes().version;
  return ok();
}

Status MemoryStore::MembershipImpl::leave() {
  const std::scoped_lock lock(mutex());
  if (!nodes().is_member(own_)) return gone();
  nodes().declare_gone(own_, all_to(0));
  ++nodes().version;
  return ok();
}

}  // namespace troupe::memory
