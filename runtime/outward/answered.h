#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/port/attempt_result.h"
#include "runtime/port/egress.h"

namespace troupe::outward {

/// What an answer's status means for another attempt: nothing where it is an answer, or a failure.
/// 429 is kRateLimited; 408, 425 and 503 are kUnavailable (the service says that it has not begun);
/// 502 and 504 kOutcomeUnknown (somebody between does not know); any other 5xx kUpstreamFailed.
/// `wait_min` is what the answer asks for (`retry-after-ms`, `Retry-After` of RFC 9110 §10.2.3).
std::optional<AttemptResult> failure_of(std::string_view host, const EgressResponse& response);

/// How long an answer asks to wait; 0: it does not.
Duration wait_asked(const EgressResponse& response);

}  // namespace troupe::outward
