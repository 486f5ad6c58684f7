#pragma once

#include <optional>
#include <variant>

#include "runtime/base/result.h"
#include "runtime/base/uuid.h"
#include "runtime/tenancy/token_scope.h"

namespace troupe {

using UserId = Id<struct UserTag>;
using SessionId = Id<struct SessionTag>;
using TokenId = Id<struct TokenTag>;
using InviteId = Id<struct InviteTag>;

}  // namespace troupe

namespace troupe::tenancy {

/// The one place that a token can be bound to: a workspace, or one project of it.
struct Binding {
  WorkspaceId workspace;
  std::optional<ProjectId> project;
  bool operator==(const Binding&) const = default;
};

/// What a personal access token may at most. Beside it counts what its owner may.
struct TokenLimits {
  Scopes scopes;
  TimePoint expires;  ///< from here on it is none; unset: never
  std::optional<Binding> binding;
  bool operator==(const TokenLimits&) const = default;
};

/// No valid credential came with the request.
struct Nobody {};
/// Whoever runs the installation: the owner token of the data directory. No user, and in each
/// workspace what an owner is.
struct Operator {};
/// A user who signed in.
struct SessionUser {
  UserId user;
  SessionId session;
};
/// A program of a user's, or of the operator's: then in each workspace what an owner is, as far as
/// its limits let it, and nothing to the installation.
struct TokenUser {
  UserId user;  ///< unset: the operator's
  TokenId token;
  TokenLimits limits;
};

/// Who asks, as the credential alone says it. Whoever makes one has looked up that the credential
/// exists and has not been revoked.
using Principal = std::variant<Nobody, Operator, SessionUser, TokenUser>;

/// Nothing for those who are no user.
std::optional<UserId> user_of(const Principal& principal);

/// Where the principal acts if the request does not say; nothing: where the request says. A request
/// that says otherwise is refused by `authorise`.
std::optional<Binding> binding_of(const Principal& principal);

/// Whether `by` may make a token with these limits. A token begets only lesser ones, or it would be
/// a way around its own limits. kForbidden; kValidationFailed for limits of which no token can be:
/// no scope, over before it begins.
Status check_new_token(const Principal& by, const TokenLimits& wanted, TimePoint now);

}  // namespace troupe::tenancy
