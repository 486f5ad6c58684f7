#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/directory/records.h"

namespace troupe::directory {

inline constexpr std::size_t kTokensMax = 200;  ///< of one user, or of the operator

/// A token as it is asked for. Of the operator's: it acts as an owner of every workspace, as far as
/// its scopes and its binding let it.
struct NewToken {
  std::string name;
  tenancy::TokenLimits limits;
};
struct MadeToken {
  AccessToken token;
  std::string text;  ///< shown this once
};
/// Locks: the user. kForbidden: more than the caller himself may (`check_new_token`). kNotFound:
/// bound to a place that is not there for him. kUnauthorized: what he asks with has ended
/// meanwhile. kLimitExceeded: he has `kTokensMax`.
Result<store::Change> create_token(store::Documents& documents,
                                   const Context& context,
                                   const NewToken& wanted,
                                   MadeToken* made);
/// Newest first; those that have expired are not among them.
Result<std::vector<AccessToken>> tokens_of(store::Documents& documents, UserId user, TimePoint now);
/// Of the caller's own; a token ends only itself and what it could have made (kForbidden).
/// kNotFound. Locks: the user.
Result<store::Change> revoke_token(store::Documents& documents,
                                   const Context& context,
                                   TokenId token);

/// What an administrator sees: tokens of a workspace's members that are bound to it.
Result<std::vector<AccessToken>> member_tokens(store::Documents& documents,
                                               WorkspaceId workspace,
                                               TimePoint now);
/// kNotFound for any other. Locks: the workspace.
Result<store::Change> revoke_member_token(store::Documents& documents,
                                          const Context& context,
                                          WorkspaceId workspace,
                                          TokenId token);

}  // namespace troupe::directory
