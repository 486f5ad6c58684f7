#include "adapters/http/credential.h"

#include <algorithm>

#include "runtime/base/secret_text.h"
#include "runtime/edge/authority.h"

namespace troupe::http {
namespace {

constexpr std::string_view kAttempt = "__Host-troupe_sign_in";

std::string cookie(std::string_view name, std::string_view text, Duration life) {
  return "Set-Cookie: " + std::string(name) + "=" + std::string(text) +
         "; Max-Age=" + std::to_string(life.us / 1'000'000) +
         "; Path=/; Secure; HttpOnly; SameSite=Lax\r\n";
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view cookie_named(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    const std::string_view pair = trimmed(cookies.substr(0, end));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == name && equals < pair.size()) return pair.substr(equals + 1);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
  }
  return {};
}

/// "https://host:port" without its scheme.
std::string_view host_of(std::string_view origin) {
  const std::size_t slashes = origin.find("://");
  return slashes == std::string_view::npos ? std::string_view() : origin.substr(slashes + 3);
}

}  // namespace

Credential credential_of(std::string_view authorization, std::string_view cookies) {
  if (!authorization.empty()) return {edge::bearer_token(authorization), false};
  return {cookie_named(cookies, kSessionCookie), true};
}

std::string session_cookie(std::string_view token, Duration life) {
  return cookie(kSessionCookie, token, life);
}
std::string no_session_cookie() { return cookie(kSessionCookie, "", {}); }

std::string_view attempt_in(std::string_view cookies) { return cookie_named(cookies, kAttempt); }
std::string attempt_cookie(std::string_view text, Duration life) {
  return cookie(kAttempt, text, life);
}
std::string no_attempt_cookie() { return cookie(kAttempt, "", {}); }

std::string csrf_token_of(const Hasher& hasher, std::string_view session_token) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = "troupe csrf 1\n";
  text.append(session_token);
  const Digest digest = hasher.hash(text);
  wipe(text);
  std::string token;
  for (const std::uint8_t byte : digest) {
    token.push_back(kHex[byte >> 4]);
    token.push_back(kHex[byte & 15]);
  }
  return token;
}

Status check_origin(const PageFields& fields) {
  const bool is_elsewhere = fields.fetch_site == "cross-site" || fields.fetch_site == "same-site";
  const bool is_other = !fields.origin.empty() && host_of(fields.origin) != fields.host;
  if (!is_elsewhere && !is_other) return ok();
  return {Code::kForbidden, "A page of another site asks for this."};
}

Status check_page(const Hasher& hasher, std::string_view session_token, const PageFields& fields) {
  if (Status origin = check_origin(fields); !origin) return origin;
  if (equal_in_constant_time(fields.csrf_token, csrf_token_of(hasher, session_token))) return ok();
  return {Code::kForbidden,
          "Send the session's csrf_token in X-CSRF-Token: a change needs more than the cookie."};
}

}  // namespace troupe::http
