#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/tenancy/authorise.h"
#include "runtime/tenancy/principal.h"
#include "runtime/tenancy/role.h"

namespace troupe::tenancy {

// Who belongs to a workspace, and what becomes of that. Each decision takes the whole roster as it
// is, under whatever lock the store has for it, and gives the rows that are to be different, or why
// not. What always holds of a roster that these decisions alone have changed:
// - once it had an owner, one active member at least is an owner;
// - active members and pending invites are no more than the seats, unless the seats became fewer;
// - an e-mail address has one pending invite at most.

struct Member {
  UserId user;
  std::string email;  ///< as `check_email` gives it
  WorkspaceRole role = WorkspaceRole::kMember;
  MemberState state = MemberState::kActive;
  TimePoint since;  ///< of the state
  bool operator==(const Member&) const = default;
};

/// Every state but the first is the last one.
enum class InviteState : std::uint8_t { kPending, kAccepted, kRejected, kCancelled, kExpired };
std::string_view name(InviteState state);
std::optional<InviteState> parse_invite_state(std::string_view name);

struct Invite {
  InviteId id;
  std::string email;
  WorkspaceRole role = WorkspaceRole::kMember;
  InviteState state = InviteState::kPending;
  UserId invited_by;  ///< unset: the operator
  TimePoint created;
  TimePoint expires;
  TimePoint decided;  ///< unset while pending
  bool operator==(const Invite&) const = default;
};

struct Roster {
  std::vector<Member> members;  ///< one per user, removed ones included
  std::vector<Invite> invites;  ///< pending ones at least
  std::optional<std::uint32_t> seats_max;
};
/// Active members, and invites that are pending and not overdue.
std::size_t seats_taken(const Roster& roster, TimePoint now);

/// Rows as they are to be. Nothing in it: all is as it was asked to be already.
struct RosterChange {
  std::vector<Member> members;
  std::vector<Invite> invites;
  bool empty() const { return members.empty() && invites.empty(); }
};
/// What a store does with a change: replaces rows of the same user or id, adds the others.
void apply(Roster& roster, const RosterChange& change);

/// Who decides. An owner's membership is for owners alone to give and take.
struct Actor {
  UserId user;  ///< unset: the operator
  WorkspaceRole role = WorkspaceRole::kMember;
};
/// As the grant for a permission of the workspace says it.
Actor actor_of(const Principal& principal, const Grant& grant);

/// The first owner, when a workspace is made.
Member founder(UserId user, std::string email, TimePoint now);

// ---- invites ------------------------------------------------------------------------------------

inline constexpr std::size_t kInvitesAtOnce = 50;
inline constexpr Duration kInviteLife = seconds(604'800);  ///< a week

struct NewInvite {
  InviteId id;
  std::string email;  ///< as `check_email` gives it
  WorkspaceRole role = WorkspaceRole::kMember;
};
/// All of them or none. kValidationFailed: there are none or more than 50, or an address comes
/// twice. kConflict, with an issue at each "/invites/<index>/email": is a member, or invited.
/// kLimitExceeded: too few seats. kForbidden: an invite to be owner, by somebody who is none.
Result<RosterChange> invite(const Roster& roster,
                            const Actor& by,
                            std::span<const NewInvite> wanted,
                            TimePoint now);

// kNotFound: there is no such invite. kConflict: it is not pending any more, or overdue.

/// By a user who holds the invite's token and has proved that `email` is his: kForbidden if it is
/// for another address. A member who was removed becomes one again.
Result<RosterChange> accept(
    const Roster& roster, InviteId id, UserId user, std::string_view email, TimePoint now);
Result<RosterChange> reject(const Roster& roster,
                            InviteId id,
                            std::string_view email,
                            TimePoint now);
Result<RosterChange> cancel(const Roster& roster, InviteId id, TimePoint now);
/// Whatever is overdue. Nothing waits for it: what is overdue counts as expired.
RosterChange expire(const Roster& roster, TimePoint now);

// ---- members ------------------------------------------------------------------------------------

// kNotFound: is no member. kForbidden: about an owner, or to make one, by somebody who is none.
// kConflict: it is the last active owner. The effect is immediate: `authorise` gives a
// member who is not active nothing.

Result<RosterChange> change_role(const Roster& roster,
                                 const Actor& by,
                                 UserId user,
                                 WorkspaceRole role);
/// Roles and content stay, for `reactivate`.
Result<RosterChange> deactivate(const Roster& roster, const Actor& by, UserId user, TimePoint now);
/// kLimitExceeded: no seat is free. kConflict for one who was removed.
Result<RosterChange> reactivate(const Roster& roster, const Actor& by, UserId user, TimePoint now);
/// Explicit roles in projects end with it (`project_roster.h`).
Result<RosterChange> remove(const Roster& roster, const Actor& by, UserId user, TimePoint now);
/// Takes somebody who was removed back, in this role. kLimitExceeded; kConflict for one who is
/// deactivated, or has a pending invite.
Result<RosterChange> take_back(
    const Roster& roster, const Actor& by, UserId user, WorkspaceRole role, TimePoint now);
/// By the member himself, who is an active one of `workspaces` workspaces, this one included.
/// kConflict for the last of them: everybody has one.
Result<RosterChange> leave(const Roster& roster,
                           UserId user,
                           std::size_t workspaces,
                           TimePoint now);

}  // namespace troupe::tenancy
