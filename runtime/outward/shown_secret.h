#pragma once

#include <string>

#include "runtime/base/secret_text.h"
#include "runtime/directory/connections.h"
#include "runtime/port/egress.h"

namespace troupe::outward {

/// Puts what the connection shows into a request, in place of what stands there. kForbidden: the
/// request is for a host that the connection is not for.
Status show_secret(const directory::Connection& connection, const SecretText& secret,
                   EgressRequest& request);

/// What came back, without the secret: a service may say what it was sent. A secret of less than
/// eight bytes is left, for it may be part of anything.
void hide_secret(const SecretText& secret, EgressResponse& response);
void hide_secret(const SecretText& secret, std::string& text);

}  // namespace troupe::outward
