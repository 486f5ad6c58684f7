#pragma once

#include <string>

#include "runtime/port/callback.h"

namespace troupe {

/// What a server keeps of a sign-in while its user is at the provider. The texts are random, each
/// for one attempt.
struct ProviderAttempt {
  std::string redirect_uri;  ///< where the provider sends the user back to
  std::string state;         ///< comes back with him
  std::string nonce;         ///< comes back in what the provider signs
  std::string verifier;      ///< 43 to 128 characters; proves that who began the attempt ends it
};

/// Who somebody is, as the provider says and has signed.
struct ProvenIdentity {
  std::string issuer;
  std::string subject;  ///< of the issuer: never given to another user
  std::string email;    ///< empty: not told
  bool email_is_verified = false;
  std::string name;     ///< empty: not told
};

/// A service that knows users and signs them in, such as a company's. Any thread.
class IdentityProvider {
 public:
  virtual ~IdentityProvider() = default;
  /// The address that the user's browser is to be sent to. kUnavailable: the provider does not say
  /// how it is to be asked.
  virtual void begin(ProviderAttempt attempt, Callback<std::string> done) = 0;
  /// With what the user brought back. `issuer`: empty if he brought none. kUnauthorized for what is
  /// not proven, or not for this attempt; kUnavailable.
  virtual void finish(ProviderAttempt attempt,
                      std::string code,
                      std::string issuer,
                      Callback<ProvenIdentity> done) = 0;
};

}  // namespace troupe
