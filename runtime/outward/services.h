#pragma once

#include "runtime/port/egress.h"
#include "runtime/port/step_service.h"

namespace troupe::outward {

/// Asks for what steps need by the one way out, which outlives it.
class Services final : public StepService {
 public:
  explicit Services(Egress& egress) : egress_(egress) {}

  Ticket call(ServiceRequest request, Done done) override;
  void cancel(Ticket ticket) override { egress_.cancel(ticket); }

 private:
  Egress& egress_;
};

}  // namespace troupe::outward
