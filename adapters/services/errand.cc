#include "adapters/services/errand.h"

#include <utility>

namespace troupe::services {

void Errand::send(EgressRequest request, Callback<EgressResponse> done) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    if (given_up_) return;
    number = ++sent_;
  }
  const Egress::Ticket ticket = egress_.send(std::move(request), std::move(done));
  bool is_late = false;
  {
    const std::lock_guard lock(mutex_);
    is_late = given_up_;
    // It may have been answered inside, and another one been sent.
    if (number == sent_) ticket_ = ticket;
  }
  if (is_late) egress_.cancel(ticket);
}

void Errand::give_up() {
  Egress::Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    given_up_ = true;
    ticket = ticket_;
  }
  egress_.cancel(ticket);
}

bool Errand::is_given_up() const {
  const std::lock_guard lock(mutex_);
  return given_up_;
}

}  // namespace troupe::services
