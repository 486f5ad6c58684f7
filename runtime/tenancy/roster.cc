#include "runtime/tenancy/roster.h"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::tenancy {
namespace {

constexpr std::array<std::string_view, 5> kInviteStates = {"pending", "accepted", "rejected",
                                                           "cancelled", "expired"};

Error conflict(std::string why) { return {Code::kConflict, std::move(why), {}}; }
Error no_member() { return {Code::kNotFound, "There is no such member.", {}}; }
Error no_seat() { return {Code::kLimitExceeded, "All seats of the workspace are taken.", {}}; }
Error owners_only() { return {Code::kForbidden, "Only an owner may decide who is an owner.", {}}; }

bool is_active(const Member& member) { return member.state == MemberState::kActive; }

bool is_overdue(const Invite& invite, TimePoint now) {
  return invite.state == InviteState::kPending && invite.expires <= now;
}
bool is_pending(const Invite& invite, TimePoint now) {
  return invite.state == InviteState::kPending && !is_overdue(invite, now);
}

const Member* find_member(const Roster& roster, UserId user) {
  const auto it = std::find_if(roster.members.begin(), roster.members.end(),
                               [&](const Member& member) { return member.user == user; });
  return it == roster.members.end() ? nullptr : &*it;
}

/// The one who is asked about; kNotFound also for one who was removed.
Result<Member> present(const Roster& roster, UserId user) {
  const Member* member = find_member(roster, user);
  if (member == nullptr || member->state == MemberState::kRemoved) return no_member();
  return *member;
}

bool has_room(const Roster& roster, std::size_t more, TimePoint now) {
  return !roster.seats_max || seats_taken(roster, now) + more <= *roster.seats_max;
}

bool owns(const Member& member) { return is_active(member) && is_owner(member.role); }

/// Whether `changed` would end the last one's ownership. A workspace that the operator set up may
/// have had no owner yet, and is not held up by that.
bool ends_ownership(const Roster& roster, const Member& changed) {
  const Member* before = find_member(roster, changed.user);
  if (before == nullptr || !owns(*before) || owns(changed)) return false;
  return std::none_of(roster.members.begin(), roster.members.end(), [&](const Member& other) {
    return other.user != changed.user && owns(other);
  });
}

Result<RosterChange> changed_to(const Roster& roster, const Member& member) {
  if (ends_ownership(roster, member)) return conflict("The workspace needs an active owner.");
  return RosterChange{{member}, {}};
}

bool may_decide(const Actor& by, WorkspaceRole over) {
  return !is_owner(over) || is_owner(by.role);
}

/// A pending invite that this address may answer.
Result<Invite> answerable(const Roster& roster, InviteId id, TimePoint now) {
  const auto it = std::find_if(roster.invites.begin(), roster.invites.end(),
                               [&](const Invite& invite) { return invite.id == id; });
  if (it == roster.invites.end()) return {Code::kNotFound, "There is no such invite."};
  if (is_overdue(*it, now)) return conflict("The invite has expired.");
  if (it->state != InviteState::kPending) {
    return conflict("The invite was " + std::string(name(it->state)) + " already.");
  }
  return *it;
}

Result<RosterChange> decided(Invite invite, InviteState state, TimePoint now) {
  invite.state = state;
  invite.decided = now;
  return RosterChange{{}, {std::move(invite)}};
}

bool is_invited(const Roster& roster, const std::string& email, TimePoint now) {
  return std::any_of(roster.invites.begin(), roster.invites.end(), [&](const Invite& invite) {
    return invite.email == email && is_pending(invite, now);
  });
}

/// Why an address cannot be invited, or nothing.
std::string obstacle(const Roster& roster, const std::string& email, TimePoint now) {
  for (const Member& member : roster.members) {
    if (member.email != email || member.state == MemberState::kRemoved) continue;
    return is_active(member) ? "is a member already." : "is a deactivated member: reactivate it.";
  }
  return is_invited(roster, email, now) ? "has a pending invite." : "";
}

Status check_addresses(const Roster& roster, std::span<const NewInvite> wanted, TimePoint now) {
  Error error{Code::kConflict, "Some of these addresses cannot be invited.", {}};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string& email = wanted[i].email;
    const std::string pointer = "/invites/" + std::to_string(i) + "/email";
    const auto before = wanted.first(i);
    const bool is_twice = std::any_of(before.begin(), before.end(),
                                      [&](const NewInvite& other) { return other.email == email; });
    if (is_twice) {
      return Error{Code::kValidationFailed,
                   "An address comes twice.",
                   {{Code::kInvalidField, {}, pointer, "comes twice."}}};
    }
    if (std::string why = obstacle(roster, email, now); !why.empty()) {
      error.issues.push_back({Code::kConflict, {}, pointer, std::move(why)});
    }
  }
  if (!error.issues.empty()) return error;
  return ok();
}

}  // namespace

