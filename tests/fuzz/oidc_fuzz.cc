#include <algorithm>
#include <string>
#include <string_view>

#include "runtime/base/base64url.h"
#include "runtime/base/ensure.h"
#include "runtime/oidc/id_token.h"
#include "runtime/oidc/request.h"
#include "tests/fuzz/entries.h"

namespace troupe::fuzz {
namespace {

constexpr std::string_view kIssuer = "https://id.example.org";

void read_token(std::string_view text) {
  const auto token = oidc::parse_id_token(text);
  if (!token) {
    TROUPE_ENSURE(token.error().code == Code::kUnauthorized);
    return;
  }
  TROUPE_ENSURE(!token->signature.empty() && text.starts_with(token->signed_text));
  // A token has one form: what is signed and the signature are all of it.
  TROUPE_ENSURE(token->signed_text + "." + encode_base64url(token->signature) == text);
  const auto identity = oidc::check_claims(
      *token, {std::string(kIssuer), "troupe", "nonce", TimePoint{1'700'000'000'000'000}});
  if (!identity) return;
  TROUPE_ENSURE(identity->issuer == kIssuer && !identity->subject.empty());
  TROUPE_ENSURE(token->nonce == "nonce" && token->expires.set());
}

void read_keys(std::string_view text) {
  const auto keys = oidc::parse_key_set(text);
  if (!keys) return;
  for (const oidc::PublicKey& key : *keys) {
    const bool is_rsa = key.kind == oidc::KeyKind::kRsa;
    TROUPE_ENSURE(is_rsa ? key.n.size() >= 256 && !key.e.empty() : key.x.size() >= 32);
  }
}

}  // namespace

// What an identity provider says: its tokens, its keys, its configuration, its answers.
void fuzz_oidc(std::string_view bytes) {
  read_token(bytes);
  // Mutations of a token hardly ever decode: so its parts are also read as they are.
  const std::size_t line = std::min(bytes.find('\n'), bytes.size());
  const std::string_view claims = bytes.substr(std::min(line + 1, bytes.size()));
  read_token(encode_base64url(bytes.substr(0, line)) + "." + encode_base64url(claims) + ".c2ln");
  read_keys(bytes);
  const auto metadata = oidc::parse_metadata(bytes, kIssuer);
  if (metadata) TROUPE_ENSURE(metadata->token_endpoint.starts_with("https://"));
  const auto tokens = oidc::parse_tokens({.status = 200, .body = std::string(bytes)});
  if (tokens) TROUPE_ENSURE(!tokens->id_token.empty());
  const auto info = oidc::with_userinfo({.subject = "ada"}, bytes);
  if (info) TROUPE_ENSURE(info->subject == "ada");
  if (const auto decoded = decode_base64url(bytes)) {
    TROUPE_ENSURE(encode_base64url(*decoded) == bytes);
  }
}

}  // namespace troupe::fuzz
