#include "actors/cluster/ownership.h"

#include <algorithm>
#include <set>

namespace troupe::actors {

cluster::SlotSet Ownership::held(Hold hold) const {
  cluster::SlotSet slots;
  for (std::size_t slot = 0; slot < cluster::kSlotCount; ++slot) {
    slots.set(slot, holds_[slot].load() == hold);
  }
  return slots;
}

void Ownership::set(const cluster::SlotSet& slots, Hold hold) {
  for (std::size_t slot = 0; slot < cluster::kSlotCount; ++slot) {
    if (slots.test(slot)) holds_[slot].store(hold);
  }
}

void Ownership::learn(const std::vector<store::NodeNumber>& owners) {
  std::set<store::NodeNumber> nodes;
  for (std::size_t slot = 0; slot < owners.size(); ++slot) {
    owners_[slot].store(owners[slot]);
    if (owners[slot] != 0) nodes.insert(owners[slot]);
  }
  nodes_ = std::max(1, static_cast<int>(nodes.size()));
}

}  // namespace troupe::actors