std::string_view name(InviteState state) { return kInviteStates[static_cast<std::size_t>(state)]; }

std::optional<InviteState> parse_invite_state(std::string_view name) {
  const auto it = std::find(kInviteStates.begin(), kInviteStates.end(), name);
  if (it == kInviteStates.end()) return std::nullopt;
  return static_cast<InviteState>(it - kInviteStates.begin());
}

std::size_t seats_taken(const Roster& roster, TimePoint now) {
  return static_cast<std::size_t>(
      std::count_if(roster.members.begin(), roster.members.end(), is_active) +
      std::count_if(roster.invites.begin(), roster.invites.end(),
                    [&](const Invite& invite) { return is_pending(invite, now); }));
}

void apply(Roster& roster, const RosterChange& change) {
  const auto put = [](auto& rows, const auto& row, auto key) {
    for (auto& present : rows) {
      if (present.*key != row.*key) continue;
      present = row;
      return;
    }
    rows.push_back(row);
  };
  for (const Member& row : change.members) put(roster.members, row, &Member::user);
  for (const Invite& row : change.invites) put(roster.invites, row, &Invite::id);
}

Actor actor_of(const Principal& principal, const Grant& grant) {
  TROUPE_ENSURE(grant.workspace_role().has_value());
  return {user_of(principal).value_or(UserId()), *grant.workspace_role()};
}

Member founder(UserId user, std::string email, TimePoint now) {
  return {user, std::move(email), WorkspaceRole::kOwner, MemberState::kActive, now};
}

Result<RosterChange> invite(const Roster& roster,
                            const Actor& by,
                            std::span<const NewInvite> wanted,
                            TimePoint now) {
  if (wanted.empty() || wanted.size() > kInvitesAtOnce) {
    return {Code::kValidationFailed,
            "Between 1 and " + std::to_string(kInvitesAtOnce) + " can be invited at once."};
  }
  for (const NewInvite& one : wanted) {
    if (!may_decide(by, one.role)) return owners_only();
  }
  if (Status fit = check_addresses(roster, wanted, now); !fit.ok()) return fit.error();
  if (!has_room(roster, wanted.size(), now)) return no_seat();
  // An overdue invite must not stand as pending beside the new one of its address.
  RosterChange change = expire(roster, now);
  for (const NewInvite& one : wanted) {
    change.invites.push_back({one.id, one.email, one.role, InviteState::kPending, by.user, now,
                              now + kInviteLife, TimePoint{}});
  }
  return change;
}

Result<RosterChange> accept(
    const Roster& roster, InviteId id, UserId user, std::string_view email, TimePoint now) {
  Result<Invite> invite = answerable(roster, id, now);
  if (!invite.ok()) return invite.error();
  if (invite->email != email) return {Code::kForbidden, "The invite is for another address."};
  const Member* before = find_member(roster, user);
  if (before != nullptr && before->state != MemberState::kRemoved) {
    return conflict("You are a member already.");
  }
  // No look at the seats: the invite has held one.
  const WorkspaceRole role = invite->role;
  Result<RosterChange> change = decided(*std::move(invite), InviteState::kAccepted, now);
  change->members.push_back({user, std::string(email), role, MemberState::kActive, now});
  return change;
}

