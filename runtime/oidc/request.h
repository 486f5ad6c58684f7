#pragma once

#include <string>
#include <string_view>

#include "runtime/oidc/metadata.h"
#include "runtime/port/egress.h"
#include "runtime/port/identity_provider.h"

namespace troupe::oidc {

/// Who we are to the provider.
struct ClientIdentity {
  std::string id;
  std::string secret;  ///< empty: it has none, as a public client
  std::string scopes;  ///< with spaces between them
};

/// Everything but letters, digits and -._~ as %XX (RFC 3986 §2.3).
std::string percent_encode(std::string_view text);

/// Where the user's browser is sent to. `challenge`: the SHA-256 of the attempt's verifier as
/// base64url (RFC 7636 §4.2).
std::string authorization_url(const Metadata& metadata,
                              const ClientIdentity& client,
                              const ProviderAttempt& attempt,
                              std::string_view challenge);

/// What trades the code for tokens. `base64`: gives the padded standard form of bytes.
EgressRequest token_request(const Metadata& metadata,
                            const ClientIdentity& client,
                            const ProviderAttempt& attempt,
                            std::string_view code,
                            std::string (*base64)(std::string_view text));

struct Tokens {
  std::string id_token;
  std::string access_token;  ///< empty: there is none
};
/// kUnauthorized if the provider refuses the code; kUnavailable for an answer that is none.
Result<Tokens> parse_tokens(const EgressResponse& response);

}  // namespace troupe::oidc
