#include "runtime/oidc/metadata.h"

#include "runtime/json/read.h"
#include "runtime/json/text.h"

namespace troupe::oidc {
namespace {

Error unfit(std::string why) {
  return {Code::kUnavailable, "The identity provider's configuration " + std::move(why), {}};
}

bool lists(std::string_view document, std::string_view key, std::string_view wanted) {
  bool found = false;
  if (const auto list = json::member(document, key)) {
    json::for_each_element(*list, [&](std::string_view one) {
      found = found || json::decode_string(one) == wanted;
      return !found;
    });
  }
  return found;
}

}  // namespace

std::string metadata_url(std::string_view issuer) {
  std::string url(issuer);
  if (url.ends_with('/')) url.pop_back();
  return url + "/.well-known/openid-configuration";
}

Result<Metadata> parse_metadata(std::string_view text, std::string_view issuer) {
  const auto document = json::Text::parse(std::string(text));
  if (!document || json::kind(document->view()) != json::Kind::kObject) {
    return unfit("is no JSON object.");
  }
  const auto text_of = [&](std::string_view key) {
    return json::decode_string(json::member(document->view(), key).value_or(""));
  };
  Metadata metadata{.issuer = text_of("issuer"),
                    .authorization_endpoint = text_of("authorization_endpoint"),
                    .token_endpoint = text_of("token_endpoint"),
                    .jwks_uri = text_of("jwks_uri"),
                    .userinfo_endpoint = text_of("userinfo_endpoint")};
  if (metadata.issuer != issuer) return unfit("is of another issuer.");
  const std::string_view scheme = issuer.starts_with("https://") ? "https://" : "http";
  for (const std::string* endpoint : {&metadata.authorization_endpoint, &metadata.token_endpoint,
                                      &metadata.jwks_uri, &metadata.userinfo_endpoint}) {
    const bool may_be_absent = endpoint == &metadata.userinfo_endpoint && endpoint->empty();
    if (!may_be_absent && !endpoint->starts_with(scheme)) {
      return unfit("lacks an endpoint, or has one without TLS.");
    }
  }
  // What a provider does not say is `client_secret_basic`.
  constexpr std::string_view kMethods = "token_endpoint_auth_methods_supported";
  if (!lists(document->view(), kMethods, "client_secret_basic") &&
      lists(document->view(), kMethods, "client_secret_post")) {
    metadata.authentication = ClientAuthentication::kPost;
  }
  const auto names_itself = json::member(document->view(),
                                         "authorization_response_iss_parameter_supported");
  metadata.names_itself = names_itself && json::as_bool(*names_itself).value_or(false);
  return metadata;
}

}  // namespace troupe::oidc
