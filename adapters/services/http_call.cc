#include "adapters/services/http_call.h"

#include <utility>

#include "runtime/json/read.h"
#include "runtime/outward/http_step.h"
#include "runtime/outward/shown_secret.h"

namespace troupe::services {

void HttpCall::start() {
  auto request = outward::http_request_of(step_);
  if (!request) {
    AttemptResult refused;
    refused.error = std::move(request).error();
    return end(std::move(refused));
  }
  const std::string connection =
      json::decode_string(json::member(step_.fields, "connection_id").value_or("null"));
  if (connection.empty()) return send(*std::move(request), nullptr);
  credentials_.connection(
      step_.workspace, step_.project, connection,
      [self = shared_from_this(), request = *std::move(request)](
          Result<OpenConnection> open) mutable {
        Status shown = open ? outward::show_secret(open->connection, *open->value, request)
                            : Status(std::move(open).error());
        if (shown) return self->send(std::move(request), std::move(open->value));
        AttemptResult refused;
        refused.error = std::move(shown).error();
        self->end(std::move(refused));
      });
}

void HttpCall::send(EgressRequest request, std::shared_ptr<const SecretText> secret) {
  // Its body is not needed any more once it has been sent.
  EgressRequest asked = {.method = request.method, .url = request.url};
  errand_.send(std::move(request),
               [self = shared_from_this(), asked = std::move(asked),
                secret = std::move(secret)](Result<EgressResponse> response) {
                 if (response && secret != nullptr) outward::hide_secret(*secret, *response);
                 self->end(outward::http_result_of(asked, std::move(response)));
               });
}

void HttpCall::end(AttemptResult result) {
  StepService::Done done = std::move(done_);
  if (done) done(std::move(result));
}

}  // namespace troupe::services
