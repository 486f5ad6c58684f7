#include "runtime/directory/sign_in.h"

#include <utility>

#include "runtime/directory/members.h"
#include "runtime/directory/workspaces.h"
#include "runtime/tenancy/token_text.h"

namespace troupe::directory {
namespace {

using store::Change;
using store::DocumentKind;
using tenancy::Permission;

Error stale() { return {Code::kUnauthorized, "The e-mail address or the password is wrong.", {}}; }

/// Puts a new session of the user into the change.
SignedIn begin_session(const Context& context, const Stamp& stamp, const User& user,
                       Change& change) {
  SignedIn made;
  made.user = user;
  made.session = SessionId(context.new_id());
  made.token = tenancy::make_token(tenancy::TokenKind::kSession, context.entropy);
  made.expires = context.now + stamp.session_life;
  change.put.push_back(encode(Session{.id = made.session,
                                      .user = user.id,
                                      .key = secret_key(context.hasher, made.token),
                                      .address = context.address,
                                      .created = context.now,
                                      .expires = made.expires}));
  return made;
}

/// kConflict if there is an account of the address already.
Result<User> new_user(store::Documents& documents, const Context& context, const SignUp& wanted) {
  const auto known = find_user_of(documents, wanted.email);
  if (!known) return known.error();
  if (*known) {
    return Error{Code::kConflict, "There is an account of this e-mail address already.", {}};
  }
  return User{.id = UserId(context.new_id()),
              .email = wanted.email,
              .name = wanted.name,
              .password_hash = wanted.password_hash,
              .created = context.now,
              .verified = wanted.address_is_proven ? context.now : TimePoint{}};
}

/// The user as he is now, if his password still is what was found right.
Result<User> same_user(store::Documents& documents, const User& user) {
  auto found = find_user(documents, user.id);
  if (!found) return found.error();
  if (!*found || (*found)->password_hash != user.password_hash) return stale();
  return **std::move(found);
}

Result<User> some_user(store::Documents& documents, UserId id) {
  auto found = find_user(documents, id);
  if (!found) return found.error();
  if (!*found) return Error{Code::kNotFound, "There is no such user.", {}};
  return **std::move(found);
}

std::string target_of(UserId user) { return "user:" + user.to_string(); }

Result<UserId> user_asking(const Context& context) {
  const auto user = tenancy::user_of(context.by);
  if (user && user->set()) return *user;
  return Error{Code::kForbidden, "This is about a user, and no user asks.", {}};
}

}  // namespace

Result<Change> sign_up(store::Documents& documents, const Context& context, const Stamp& stamp,
                       const SignUp& wanted, SignedUp* made) {
  const auto user = new_user(documents, context, wanted);
  if (!user) return user.error();
  auto change = found_workspace(documents, context, stamp.product_code,
                                {wanted.workspace_slug, wanted.workspace_name}, &*user,
                                &made->workspace);
  if (!change) return change;
  change->put.push_back(encode(*user));
  made->in = begin_session(context, stamp, *user, *change);
  change->audit.push_back(
      context.line(made->workspace.id, Permission::kSignUp, target_of(user->id)));
  return change;
}

Result<Change> sign_up_invited(store::Documents& documents, const Context& context,
                               const Stamp& stamp, const SignUp& wanted, std::string_view invite,
                               SignedIn* made) {
  const auto user = new_user(documents, context, wanted);
  if (!user) return user.error();
  auto change = answer_invite(documents, context, invite, *user, true);
  if (!change) return change;
  change->put.push_back(encode(*user));
  *made = begin_session(context, stamp, *user, *change);
  return change;
}

Result<Change> sign_in(store::Documents& documents, const Context& context, const Stamp& stamp,
                       const User& user, const std::string& new_hash, SignedIn* made) {
  auto current = same_user(documents, user);
  if (!current) return current.error();
  if (Status enabled = check_enabled(*current); !enabled) return enabled.error();
  const auto sessions = sessions_of(documents, user.id);
  if (!sessions) return sessions.error();
  Change change;
  for (std::size_t i = kSessionsMax - 1; i < sessions->size(); ++i) {
    change.removed.push_back({DocumentKind::kSession, (*sessions)[i].id});
  }
  if (!new_hash.empty()) {
    current->password_hash = new_hash;
    change.put.push_back(encode(*current));
  }
  *made = begin_session(context, stamp, *current, change);
  change.audit.push_back(context.line({}, Permission::kSignIn, target_of(user.id)));
  return change;
}

Result<Change> replacing_session(store::Documents& documents, std::string_view key,
                                 Result<Change> change) {
  if (!change || key.empty()) return change;
  const auto old = documents.find_by_key(DocumentKind::kSession, {}, {}, key);
  if (!old) return old.error();
  if (*old) change->removed.push_back({DocumentKind::kSession, (*old)->id});
  return change;
}

Result<Change> sign_out(store::Documents&, const Context& context) {
  const auto* session = std::get_if<tenancy::SessionUser>(&context.by);
  if (session == nullptr) return Error{Code::kForbidden, "There is no session to end.", {}};
  Change change;
  change.removed.push_back({DocumentKind::kSession, session->session});
  change.audit.push_back(context.line({}, Permission::kSessionRevoke,
                                      "session:" + session->session.to_string()));
  return change;
}

Status end_attempts(store::Documents& documents, UserId user, Change& change) {
  const auto attempts = documents.all({DocumentKind::kSignInAttempt, {}, {}, Uuid(user)});
  if (!attempts) return attempts.error();
  for (const auto& attempt : *attempts) {
    change.removed.push_back({DocumentKind::kSignInAttempt, attempt.id});
  }
  const auto letters = documents.all({DocumentKind::kMailToken, {}, {}, Uuid(user)});
  if (!letters) return letters.error();
  for (const auto& letter : *letters) {
    change.removed.push_back({DocumentKind::kMailToken, letter.id});
  }
  return ok();
}

Result<Change> change_password(store::Documents& documents, const Context& context,
                               const User& user, const std::string& new_hash) {
  auto current = same_user(documents, user);
  if (!current) return current.error();
  const auto sessions = sessions_of(documents, user.id);
  if (!sessions) return sessions.error();
  Change change;
  if (Status ended = end_attempts(documents, user.id, change); !ended) return ended.error();
  current->password_hash = new_hash;
  change.put.push_back(encode(*current));
  const auto* own = std::get_if<tenancy::SessionUser>(&context.by);
  for (const Session& session : *sessions) {
    const bool is_own = own != nullptr && own->session == session.id;
    if (!is_own) change.removed.push_back({DocumentKind::kSession, session.id});
  }
  change.audit.push_back(
      context.line({}, Permission::kSelfChange, target_of(user.id), {"password"}));
  return change;
}

Result<Change> change_name(store::Documents& documents, const Context& context,
                           const std::string& name) {
  const auto id = user_asking(context);
  if (!id) return id.error();
  auto user = find_user(documents, *id);
  if (!user) return user.error();
  if (!*user) return stale();
  (*user)->name = name;
  Change change;
  change.put.push_back(encode(**user));
  change.audit.push_back(context.line({}, Permission::kSelfChange, target_of(*id), {"name"}));
  return change;
}

Status check_enabled(const User& user) {
  if (!user.disabled.set()) return ok();
  return {Code::kForbidden, "This account is disabled: ask whoever runs this installation."};
}

Result<Change> disable_account(store::Documents& documents, const Context& context, UserId user) {
  auto found = some_user(documents, user);
  if (!found) return found.error();
  Change change;
  if (Status ended = end_attempts(documents, user, change); !ended) return ended.error();
  for (const DocumentKind kind : {DocumentKind::kSession, DocumentKind::kAccessToken}) {
    const auto credentials = documents.all({kind, {}, {}, Uuid(user)});
    if (!credentials) return credentials.error();
    for (const auto& credential : *credentials) change.removed.push_back({kind, credential.id});
  }
  if (!found->disabled.set()) found->disabled = context.now;
  change.put.push_back(encode(*found));
  change.audit.push_back(
      context.line({}, Permission::kUserDisable, target_of(user), {"disabled"}));
  return change;
}

Result<Change> enable_account(store::Documents& documents, const Context& context, UserId user) {
  auto found = some_user(documents, user);
  if (!found) return found.error();
  found->disabled = {};
  Change change;
  change.put.push_back(encode(*found));
  change.audit.push_back(
      context.line({}, Permission::kUserDisable, target_of(user), {"enabled"}));
  return change;
}

Result<std::vector<Session>> sessions_of(store::Documents& documents, UserId user) {
  return decode_all(documents.all({DocumentKind::kSession, {}, {}, Uuid(user)}), decode_session);
}

Result<Change> revoke_session(store::Documents& documents, const Context& context,
                              SessionId session) {
  const auto user = user_asking(context);
  if (!user) return user.error();
  const auto found = documents.find(DocumentKind::kSession, session);
  if (!found) return found.error();
  if (!*found || (*found)->owner != Uuid(*user)) {
    return Error{Code::kNotFound, "There is no such session.", {}};
  }
  Change change;
  if (Status ended = end_attempts(documents, *user, change); !ended) return ended.error();
  change.removed.push_back({DocumentKind::kSession, session});
  change.audit.push_back(
      context.line({}, Permission::kSessionRevoke, "session:" + session.to_string()));
  return change;
}

}  // namespace troupe::directory
