#include "runtime/outward/services.h"

#include <memory>
#include <utility>

#include "runtime/outward/http_step.h"

namespace troupe::outward {

StepService::Ticket Services::call(ServiceRequest step, Done done) {
  auto request = http_request_of(step);
  if (!request) {
    AttemptResult refused;
    refused.error = std::move(request).error();
    done(std::move(refused));
    return 0;
  }
  // Its body is not needed any more once it has been sent.
  EgressRequest asked = {.method = request->method, .url = request->url};
  return egress_.send(*std::move(request),
                      [asked = std::move(asked), done = std::move(done)](
                          Result<EgressResponse> response) {
                        done(http_result_of(asked, std::move(response)));
                      });
}

}  // namespace troupe::outward
