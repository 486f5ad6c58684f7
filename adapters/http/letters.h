#pragma once

#include <string>

#include "adapters/http/change.h"
#include "runtime/directory/mail_tokens.h"

namespace troupe::http {

// Letters that a call brings about, if any are sent here. They go on their own: the call is, or
// will be, answered without them, and what goes wrong is logged.

/// To the user of this address, if there is one.
void mail_by_address(const CallPtr& call, directory::MailPurpose purpose, const std::string& email);
void mail_to(const CallPtr& call, directory::MailPurpose purpose, UserId user);
void mail_invite(const CallPtr& call, const std::string& email, const std::string& workspace_slug,
                 const std::string& token);

}  // namespace troupe::http
