#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/directory/sign_in.h"
#include "runtime/port/identity_provider.h"

namespace troupe::directory {

// Users who sign in at an identity provider. One is known by issuer and subject alone: an address
// may go from one person to another. An account that is there already is never joined with an
// identity because of its address: whoever made it may only have claimed that address, and would
// then share an account with its true owner. Its user connects the two himself.

/// How long a user may be at the provider.
inline constexpr Duration kAttemptLife = seconds(600);
inline constexpr std::size_t kReturnToBytesMax = 512;
inline constexpr std::size_t kIdentitiesMax = 20;  ///< of one user

/// "/runs?x=1": a path of this server, which leads a browser nowhere else. kInvalidField.
Result<std::string> check_return_to(std::string_view text);

/// What somebody wants who goes to the provider.
struct AttemptWanted {
  UserId user;            ///< connects an identity of his; unset: signs in
  std::string return_to;  ///< or empty
  std::string workspace;  ///< slug for a new account's; or empty
  std::string invite;     ///< token of one for a new account; or empty
};
/// The two secrets of an attempt: what goes to the provider and back, and the browser's cookie,
/// which has the invite in it as well.
struct MadeAttempt {
  std::string state;
  std::string cookie;
};
/// Locks: none.
Result<store::Change> begin_attempt(store::Documents& documents,
                                    const Context& context,
                                    const AttemptWanted& wanted,
                                    MadeAttempt* made);

/// The attempt of the user who has come back, which counts this once. kUnauthorized if there is
/// none, it is over, or another browser began it. Locks: `attempt_id`.
Result<store::Change> take_attempt(store::Documents& documents,
                                   const Context& context,
                                   std::string_view state,
                                   std::string_view cookie,
                                   SignInAttempt* taken);
/// Found by its state alone, of which the store has only this.
Uuid attempt_id(const Hasher& hasher, std::string_view state);

/// What goes to the provider with an attempt; the same texts whenever they are asked for.
ProviderAttempt provider_attempt(const Hasher& hasher,
                                 const MadeAttempt& attempt,
                                 std::string redirect_uri);
/// The invite in a cookie; empty: there is none.
std::string_view invite_in(std::string_view cookie);

/// The user who is known by this identity; unset: nobody yet.
Result<UserId> find_by_identity(store::Documents& documents,
                                const Hasher& hasher,
                                const ProvenIdentity& proven);

/// Whom an identity is of that nobody is known by yet.
struct NewAccountRules {
  bool sign_up_is_open = false;
  std::string invite;     ///< token; empty: none
  std::string workspace;  ///< slug; empty: one is made up
};
/// A session for the identity's user, or for a new one by the rules of signing up. Locks: the user,
/// the workspace of the invite. kForbidden: the provider has not verified the address, or signing
/// up is closed. kConflict: the address is that of an account already.
Result<store::Change> sign_in_by_identity(store::Documents& documents,
                                          const Context& context,
                                          const Stamp& stamp,
                                          const ProvenIdentity& proven,
                                          const NewAccountRules& rules,
                                          SignedIn* made);

/// Locks: the user. kConflict if somebody is known by it already; kLimitExceeded.
Result<store::Change> connect_identity(store::Documents& documents,
                                       const Context& context,
                                       const ProvenIdentity& proven,
                                       UserId user);
/// Newest first.
Result<std::vector<Identity>> identities_of(store::Documents& documents, UserId user);
/// One of the caller's own. Locks: the user. kNotFound; kConflict: it is the only way in.
Result<store::Change> disconnect_identity(store::Documents& documents,
                                          const Context& context,
                                          Uuid identity);

}  // namespace troupe::directory
