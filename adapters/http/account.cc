#include "adapters/http/account.h"

#include <vector>

#include "runtime/json/write.h"
#include "runtime/tenancy/token_text.h"

namespace troupe::http {
namespace {

/// The buckets that a failed sign-in takes from.
std::vector<std::string> buckets_of(const CallPtr& call, const std::string& email) {
  std::vector<std::string> buckets = {"address " + call->address};
  if (!email.empty()) buckets.push_back("account " + email);
  return buckets;
}

}  // namespace

directory::Stamp stamp_of(const CallPtr& call) {
  const Options& options = call->core.options;
  return {options.product_code, options.session_life};
}

std::string user_json(const directory::User& user) {
  json::Writer out;
  out.begin_object()
      .member("id", user.id.to_string())
      .member("email", user.email)
      .member("name", user.name)
      .member("created_at", to_rfc3339(user.created));
  if (user.verified.set()) out.member("verified_at", to_rfc3339(user.verified));
  else out.key("verified_at").null();
  return out.end_object().take();
}

std::string session_json(const CallPtr& call, const directory::User& user, std::string_view token,
                         TimePoint expires) {
  json::Writer out;
  out.begin_object()
      .member_raw("user", user_json(user))
      .member("csrf_token", csrf_token_of(call->core.services.hasher, token))
      .member("expires_at", to_rfc3339(expires));
  return out.end_object().take();
}

void send_session(const CallPtr& call, const directory::SignedIn& in, int status) {
  call->send({.status = status,
              .body = session_json(call, in.user, in.token, in.expires),
              .headers = session_cookie(in.token, call->core.options.session_life)});
}

std::string replaced_session(const CallPtr& call) {
  const std::string_view text = credential_of({}, call->header("cookie")).text;
  if (tenancy::kind_of_token(text) != tenancy::TokenKind::kSession) return {};
  return directory::secret_key(call->core.services.hasher, text);
}

bool may_try(const CallPtr& call, const std::string& email) {
  const auto now = std::chrono::steady_clock::now();
  for (const std::string& bucket : buckets_of(call, email)) {
    const auto verdict = call->core.sign_ins.take(bucket, now);
    if (verdict.allowed) continue;
    Response response = problem(Code::kRateLimited, "Too many sign-ins have failed.");
    response.headers = verdict.fields("sign-ins");
    call->send(std::move(response));
    return false;
  }
  return true;
}

void note_failure(const CallPtr& call, std::string_view way, UserId user) {
  Logger* log = call->core.services.log;
  if (log == nullptr) return;
  log->warning("a sign-in failed", {{"way", way},
                                    {"user", user.set() ? user.to_string() : "unknown"},
                                    {"address", call->address},
                                    {"request", call->request_id}});
}

void give_back_try(const CallPtr& call, const std::string& email) {
  for (const std::string& bucket : buckets_of(call, email)) call->core.sign_ins.give_back(bucket);
}

void with_user(const CallPtr& call, std::function<void(const directory::User&)> use) {
  const auto id = tenancy::user_of(call->principal);
  if (!id || !id->set()) return call->fail(Code::kForbidden, "The operator is no user.");
  using Found = std::optional<directory::User>;
  read_documents<Found>(
      call, store::DocumentScope::owned_by(*id),
      [id = *id](store::Documents& documents) { return directory::find_user(documents, id); },
      [call, use](const Found& user) {
        if (!user) return call->fail(Code::kUnauthorized, "There is no such user any more.");
        use(*user);
      });
}

}  // namespace troupe::http
