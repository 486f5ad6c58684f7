#include "runtime/port/join_alone.h"

namespace troupe::store {

Result<std::unique_ptr<Membership>> join_alone(Store& store, const Joining& joining) {
  std::unique_ptr<Membership> membership = store.open_membership();
  if (membership == nullptr) return membership;
  const auto number = membership->join(joining);
  if (!number) return number.error();
  const auto view = membership->renew(0);
  if (!view) return view.error();
  const std::vector<NodeNumber> mine(cluster::kSlotCount, *number);
  if (Status taken = membership->take_over(0, mine, view->version); !taken) return taken.error();
  return membership;
}

}  // namespace troupe::store
