#pragma once

#include <optional>
#include <utility>

#include "runtime/tenancy/authorise.h"

namespace troupe::tenancy {

// A workspace with a project, another one of each, and callers to ask about them.

inline const WorkspaceId kHere{Uuid{1, 1}};
inline const WorkspaceId kElsewhere{Uuid{1, 2}};
inline const ProjectId kProject{Uuid{2, 1}};
inline const ProjectId kOtherProject{Uuid{2, 2}};
inline const UserId kAda{Uuid{3, 1}};
inline const UserId kBob{Uuid{3, 2}};
inline const UserId kCem{Uuid{3, 3}};
inline constexpr TimePoint kNow{1'700'000'000'000'000};

inline Principal session() { return SessionUser{kAda, SessionId{Uuid{4, 1}}}; }
inline Principal token(TokenLimits limits) {
  return TokenUser{kAda, TokenId{Uuid{5, 1}}, std::move(limits)};
}
inline Scopes all_scopes() {
  Scopes scopes;
  for (std::size_t i = 0; i < kScopeNames.size(); ++i) scopes.add(static_cast<Scope>(i));
  return scopes;
}

inline WorkspaceStanding here_as(std::optional<WorkspaceRole> role,
                                 MemberState state = MemberState::kActive) {
  if (!role) return {kHere, std::nullopt};
  return {kHere, Membership{*role, state}};
}
inline ProjectStanding project_as(bool is_private, std::optional<ProjectRole> given = {}) {
  return {kProject, kHere, is_private, given};
}

}  // namespace troupe::tenancy
