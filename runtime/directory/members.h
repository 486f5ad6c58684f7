#pragma once

#include <functional>
#include <string>

#include "runtime/directory/records.h"

namespace troupe::directory {

/// Decides by the roster as it is; a function of runtime/tenancy/roster.h with its other arguments.
using RosterDecision = std::function<Result<tenancy::RosterChange>(const tenancy::Roster& roster)>;

/// A change of who belongs to a workspace: rows of members and invites, and the roles in projects
/// and bound tokens that end with them. Locks: the workspace, and the user where he leaves.
Result<store::Change> change_roster(store::Documents& documents,
                                    const Context& context,
                                    WorkspaceId workspace,
                                    const RosterDecision& decide,
                                    const store::AuditLine& line);

/// The caller leaves. Locks: the workspace and the user.
Result<store::Change> leave_workspace(store::Documents& documents,
                                      const Context& context,
                                      WorkspaceId workspace,
                                      UserId user);

/// New invites and the texts that go to their addresses, in order.
struct MadeInvites {
  std::vector<tenancy::Invite> invites;
  std::vector<std::string> tokens;  ///< shown this once
  std::string workspace_slug;
};
inline constexpr std::size_t kInvitesMax = 2000;  ///< of one workspace, those of the last month
/// As `tenancy::invite`; kLimitExceeded also for more than `kInvitesMax`. Locks: the workspace.
Result<store::Change> create_invites(store::Documents& documents,
                                     const Context& context,
                                     WorkspaceId workspace,
                                     const tenancy::Actor& by,
                                     const std::vector<std::pair<std::string,
                                                                 tenancy::WorkspaceRole>>& wanted,
                                     MadeInvites* made);
/// Every invite of a workspace, newest first.
Result<std::vector<tenancy::Invite>> invites_of(store::Documents& documents,
                                                WorkspaceId workspace);

/// Whom a token invites where. kNotFound for a text that is no pending invite's.
struct ShownInvite {
  tenancy::Invite invite;
  store::Workspace workspace;
};
Result<ShownInvite> show_invite(store::Documents& documents,
                                const Hasher& hasher,
                                std::string_view token,
                                TimePoint now);
/// The answer of a user who holds the token. Locks: the workspace (`show_invite` tells which).
Result<store::Change> answer_invite(store::Documents& documents,
                                    const Context& context,
                                    std::string_view token,
                                    const User& user,
                                    bool accepts);

}  // namespace troupe::directory
