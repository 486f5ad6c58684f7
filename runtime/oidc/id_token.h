#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/oidc/key_set.h"
#include "runtime/port/identity_provider.h"

namespace troupe::oidc {

inline constexpr std::size_t kIdTokenBytesMax = 16 << 10;

/// A signed token as it came (RFC 7515 §7.1): nothing in it counts before its signature is verified
/// and its claims are checked.
struct IdToken {
  Algorithm algorithm = Algorithm::kRs256;
  std::string algorithm_name;
  std::string key_id;     ///< empty: it names none
  std::string signed_text;
  std::string signature;  ///< bytes

  std::string issuer, subject, nonce, authorized_party;
  std::vector<std::string> audience;
  TimePoint expires, issued;  ///< unset: it does not say
  std::string email, name;
  bool email_is_verified = false;
};

/// kUnauthorized for what is no such token, names an algorithm that does not count, or wants
/// something understood that we do not (`crit`).
Result<IdToken> parse_id_token(std::string_view text);

/// Whom a token has to be from and for.
struct Expected {
  std::string issuer;
  std::string client_id;
  std::string nonce;
  TimePoint now;
};
inline constexpr Duration kClockLeeway = seconds(60);

/// The rules of OpenID Connect Core 1.0 §3.1.3.7 but for the signature. kUnauthorized, with the
/// rule that is broken.
Result<ProvenIdentity> check_claims(const IdToken& token, const Expected& expected);

/// What the provider's userinfo adds, if it is about the same subject (§5.3.2). kUnauthorized.
Result<ProvenIdentity> with_userinfo(ProvenIdentity identity, std::string_view text);

}  // namespace troupe::oidc
