#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace troupe::oidc {

/// How we show the token endpoint who asks.
enum class ClientAuthentication : std::uint8_t { kBasic, kPost };

/// What a provider says of itself (OpenID Connect Discovery 1.0 §3).
struct Metadata {
  std::string issuer;
  std::string authorization_endpoint;
  std::string token_endpoint;
  std::string jwks_uri;
  std::string userinfo_endpoint;  ///< empty: it has none
  ClientAuthentication authentication = ClientAuthentication::kBasic;
  bool names_itself = false;  ///< in what the user brings back (RFC 9207)
};

/// Where that is to be found.
std::string metadata_url(std::string_view issuer);

/// `issuer` is the one that we trust; a document that is another's is refused. So is an endpoint
/// without TLS, if the issuer has it. kUnavailable, with what is wrong.
Result<Metadata> parse_metadata(std::string_view text, std::string_view issuer);

}  // namespace troupe::oidc
