#include "runtime/oidc/id_token.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "runtime/base/base64url.h"
#include "runtime/json/read.h"
#include "runtime/json/text.h"

namespace troupe::oidc {
namespace {

constexpr std::size_t kSubjectBytesMax = 255;

Error refused(std::string_view why) {
  return {Code::kUnauthorized, "The identity provider's token " + std::string(why), {}};
}

std::string text_at(const json::Text& object, std::string_view key) {
  return json::decode_string(json::member(object.view(), key).value_or(""));
}

/// Seconds since 1970, perhaps with a fraction. Unset for what is none.
TimePoint time_at(const json::Text& object, std::string_view key) {
  constexpr double kSecondsMax = 1e11;
  const auto value = json::member(object.view(), key);
  const auto number = value ? json::as_double(*value) : std::nullopt;
  if (!number || *number <= 0 || *number > kSecondsMax) return {};
  return {static_cast<std::int64_t>(*number) * 1'000'000};
}

/// Some providers write it as a text.
bool flag_at(const json::Text& object, std::string_view key) {
  const auto value = json::member(object.view(), key);
  return value && (json::as_bool(*value).value_or(false) || json::decode_string(*value) == "true");
}

/// A part of the token that is a JSON object.
std::optional<json::Text> object_of(std::string_view part) {
  auto bytes = decode_base64url(part);
  if (!bytes) return std::nullopt;
  auto text = json::Text::parse(*std::move(bytes), {.bytes_max = kIdTokenBytesMax, .depth_max = 8});
  if (!text || json::kind(text->view()) != json::Kind::kObject) return std::nullopt;
  return *std::move(text);
}

void read_claims(const json::Text& claims, IdToken* token) {
  token->issuer = text_at(claims, "iss");
  token->subject = text_at(claims, "sub");
  token->nonce = text_at(claims, "nonce");
  token->authorized_party = text_at(claims, "azp");
  token->expires = time_at(claims, "exp");
  token->issued = time_at(claims, "iat");
  token->email = text_at(claims, "email");
  token->name = text_at(claims, "name");
  token->email_is_verified = flag_at(claims, "email_verified");
  const auto audience = json::member(claims.view(), "aud");
  if (!audience) return;
  if (json::kind(*audience) == json::Kind::kString) {
    token->audience.push_back(json::decode_string(*audience));
  }
  json::for_each_element(*audience, [&](std::string_view one) {
    token->audience.push_back(json::decode_string(one));
    return true;
  });
}

}  // namespace

Result<IdToken> parse_id_token(std::string_view text) {
  if (text.size() > kIdTokenBytesMax) return refused("is too long.");
  const std::size_t first = text.find('.');
  const std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos) return refused("has not three parts.");
  const auto header = object_of(text.substr(0, first));
  const auto claims = object_of(text.substr(first + 1, second - first - 1));
  auto signature = decode_base64url(text.substr(second + 1));
  if (!header || !claims || !signature || signature->empty()) {
    return refused("has a part that cannot be read.");
  }
  if (json::member(header->view(), "crit")) return refused("wants what is not known here.");
  IdToken token;
  token.algorithm_name = text_at(*header, "alg");
  const auto algorithm = parse_algorithm(token.algorithm_name);
  if (!algorithm) return algorithm.error();
  token.algorithm = *algorithm;
  token.key_id = text_at(*header, "kid");
  token.signed_text = text.substr(0, second);
  token.signature = *std::move(signature);
  read_claims(*claims, &token);
  return token;
}

Result<ProvenIdentity> check_claims(const IdToken& token, const Expected& expected) {
  if (token.issuer != expected.issuer) return refused("is of another issuer.");
  if (std::find(token.audience.begin(), token.audience.end(), expected.client_id) ==
      token.audience.end()) {
    return refused("is for somebody else.");
  }
  const bool needs_party = token.audience.size() > 1;
  const bool has_party = !token.authorized_party.empty();
  if ((needs_party || has_party) && token.authorized_party != expected.client_id) {
    return refused("was given to somebody else.");
  }
  if (!token.expires.set() || token.expires + kClockLeeway <= expected.now) {
    return refused("is too old.");
  }
  if (!token.issued.set() || token.issued > expected.now + kClockLeeway) {
    return refused("is not yet valid.");
  }
  if (expected.nonce.empty() || token.nonce != expected.nonce) {
    return refused("is of another sign-in.");
  }
  if (token.subject.empty() || token.subject.size() > kSubjectBytesMax) {
    return refused("does not say who it is about.");
  }
  return ProvenIdentity{.issuer = token.issuer,
                        .subject = token.subject,
                        .email = token.email,
                        .email_is_verified = token.email_is_verified,
                        .name = token.name};
}

Result<ProvenIdentity> with_userinfo(ProvenIdentity identity, std::string_view text) {
  const auto info = json::Text::parse(std::string(text));
  if (!info || text_at(*info, "sub") != identity.subject) {
    return {Code::kUnauthorized, "The identity provider's userinfo is about somebody else."};
  }
  if (identity.email.empty()) {
    identity.email = text_at(*info, "email");
    identity.email_is_verified = flag_at(*info, "email_verified");
  }
  if (identity.name.empty()) identity.name = text_at(*info, "name");
  return identity;
}

}  // namespace troupe::oidc
