#pragma once

#include <vector>

#include "runtime/port/membership.h"

namespace troupe::cluster {

/// Who is to own the slots of `gone` (0: nobody's) and of members that are not in the view, for
/// Membership::take_over: those members that own the fewest and do not drain. Empty: there is none.
std::vector<store::NodeNumber> plan_takeover(const store::ClusterView& view,
                                             store::NodeNumber gone);

/// Slots for somebody else.
struct Gift {
  SlotSet slots;
  store::NodeNumber to = 0;
};
/// What `self` should give to whom now, so that each member comes to own its share; all of it if
/// `self` drains. Every member that plans from the same view plans the same moves, and each makes
/// its own. Nothing moves while shares differ by one at most. No gift is larger than `slots_max`;
/// the rest follows from the next view.
std::vector<Gift> plan_gifts(const store::ClusterView& view, store::NodeNumber self,
                             std::size_t slots_max);

}  // namespace troupe::cluster