Result<RosterChange> reject(const Roster& roster,
                            InviteId id,
                            std::string_view email,
                            TimePoint now) {
  Result<Invite> invite = answerable(roster, id, now);
  if (!invite.ok()) return invite.error();
  if (invite->email != email) return {Code::kForbidden, "The invite is for another address."};
  return decided(*std::move(invite), InviteState::kRejected, now);
}

Result<RosterChange> cancel(const Roster& roster, InviteId id, TimePoint now) {
  Result<Invite> invite = answerable(roster, id, now);
  if (!invite.ok()) return invite.error();
  return decided(*std::move(invite), InviteState::kCancelled, now);
}

RosterChange expire(const Roster& roster, TimePoint now) {
  RosterChange change;
  for (const Invite& invite : roster.invites) {
    if (!is_overdue(invite, now)) continue;
    change.invites.push_back(invite);
    change.invites.back().state = InviteState::kExpired;
    change.invites.back().decided = now;
  }
  return change;
}

Result<RosterChange> change_role(const Roster& roster,
                                 const Actor& by,
                                 UserId user,
                                 WorkspaceRole role) {
  Result<Member> member = present(roster, user);
  if (!member.ok()) return member.error();
  if (member->role == role) return RosterChange{};
  if (!may_decide(by, member->role) || !may_decide(by, role)) return owners_only();
  member->role = role;
  return changed_to(roster, *member);
}

Result<RosterChange> deactivate(const Roster& roster, const Actor& by, UserId user, TimePoint now) {
  Result<Member> member = present(roster, user);
  if (!member.ok()) return member.error();
  if (!is_active(*member)) return RosterChange{};
  if (!may_decide(by, member->role)) return owners_only();
  member->state = MemberState::kDeactivated;
  member->since = now;
  return changed_to(roster, *member);
}

Result<RosterChange> reactivate(const Roster& roster, const Actor& by, UserId user, TimePoint now) {
  const Member* known = find_member(roster, user);
  if (known == nullptr) return no_member();
  if (known->state == MemberState::kRemoved) return conflict("The member was removed.");
  if (is_active(*known)) return RosterChange{};
  if (!may_decide(by, known->role)) return owners_only();
  if (!has_room(roster, 1, now)) return no_seat();
  Member member = *known;
  member.state = MemberState::kActive;
  member.since = now;
  return changed_to(roster, member);
}

Result<RosterChange> remove(const Roster& roster, const Actor& by, UserId user, TimePoint now) {
  const Member* known = find_member(roster, user);
  if (known == nullptr) return no_member();
  if (known->state == MemberState::kRemoved) return RosterChange{};
  if (!may_decide(by, known->role)) return owners_only();
  Member member = *known;
  member.state = MemberState::kRemoved;
  member.since = now;
  return changed_to(roster, member);
}

Result<RosterChange> take_back(
    const Roster& roster, const Actor& by, UserId user, WorkspaceRole role, TimePoint now) {
  const Member* known = find_member(roster, user);
  if (known == nullptr) return no_member();
  if (known->state == MemberState::kDeactivated) return conflict("The member is deactivated.");
  if (is_active(*known)) return RosterChange{};
  if (!may_decide(by, role)) return owners_only();
  if (is_invited(roster, known->email, now)) return conflict("The member has a pending invite.");
  if (!has_room(roster, 1, now)) return no_seat();
  Member member = *known;
  member.role = role;
  member.state = MemberState::kActive;
  member.since = now;
  return changed_to(roster, member);
}

Result<RosterChange> leave(const Roster& roster,
                           UserId user,
                           std::size_t workspaces,
                           TimePoint now) {
  Result<Member> member = present(roster, user);
  if (!member.ok()) return member.error();
  if (!is_active(*member)) return no_member();
  if (workspaces <= 1) return conflict("This is your last workspace.");
  member->state = MemberState::kRemoved;
  member->since = now;
  return changed_to(roster, *member);
}

}  // namespace troupe::tenancy
