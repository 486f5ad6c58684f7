#pragma once

#include <string>

#include "runtime/directory/records.h"

namespace troupe::directory {

inline constexpr std::size_t kSessionsMax = 100;  ///< of one user: the oldest ends

/// Where a new workspace gets what its maker may not choose.
struct Stamp {
  std::string product_code;
  Duration session_life;
};

/// Somebody who signs up: a user, a workspace of his, and a session. All texts are as the checks of
/// runtime/tenancy give them; the password is hashed already.
struct SignUp {
  std::string email;
  std::string name;
  std::string password_hash;
  std::string workspace_slug;
  std::string workspace_name;
  bool address_is_proven = false;  ///< somebody who is trusted says that it is his
};
struct SignedIn {
  User user;
  SessionId session;
  std::string token;  ///< of the session; shown this once
  TimePoint expires;
};
struct SignedUp {
  SignedIn in;
  store::Workspace workspace;
};
/// Locks: none; what is taken is kConflict.
Result<store::Change> sign_up(store::Documents& documents,
                              const Context& context,
                              const Stamp& stamp,
                              const SignUp& wanted,
                              SignedUp* made);

/// The same by somebody who holds an invite to his address: he becomes a member there and gets no
/// workspace of his own. Locks: the workspace that `show_invite` tells. kNotFound, and kForbidden
/// for another address than the invite's.
Result<store::Change> sign_up_invited(store::Documents& documents,
                                      const Context& context,
                                      const Stamp& stamp,
                                      const SignUp& wanted,
                                      std::string_view invite,
                                      SignedIn* made);

/// A session for a user whose password has been found right. Locks: the user.
/// kUnauthorized if there is no such user any more, or the hash is another one by now.
/// `new_hash`: to be stored instead, if not empty.
Result<store::Change> sign_in(store::Documents& documents,
                              const Context& context,
                              const Stamp& stamp,
                              const User& user,
                              const std::string& new_hash,
                              SignedIn* made);

/// A change that signs somebody in, and with it the end of the session that his browser had,
/// whoever's it was. `key`: `secret_key` of its token; empty: it had none.
Result<store::Change> replacing_session(store::Documents& documents,
                                        std::string_view key,
                                        Result<store::Change> change);

/// Ends the caller's session. Locks: the user.
Result<store::Change> sign_out(store::Documents& documents, const Context& context);

/// Locks: the user. Every other session of his ends. kUnauthorized as for `sign_in`.
Result<store::Change> change_password(store::Documents& documents,
                                      const Context& context,
                                      const User& user,
                                      const std::string& new_hash);
/// Locks: the user.
Result<store::Change> change_name(store::Documents& documents,
                                  const Context& context,
                                  const std::string& name);

/// What the user has under way elsewhere comes to nothing, be it at an identity provider or by a
/// letter: who began it may be the one whose session ends. Inside a change of the user.
Status end_attempts(store::Documents& documents, UserId user, store::Change& change);

/// Puts a user out everywhere: his sessions, tokens and whatever he has under way end, and nobody
/// comes in as him, until he is let in again. What he has made and his memberships stay. Locks: the
/// user. kNotFound.
Result<store::Change> disable_account(store::Documents& documents,
                                      const Context& context,
                                      UserId user);
/// Locks: the user. kNotFound.
Result<store::Change> enable_account(store::Documents& documents,
                                     const Context& context,
                                     UserId user);
/// kForbidden for a user who has been put out.
Status check_enabled(const User& user);

/// Newest first.
Result<std::vector<Session>> sessions_of(store::Documents& documents, UserId user);
/// Of the caller's own. kNotFound. Locks: the user.
Result<store::Change> revoke_session(store::Documents& documents,
                                     const Context& context,
                                     SessionId session);

}  // namespace troupe::directory
