#pragma once

#include <memory>

#include "adapters/http/call.h"
#include "runtime/port/engine.h"

namespace troupe::http {

/// The feed, as long as its caller may still do what the call's route needs: each page that holds
/// events is judged anew before it is shown, by what the authority knows then. kUnauthorized or
/// kForbidden end it. For the operator, whose token cannot be revoked, the feed itself.
std::shared_ptr<Feed> guarded(const CallPtr& call, std::unique_ptr<Feed> feed);

}  // namespace troupe::http
