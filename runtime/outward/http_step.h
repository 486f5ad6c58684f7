#pragma once

#include "runtime/base/result.h"
#include "runtime/port/attempt_result.h"
#include "runtime/port/egress.h"
#include "runtime/port/step_service.h"

namespace troupe::outward {

/// What a step of type `http_request` asks for: `{method, url, headers?, body?}`. A body that is no
/// string is sent as JSON. Every method that may change something has an `Idempotency-Key`, unless
/// the step gives one, and every request a `traceparent` (W3C) whose trace is the run.
/// kInvalidField: a field whose template gave another kind of value, or a header that is not the
/// step's to set.
Result<EgressRequest> http_request_of(const ServiceRequest& step);

/// `{status, headers, body}`: header names in lower case, values of one name joined by ", "; the
/// body is the value where the answer is JSON, else text, or base64 with `body_encoding: "base64"`
/// where it is no UTF-8. A status by which the service failed is a failure (answered.h).
AttemptResult http_result_of(const EgressRequest& request, Result<EgressResponse> response);

}  // namespace troupe::outward
