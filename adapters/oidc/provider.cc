#include "adapters/oidc/provider.h"

#include <algorithm>
#include <utility>

#include "adapters/oidc/signature.h"
#include "runtime/base/base64url.h"

namespace troupe::oidc {
namespace {

Error unreachable(std::string_view what, const Error& why) {
  return {Code::kUnavailable,
          "The identity provider's " + std::string(what) + " cannot be had: " + why.message, {}};
}

/// The body of a 200.
Callback<EgressResponse> body_of(std::string what, Callback<std::string> done) {
  return [what = std::move(what), done = std::move(done)](const Result<EgressResponse>& response) {
    if (!response) return done(unreachable(what, response.error()));
    if (response->status != 200) {
      return done(Error{Code::kUnavailable,
                        "The identity provider's " + what + " cannot be had (status " +
                            std::to_string(response->status) + ").",
                        {}});
    }
    done(response->body);
  };
}

}  // namespace

struct Provider::Finish {
  ProviderAttempt attempt;
  Metadata metadata;
  IdToken token;
  std::string access_token;
  Callback<ProvenIdentity> done;
};

void Provider::with_metadata(Callback<Metadata> done) {
  const TimePoint now = clock_.now();
  std::optional<Metadata> known;
  {
    const std::lock_guard lock(mutex_);
    if (metadata_ && now < metadata_at_ + options_.metadata_life) known = metadata_;
  }
  if (known) return done(*known);
  egress_.send({.url = metadata_url(options_.issuer)},
               body_of("configuration", [self = shared_from_this(), now,
                                         done = std::move(done)](const Result<std::string>& body) {
                 if (!body) return done(body.error());
                 auto metadata = parse_metadata(*body, self->options_.issuer);
                 if (metadata) {
                   const std::lock_guard lock(self->mutex_);
                   self->metadata_ = *metadata;
                   self->metadata_at_ = now;
                 }
                 done(std::move(metadata));
               }));
}

void Provider::with_keys(const Metadata& metadata, const Keys& known, Callback<Keys> done) {
  const TimePoint now = clock_.now();
  Keys kept;
  {
    const std::lock_guard lock(mutex_);
    const bool may_ask = keys_ == nullptr || now >= keys_at_ + options_.keys_asked_again;
    if (keys_ != nullptr && (keys_ != known || !may_ask)) kept = keys_;
  }
  if (kept != nullptr) return done(kept);
  egress_.send({.url = metadata.jwks_uri},
               body_of("keys", [self = shared_from_this(), now,
                                done = std::move(done)](const Result<std::string>& body) {
                 if (!body) return done(body.error());
                 auto parsed = parse_key_set(*body);
                 if (!parsed) return done(parsed.error());
                 auto keys = std::make_shared<const std::vector<PublicKey>>(*std::move(parsed));
                 {
                   const std::lock_guard lock(self->mutex_);
                   self->keys_ = keys;
                   self->keys_at_ = now;
                 }
                 done(Keys(keys));
               }));
}

void Provider::begin(ProviderAttempt attempt, Callback<std::string> done) {
  with_metadata([self = shared_from_this(), attempt = std::move(attempt),
                 done = std::move(done)](const Result<Metadata>& metadata) {
    if (!metadata) return done(metadata.error());
    const std::string challenge = encode_base64url(sha256(attempt.verifier));
    done(authorization_url(*metadata, self->options_.client, attempt, challenge));
  });
}

void Provider::finish(ProviderAttempt attempt, std::string code, std::string issuer,
                      Callback<ProvenIdentity> done) {
  auto finish = std::make_shared<Finish>();
  finish->attempt = std::move(attempt);
  finish->done = std::move(done);
  with_metadata([self = shared_from_this(), finish, code = std::move(code),
                 issuer = std::move(issuer)](const Result<Metadata>& metadata) {
    if (!metadata) return finish->done(metadata.error());
    const bool is_named = !issuer.empty() || metadata->names_itself;
    if (is_named && issuer != metadata->issuer) {
      return finish->done(Error{Code::kUnauthorized, "Another provider has answered.", {}});
    }
    finish->metadata = *metadata;
    const auto request = token_request(*metadata, self->options_.client, finish->attempt, code,
                                       encode_base64);
    self->egress_.send(request, [self, finish](const Result<EgressResponse>& response) {
      if (!response) return finish->done(unreachable("token", response.error()));
      const auto tokens = parse_tokens(*response);
      if (!tokens) return finish->done(tokens.error());
      auto token = parse_id_token(tokens->id_token);
      if (!token) return finish->done(token.error());
      finish->token = *std::move(token);
      finish->access_token = tokens->access_token;
      self->verify(finish, nullptr);
    });
  });
}

/// With the keys that are known, and once more with newer ones if none of those has signed.
void Provider::verify(const std::shared_ptr<Finish>& finish, const Keys& known) {
  with_keys(finish->metadata, known, [self = shared_from_this(), finish,
                                      known](const Result<Keys>& keys) {
    if (!keys) return finish->done(keys.error());
    const IdToken& token = finish->token;
    const auto able =
        candidates(**keys, token.key_id, token.algorithm_name, token.algorithm);
    const bool is_signed = std::any_of(able.begin(), able.end(), [&](const PublicKey* key) {
      return is_signed_by(*key, token.algorithm, token.signed_text, token.signature);
    });
    if (!is_signed && known == nullptr) return self->verify(finish, *keys);
    if (!is_signed) {
      return finish->done(
          Error{Code::kUnauthorized, "The identity provider has not signed its token.", {}});
    }
    const auto identity =
        check_claims(token, {self->options_.issuer, self->options_.client.id,
                             finish->attempt.nonce, self->clock_.now()});
    if (!identity) return finish->done(identity.error());
    const bool is_whole = !identity->email.empty() || finish->access_token.empty() ||
                          finish->metadata.userinfo_endpoint.empty();
    if (is_whole) return finish->done(*identity);
    self->ask_userinfo(finish, *identity);
  });
}

/// Many providers tell the address there alone.
void Provider::ask_userinfo(const std::shared_ptr<Finish>& finish, ProvenIdentity identity) {
  egress_.send({.url = finish->metadata.userinfo_endpoint,
                .headers = {{"Authorization", "Bearer " + finish->access_token}}},
               body_of("userinfo", [finish, identity = std::move(identity)](
                                       const Result<std::string>& body) {
                 if (!body) return finish->done(body.error());
                 finish->done(with_userinfo(identity, *body));
               }));
}

}  // namespace troupe::oidc
