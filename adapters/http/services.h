#pragma once

#include "runtime/port/engine.h"
#include "runtime/port/identity_provider.h"
#include "runtime/port/log.h"
#include "runtime/port/mail.h"
#include "runtime/port/metrics.h"
#include "runtime/port/system.h"
#include "runtime/port/secrets.h"
#include "runtime/port/step_service.h"
#include "runtime/tenancy/access.h"

namespace troupe::http {

class Certificate;

/// The ports that the HTTP edge works on. All of them outlive the server.
struct Services {
  Engine& engine;
  const tenancy::Access& access;
  const Hasher& hasher;
  const Clock& clock;
  Entropy& entropy;
  Metrics& metrics;
  MetricsText& metrics_text;
  PasswordHasher& passwords;
  const Sealer& sealer;
  KeyRing* keys = nullptr;             ///< null: there is no master key, so no secrets are kept
  Certificate* certificate = nullptr;  ///< null: connections are in the clear
  Logger* log = nullptr;  ///< null: nobody reads one
  IdentityProvider* identities = nullptr;  ///< null: users sign in by password alone
  Mailer* mailer = nullptr;                ///< null: no letters are sent
  StepService* outside = nullptr;          ///< null: nobody outside is asked
};

}  // namespace troupe::http
