#include "runtime/oidc/request.h"

#include "runtime/json/read.h"
#include "runtime/json/text.h"

namespace troupe::oidc {
namespace {

/// Appends `name=value` behind what is there.
void append(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty() && out.back() != '?') out += '&';
  out += name;
  out += '=';
  out += percent_encode(value);
}

}  // namespace

std::string percent_encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (is_plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::string authorization_url(const Metadata& metadata, const ClientIdentity& client,
                              const ProviderAttempt& attempt, std::string_view challenge) {
  std::string query;
  append(query, "response_type", "code");
  append(query, "client_id", client.id);
  append(query, "scope", client.scopes);
  append(query, "redirect_uri", attempt.redirect_uri);
  append(query, "state", attempt.state);
  append(query, "nonce", attempt.nonce);
  append(query, "code_challenge", challenge);
  append(query, "code_challenge_method", "S256");
  const std::string& base = metadata.authorization_endpoint;
  return base + (base.find('?') == std::string::npos ? "?" : "&") + query;
}

EgressRequest token_request(const Metadata& metadata, const ClientIdentity& client,
                            const ProviderAttempt& attempt, std::string_view code,
                            std::string (*base64)(std::string_view text)) {
  EgressRequest request{.method = "POST",
                        .url = metadata.token_endpoint,
                        .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                                    {"Accept", "application/json"}}};
  append(request.body, "grant_type", "authorization_code");
  append(request.body, "code", code);
  append(request.body, "redirect_uri", attempt.redirect_uri);
  append(request.body, "code_verifier", attempt.verifier);
  const bool in_body =
      client.secret.empty() || metadata.authentication == ClientAuthentication::kPost;
  if (in_body) append(request.body, "client_id", client.id);
  if (in_body && !client.secret.empty()) append(request.body, "client_secret", client.secret);
  if (!in_body) {
    request.headers.emplace_back(
        "Authorization",
        "Basic " + base64(percent_encode(client.id) + ":" + percent_encode(client.secret)));
  }
  return request;
}

Result<Tokens> parse_tokens(const EgressResponse& response) {
  const auto body = json::Text::parse(response.body);
  const auto text_at = [&](std::string_view key) {
    return body ? json::decode_string(json::member(body->view(), key).value_or("")) : "";
  };
  // Of RFC 6749 §5.2 only this one is about what the user brought.
  if (response.status == 400 && text_at("error") == "invalid_grant") {
    return {Code::kUnauthorized, "The identity provider does not accept what came back from it."};
  }
  Tokens tokens{text_at("id_token"), text_at("access_token")};
  if (response.status != 200 || tokens.id_token.empty()) {
    return {Code::kUnavailable, "The identity provider gave no token (status " +
                                    std::to_string(response.status) + ")."};
  }
  return tokens;
}

}  // namespace troupe::oidc
