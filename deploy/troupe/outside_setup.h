#pragma once

#include <memory>

#include "adapters/mail/smtp_mailer.h"
#include "config/options.h"
#include "runtime/port/egress.h"
#include "runtime/port/identity_provider.h"
#include "runtime/port/system.h"

namespace troupe::cli {

/// The way out that the configuration allows. kConfigInvalid.
Result<std::unique_ptr<Egress>> open_egress(const config::Egress& options);
/// The same for steps of runs, which may reach other networks. They share no connection: an open
/// one leads on without being judged again.
Result<std::unique_ptr<Egress>> open_egress_for_steps(const config::Egress& options);

/// The identity provider of the configuration, which is asked over `egress`; null: there is none.
/// kConfigInvalid.
Result<std::shared_ptr<IdentityProvider>> open_identity_provider(const config::Oidc& options,
                                                                 Egress& egress,
                                                                 const Clock& clock);

/// Who sends letters, by the server of the configuration; null: nobody does. kConfigInvalid.
Result<std::unique_ptr<Mailer>> open_mailer(const config::Mail& options,
                                            const mail::Services& services);

}  // namespace troupe::cli
