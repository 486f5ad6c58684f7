// Signing up, in and out, and what a signed-in user does with his own account.
#include "adapters/http/account.h"
#include "adapters/http/letters.h"
#include "adapters/http/render.h"
#include "runtime/directory/members.h"
#include "runtime/directory/sign_in.h"
#include "runtime/json/write.h"
#include "runtime/tenancy/names.h"
#include "runtime/tenancy/password.h"

namespace troupe::http {
namespace {

using directory::SignedIn;
using directory::User;
/// Shared, because callbacks are copied and a secret is not.
using Password = std::shared_ptr<const SecretText>;

Error wrong_password() {
  return {Code::kUnauthorized, "The e-mail address or the password is wrong.", {}};
}

Password password_in(edge::BodyReader& body, std::string_view key) {
  std::string text = body.required_text(key, kPasswordBytesMax);
  return std::make_shared<const SecretText>(SecretText::take(text));
}

/// What a password check found: whether it is right, and a new hash if the stored one is weak.
struct Checked {
  bool is_right = false;
  std::string new_hash;
};
Result<Checked> check(PasswordHasher& hasher, const SecretText& password,
                      const std::optional<User>& user) {
  const bool has_password = user && !user->password_hash.empty();
  const auto match = has_password ? hasher.verify(password, user->password_hash)
                                  : hasher.verify_against_nobody(password);
  if (!match) return match.error();
  Checked checked{has_password && *match != PasswordMatch::kNo, {}};
  if (checked.is_right && *match == PasswordMatch::kYesHashAnew) {
    auto hash = hasher.hash(password);
    if (!hash) return hash.error();
    checked.new_hash = *std::move(hash);
  }
  return checked;
}

using Sessions = std::vector<directory::Session>;

/// Goes on with the user who asks and his sessions, newest first.
void with_sessions(const CallPtr& call, std::function<void(const User&, const Sessions&)> use) {
  with_user(call, [call, use](const User& user) {
    read_documents<Sessions>(
        call, store::DocumentScope::owned_by(user.id),
        [id = user.id](store::Documents& documents) {
          return directory::sessions_of(documents, id);
        },
        [user, use](const Sessions& sessions) { use(user, sessions); });
  });
}

bool is_current(const CallPtr& call, const directory::Session& session) {
  const auto* asking = std::get_if<tenancy::SessionUser>(&call->principal);
  return asking != nullptr && asking->session == session.id;
}

/// The body of a sign-up. With an invite it needs no workspace.
struct NewAccount {
  directory::SignUp wanted;
  std::string invite;
  Password password;
};
NewAccount new_account_in(edge::BodyReader& in) {
  NewAccount out;
  out.invite = in.text("invite", 64).value_or("");
  out.wanted.email = checked(in, "email", in.required_text("email", 254), tenancy::check_email);
  out.wanted.name = checked(in, "name", in.required_text("name", 400),
                            [](const auto& text) { return tenancy::check_display_name(text); });
  if (out.invite.empty()) {
    out.wanted.workspace_slug =
        checked(in, "workspace", in.required_text("workspace", 63), tenancy::check_slug);
    out.wanted.workspace_name = in.text("workspace_name", 400).value_or(out.wanted.workspace_slug);
  }
  out.password = password_in(in, "password");
  const std::vector<std::string> own = {out.wanted.email, out.wanted.name,
                                        out.wanted.workspace_slug};
  const Status fit = tenancy::check_password(out.password->reveal(), {own, {}});
  if (!fit) in.wrong("password", fit.error().message, fit.error().code);
  return out;
}

/// The account is made, and its session is not: it waits for the letter.
Result<store::Change> without_session(Result<store::Change> change) {
  if (!change) return change;
  std::erase_if(change->put, [](const store::Document& document) {
    return document.kind == store::DocumentKind::kSession;
  });
  return change;
}

/// With an invite in its workspace, else with a new one.
Result<store::Change> account_of(store::Documents& documents, const directory::Context& context,
                                 const directory::Stamp& stamp, const directory::SignUp& wanted,
                                 const std::string& invite, SignedIn* made) {
  if (!invite.empty()) {
    return directory::sign_up_invited(documents, context, stamp, wanted, invite, made);
  }
  directory::SignedUp with_workspace;
  auto change = directory::sign_up(documents, context, stamp, wanted, &with_workspace);
  *made = with_workspace.in;
  return change;
}

/// Hashes the password and makes the account. It needs no letter where none are sent.
void make_account(const CallPtr& call, const NewAccount& account, WorkspaceId invited_to) {
  on_worker<std::string>(
      call,
      [&hasher = call->core.services.passwords, password = account.password] {
        return hasher.hash(*password);
      },
      [call, account, invited_to](const std::string& hash) {
        directory::SignUp complete = account.wanted;
        complete.password_hash = hash;
        const auto locks =
            invited_to.set() ? std::vector<Uuid>{invited_to} : std::vector<Uuid>{};
        change_store<SignedIn>(
            call, locks,
            [complete, invite = account.invite, stamp = stamp_of(call),
             waits = call->core.options.needs_verification](
                auto& documents, const auto& context, auto* made) -> Result<store::Change> {
              auto change = account_of(documents, context, stamp, complete, invite, made);
              return waits ? without_session(std::move(change)) : std::move(change);
            },
            [call](const SignedIn& in) {
              mail_to(call, directory::MailPurpose::kVerifyAddress, in.user.id);
              if (!call->core.options.needs_verification) return send_session(call, in, 201);
              call->send({.status = 202, .body = {}});
            });
      });
}

/// What the operator does to somebody's account.
using AccountChange = Result<store::Change> (*)(store::Documents& documents,
                                                const directory::Context& context, UserId user);
void change_account(const CallPtr& call, AccountChange work) {
  const auto user = id_param<UserId>(call, "user", "user");
  if (!user) return;
  change_store<Unit>(
      call, {Uuid(*user)},
      [user = *user, work](auto& documents, const auto& context, auto*) {
        return work(documents, context, user);
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

}  // namespace

namespace handle {

void sign_up(const CallPtr& call) {
  auto body = read_body(call, new_account_in);
  if (!body) return;
  if (body->invite.empty() && !call->core.options.sign_up_is_open) {
    return call->fail(Code::kForbidden, "Signing up is closed here: it takes an invite.");
  }
  // The try is not given back: making accounts costs a hash each.
  if (!may_try(call, body->wanted.email)) return;
  if (body->invite.empty()) return make_account(call, *body, WorkspaceId{});
  read_documents<directory::ShownInvite>(
      call, store::DocumentScope::all(),
      [invite = body->invite, &services = call->core.services](store::Documents& documents) {
        return directory::show_invite(documents, services.hasher, invite, services.clock.now());
      },
      [call, body = *body](const directory::ShownInvite& shown) {
        make_account(call, body, shown.workspace.id);
      });
}

void sign_in(const CallPtr& call) {
  struct Body {
    std::string email;
    Password password;
  };
  auto body = read_body(call, [](edge::BodyReader& in) {
    Body out{in.required_text("email", 254), password_in(in, "password")};
    // What is no address is nobody's; the answer is that for a wrong password.
    out.email = tenancy::check_email(out.email).ok() ? *tenancy::check_email(out.email) : "";
    return out;
  });
  if (!body || !may_try(call, body->email)) return;
  using Found = std::optional<User>;
  read_documents<Found>(
      call, store::DocumentScope::all(),
      [email = body->email](store::Documents& documents) -> Result<Found> {
        if (email.empty()) return Found();
        return directory::find_user_of(documents, email);
      },
      [call, email = body->email, password = body->password](const Found& user) {
        on_worker<Checked>(
            call,
            [&hasher = call->core.services.passwords, password, user] {
              return check(hasher, *password, user);
            },
            [call, email, user](const Checked& checked) {
              if (!checked.is_right) {
                note_failure(call, "password", user ? user->id : UserId{});
                return call->fail(wrong_password());
              }
              give_back_try(call, email);
              if (call->core.options.needs_verification && !user->verified.set()) {
                mail_to(call, directory::MailPurpose::kVerifyAddress, user->id);
                return call->fail(Code::kForbidden,
                                  "Verify your address first: a letter has been sent to it.");
              }
              change_store<SignedIn>(
                  call, {Uuid(user->id)},
                  [user, checked, stamp = stamp_of(call), old = replaced_session(call)](
                      auto& documents, const auto& context, auto* made) {
                    return directory::replacing_session(
                        documents, old,
                        directory::sign_in(documents, context, stamp, *user, checked.new_hash,
                                           made));
                  },
                  [call](const SignedIn& in) { send_session(call, in, 200); });
            });
      });
}

void sign_out(const CallPtr& call) {
  const auto user = tenancy::user_of(call->principal).value_or(UserId{});
  change_store<Unit>(
      call, {Uuid(user)},
      [](auto& documents, const auto& context, auto*) {
        return directory::sign_out(documents, context);
      },
      [call](Unit) {
        call->send({.status = 204, .body = {}, .headers = no_session_cookie()});
      });
}

void show_session(const CallPtr& call) {
  with_sessions(call, [call](const User& user, const Sessions& sessions) {
    for (const directory::Session& session : sessions) {
      if (!is_current(call, session)) continue;
      return call->send_json(session_json(call, user, call->credential, session.expires));
    }
    call->fail(Code::kNotFound, "There is no session.");
  });
}

void list_sessions(const CallPtr& call) {
  with_sessions(call, [call](const User&, const Sessions& sessions) {
    std::vector<std::string> items;
    for (const directory::Session& session : sessions) {
      json::Writer out;
      out.begin_object()
          .member("id", session.id.to_string())
          .member("address", session.address)
          .member("created_at", to_rfc3339(session.created))
          .member("expires_at", to_rfc3339(session.expires))
          .member("current", is_current(call, session));
      items.push_back(out.end_object().take());
    }
    call->send_json(page_json(items, {}));
  });
}

void revoke_session(const CallPtr& call) {
  const auto session = id_param<SessionId>(call, "session", "session");
  if (!session) return;
  change_store<Unit>(
      call, {Uuid(tenancy::user_of(call->principal).value_or(UserId{}))},
      [session = *session](auto& documents, const auto& context, auto*) {
        return directory::revoke_session(documents, context, session);
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

void show_self(const CallPtr& call) {
  if (std::holds_alternative<tenancy::Operator>(call->principal)) {
    return call->send_json(R"({"operator":true})");
  }
  if (!tenancy::user_of(call->principal)->set()) return call->send_json(R"({"operator":true})");
  with_user(call, [call](const User& user) { call->send_json(user_json(user)); });
}

void change_self(const CallPtr& call) {
  auto name = read_body(call, [](edge::BodyReader& in) {
    return checked(in, "name", in.required_text("name", 400),
                   [](const auto& text) { return tenancy::check_display_name(text); });
  });
  if (!name) return;
  change_store<Unit>(
      call, {Uuid(tenancy::user_of(call->principal).value_or(UserId{}))},
      [name = *name](auto& documents, const auto& context, auto*) {
        return directory::change_name(documents, context, name);
      },
      [call](Unit) { with_user(call, [call](const User& u) { call->send_json(user_json(u)); }); });
}

void change_password(const CallPtr& call) {
  struct Body {
    Password old_one, new_one;
  };
  auto body = read_body(call, [](edge::BodyReader& in) {
    return Body{password_in(in, "current_password"), password_in(in, "new_password")};
  });
  if (!body) return;
  with_user(call, [call, body = *body](const User& user) {
    const std::vector<std::string> own = {user.email, user.name};
    const Status fit = tenancy::check_password(body.new_one->reveal(), {own, {}});
    if (!fit) {
      return call->fail(edge::invalid(
          {{.code = fit.error().code,
            .step = {},
            .pointer = "/new_password",
            .message = "new_password " + fit.error().message}}));
    }
    if (!may_try(call, user.email)) return;
    on_worker<Checked>(
        call,
        [&hasher = call->core.services.passwords, body, user]() -> Result<Checked> {
          auto found = check(hasher, *body.old_one, user);
          if (!found || !found->is_right) return found;
          auto hash = hasher.hash(*body.new_one);
          if (!hash) return hash.error();
          found->new_hash = *std::move(hash);
          return found;
        },
        [call, user](const Checked& checked) {
          if (!checked.is_right) {
            note_failure(call, "change of password", user.id);
            return call->fail(wrong_password());
          }
          give_back_try(call, user.email);
          change_store<Unit>(
              call, {Uuid(user.id)},
              [user, checked](auto& documents, const auto& context, auto*) {
                return directory::change_password(documents, context, user, checked.new_hash);
              },
              [call](Unit) { call->send({.status = 204, .body = {}}); });
        });
  });
}

void disable_account(const CallPtr& call) {
  change_account(call, directory::disable_account);
}

void enable_account(const CallPtr& call) { change_account(call, directory::enable_account); }

}  // namespace handle
}  // namespace troupe::http
