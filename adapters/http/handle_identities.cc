// Signing in at an identity provider, and the identities that a user has there.
#include <algorithm>

#include "adapters/http/account.h"
#include "adapters/http/render.h"
#include "runtime/directory/identities.h"
#include "runtime/directory/members.h"
#include "runtime/json/write.h"
#include "runtime/tenancy/names.h"

namespace troupe::http {
namespace {

using directory::SignInAttempt;
using directory::SignedIn;

/// What the provider sent the browser back with.
struct Returned {
  std::string state, code, issuer, cookie;
};

/// False, and answered, where users sign in by password alone.
bool has_provider(const CallPtr& call) {
  if (call->core.services.identities != nullptr) return true;
  call->fail(Code::kNotFound, "No identity provider is configured.");
  return false;
}

/// The same at the beginning and at the end of an attempt: the provider compares them.
std::string callback_url(const CallPtr& call) {
  const Options& options = call->core.options;
  std::string base = options.public_url;
  if (base.empty()) {
    base = call->core.services.certificate == nullptr ? "http://" : "https://";
    base += call->header("host");
  }
  return base + "/v1/auth/oidc/callback";
}

void read_return_to(edge::BodyReader& in, directory::AttemptWanted* wanted) {
  const auto text = in.text("return_to", directory::kReturnToBytesMax);
  if (text) wanted->return_to = checked(in, "return_to", *text, directory::check_return_to);
}

/// Stores the attempt and answers where the browser is to go.
void begin(const CallPtr& call, const directory::AttemptWanted& wanted) {
  change_store<directory::MadeAttempt>(
      call, {},
      [wanted](auto& documents, const auto& context, auto* made) {
        return directory::begin_attempt(documents, context, wanted, made);
      },
      [call](const directory::MadeAttempt& made) {
        call->core.services.identities->begin(
            directory::provider_attempt(call->core.services.hasher, made, callback_url(call)),
            call->then<std::string>([call, made](const std::string& url) {
              call->send({.status = 200,
                          .body = json::Writer().begin_object().member("url", url).end_object()
                                      .take(),
                          .headers = attempt_cookie(made.cookie, directory::kAttemptLife)});
            }));
      });
}

/// To where the sign-in was to end; `otherwise` if nobody said.
void send_end(const CallPtr& call, const SignInAttempt& attempt, std::string headers,
              Response otherwise) {
  Response response = std::move(otherwise);
  if (!attempt.return_to.empty()) {
    response = {.status = 303, .body = {}};
    headers += "Location: " + attempt.return_to + "\r\n";
  }
  response.headers = headers + no_attempt_cookie();
  call->send(std::move(response));
}

/// Why the provider refuses, as far as it is one of its words (RFC 6749 §4.1.2.1).
std::string reason_of(std::string_view error) {
  constexpr std::size_t kWordMax = 64;
  const bool is_word = std::all_of(error.begin(), error.end(), [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z');
  });
  if (error.empty() || error.size() > kWordMax || !is_word) return ".";
  return ": " + std::string(error) + ".";
}

void connect(const CallPtr& call, const SignInAttempt& attempt, const ProvenIdentity& proven) {
  change_store<Unit>(
      call, {Uuid(attempt.user)},
      [attempt, proven](auto& documents, const auto& context, auto*) {
        return directory::connect_identity(documents, context, proven, attempt.user);
      },
      [call, attempt](Unit) {
        give_back_try(call);
        send_end(call, attempt, {}, {.status = 204, .body = {}});
      });
}

/// What has to be locked while somebody signs in: the user, or the workspace that invites.
using Locks = std::vector<Uuid>;
Result<Locks> locks_of(store::Documents& documents, const Hasher& hasher,
                       const ProvenIdentity& proven, const std::string& invite, TimePoint now) {
  const auto user = directory::find_by_identity(documents, hasher, proven);
  if (!user) return user.error();
  if (user->set()) return Locks{Uuid(*user)};
  if (invite.empty()) return Locks{};
  const auto shown = directory::show_invite(documents, hasher, invite, now);
  if (!shown) return shown.error();
  return Locks{Uuid(shown->workspace.id)};
}

void sign_in(const CallPtr& call, const SignInAttempt& attempt, const Returned& returned,
             const ProvenIdentity& proven) {
  const directory::NewAccountRules rules{call->core.options.sign_up_is_open,
                                         std::string(directory::invite_in(returned.cookie)),
                                         attempt.workspace};
  read_documents<Locks>(
      call, store::DocumentScope::all(),
      [proven, invite = rules.invite, &services = call->core.services](
          store::Documents& documents) {
        return locks_of(documents, services.hasher, proven, invite, services.clock.now());
      },
      [call, attempt, proven, rules](const Locks& locks) {
        change_store<SignedIn>(
            call, locks,
            [proven, rules, stamp = stamp_of(call), old = replaced_session(call)](
                auto& documents, const auto& context, auto* made) {
              return directory::replacing_session(
                  documents, old,
                  directory::sign_in_by_identity(documents, context, stamp, proven, rules, made));
            },
            [call, attempt](const SignedIn& in) {
              give_back_try(call);
              send_end(call, attempt, session_cookie(in.token, call->core.options.session_life),
                       {.status = 200,
                        .body = session_json(call, in.user, in.token, in.expires)});
            });
      });
}

void finish(const CallPtr& call, const SignInAttempt& attempt, const Returned& returned) {
  call->core.services.identities->finish(
      directory::provider_attempt(call->core.services.hasher, {returned.state, returned.cookie},
                                  callback_url(call)),
      returned.code, returned.issuer,
      call->finally<ProvenIdentity>([call, attempt, returned](Result<ProvenIdentity> proven) {
        if (!proven) {
          note_failure(call, "identity provider", attempt.user);
          return call->fail(proven.error());
        }
        if (attempt.user.set()) return connect(call, attempt, *proven);
        sign_in(call, attempt, returned, *proven);
      }));
}

std::string identity_json(const directory::Identity& identity) {
  json::Writer out;
  out.begin_object()
      .member("id", identity.id.to_string())
      .member("issuer", identity.issuer)
      .member("email", identity.email)
      .member("created_at", to_rfc3339(identity.created));
  return out.end_object().take();
}

}  // namespace

namespace handle {

void begin_provider_sign_in(const CallPtr& call) {
  auto wanted = read_body(call, [](edge::BodyReader& in) {
    directory::AttemptWanted out;
    read_return_to(in, &out);
    const auto workspace = in.text("workspace", tenancy::kSlugSizeMax);
    if (workspace) out.workspace = checked(in, "workspace", *workspace, tenancy::check_slug);
    out.invite = in.text("invite", 64).value_or("");
    const bool is_plain = std::all_of(out.invite.begin(), out.invite.end(), [](char c) {
      return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    });
    if (!is_plain) in.wrong("invite", "must be the token of an invite.");
    return out;
  });
  if (wanted && has_provider(call) && may_try(call)) begin(call, *wanted);
}

void end_provider_sign_in(const CallPtr& call) {
  if (!has_provider(call)) return;
  const auto text = [&](std::string_view name) {
    return std::string(call->query.find(name).value_or(""));
  };
  const Returned returned{text("state"), text("code"), text("iss"),
                          std::string(attempt_in(call->header("cookie")))};
  // Whatever else came, this attempt is over with it.
  change_store<SignInAttempt>(
      call, {directory::attempt_id(call->core.services.hasher, returned.state)},
      [returned](auto& documents, const auto& context, auto* taken) {
        return directory::take_attempt(documents, context, returned.state, returned.cookie, taken);
      },
      [call, returned, refusal = text("error")](const SignInAttempt& attempt) {
        if (!refusal.empty() || returned.code.empty()) {
          note_failure(call, "identity provider", attempt.user);
          return call->fail(Code::kUnauthorized,
                            "The identity provider has not let you in" + reason_of(refusal));
        }
        finish(call, attempt, returned);
      });
}

void list_identities(const CallPtr& call) {
  with_user(call, [call](const directory::User& user) {
    using Identities = std::vector<directory::Identity>;
    read_documents<Identities>(
        call, store::DocumentScope::owned_by(user.id),
        [id = user.id](store::Documents& documents) {
          return directory::identities_of(documents, id);
        },
        [call](const Identities& identities) {
          std::vector<std::string> items;
          for (const auto& identity : identities) items.push_back(identity_json(identity));
          call->send_json(page_json(items, {}));
        });
  });
}

void connect_identity(const CallPtr& call) {
  auto wanted = read_body(call, [](edge::BodyReader& in) {
    directory::AttemptWanted out;
    read_return_to(in, &out);
    return out;
  });
  if (!wanted || !has_provider(call) || !may_try(call)) return;
  with_user(call, [call, wanted = *wanted](const directory::User& user) mutable {
    wanted.user = user.id;
    begin(call, wanted);
  });
}

void disconnect_identity(const CallPtr& call) {
  const auto identity = id_param<Uuid>(call, "identity", "identity");
  if (!identity) return;
  change_store<Unit>(
      call, {Uuid(tenancy::user_of(call->principal).value_or(UserId{}))},
      [identity = *identity](auto& documents, const auto& context, auto*) {
        return directory::disconnect_identity(documents, context, identity);
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

}  // namespace handle
}  // namespace troupe::http
