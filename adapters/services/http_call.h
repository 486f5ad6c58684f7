#pragma once

#include <memory>

#include "adapters/services/asked.h"
#include "adapters/services/credentials.h"
#include "adapters/services/errand.h"
#include "runtime/port/step_service.h"

namespace troupe::services {

/// One attempt of an `http_request` step, with a connection's secret where it names one.
class HttpCall final : public Asked, public std::enable_shared_from_this<HttpCall> {
 public:
  /// The ports outlive it.
  HttpCall(Egress& egress, Credentials& credentials, ServiceRequest step, StepService::Done done)
      : credentials_(credentials),
        step_(std::move(step)),
        done_(std::move(done)),
        errand_(egress) {}
  void start() override;
  void give_up() override { errand_.give_up(); }

 private:
  void send(EgressRequest request, std::shared_ptr<const SecretText> secret);
  void end(AttemptResult result);

  Credentials& credentials_;
  const ServiceRequest step_;
  StepService::Done done_;
  Errand errand_;
};

}  // namespace troupe::services
