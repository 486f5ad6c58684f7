#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/port/system.h"

namespace troupe::http {

/// What a request brings to say who asks. Views into its header.
struct Credential {
  std::string_view text;   ///< empty: it brings none
  bool by_cookie = false;  ///< sent by a browser of itself, whoever made it ask
};

/// A bearer token, or else a session's cookie.
Credential credential_of(std::string_view authorization, std::string_view cookies);

inline constexpr std::string_view kSessionCookie = "__Host-troupe_session";
/// Field lines that give a browser its session, and take it away again.
std::string session_cookie(std::string_view token, Duration life);
std::string no_session_cookie();

/// That of a browser whose user is at an identity provider; empty: it sent none.
std::string_view attempt_in(std::string_view cookies);
std::string attempt_cookie(std::string_view text, Duration life);
std::string no_attempt_cookie();

/// What a page of ours has to send with a change, in X-CSRF-Token: derived from the session's
/// token, of which it tells nothing.
std::string csrf_token_of(const Hasher& hasher, std::string_view session_token);

/// The fields by which a browser shows which page asks.
struct PageFields {
  std::string_view csrf_token;
  std::string_view origin;
  std::string_view fetch_site;
  std::string_view host;
};
/// Whether a page of ours asks for this change. kForbidden.
Status check_page(const Hasher& hasher, std::string_view session_token, const PageFields& fields);
/// Whether no page of anybody else's can be asking: for a WebSocket, for which browsers ask no
/// leave, and for signing in. kForbidden.
Status check_origin(const PageFields& fields);

}  // namespace troupe::http
