#include "runtime/tenancy/roster.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/runtime/tenancy/places.h"

namespace troupe::tenancy {
namespace {

using enum WorkspaceRole;
using enum MemberState;

const Actor kByOwner{kAda, kOwner};
const Actor kByAdmin{kBob, WorkspaceRole::kAdmin};
const InviteId kInvite{Uuid{6, 1}};
constexpr TimePoint kThen = kNow + seconds(3600);

Member member(UserId user, std::string email, WorkspaceRole role, MemberState state = kActive) {
  return {user, std::move(email), role, state, kNow};
}
/// Ada owns it, Bob is an admin, Cem a member.
Roster three() {
  return {{member(kAda, "ada@x.org", kOwner), member(kBob, "bob@x.org", WorkspaceRole::kAdmin),
           member(kCem, "cem@x.org", kMember)},
          {},
          {}};
}
Invite pending(std::string email, WorkspaceRole role = kMember) {
  return {kInvite, std::move(email),   role, InviteState::kPending, kAda,
          kNow,    kNow + kInviteLife, {}};
}
Roster three_and(Invite invite) {
  Roster roster = three();
  roster.invites.push_back(std::move(invite));
  return roster;
}

std::string found(const Result<RosterChange>& change) {
  if (!change.ok()) return std::string(info(change.error().code).name);
  if (change->empty()) return "nothing";
  std::string text;
  for (const Member& row : change->members) {
    text += row.email + " " + std::string(is_owner(row.role) ? "owner" : name(row.role)) + " " +
            std::string(name(row.state)) + " ";
  }
  for (const Invite& row : change->invites) {
    text += row.email + " " + std::string(name(row.state)) + " ";
  }
  text.pop_back();
  return text;
}

struct Row {
  std::string what;
  std::function<Result<RosterChange>()> decide;
  std::string want;
};
void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) EXPECT_EQ(found(row.decide()), row.want) << row.what;
}

TEST(Roster, OnlyAnOwnerDecidesWhoIsAnOwner) {
  const Roster roster = three();
  const auto to = [&](const Actor& by, UserId user, WorkspaceRole role) {
    return [&roster, by, user, role] { return change_role(roster, by, user, role); };
  };
  check({
      {"admin makes an admin", to(kByAdmin, kCem, WorkspaceRole::kAdmin),
       "cem@x.org tenant_admin active"},
      {"admin makes an owner", to(kByAdmin, kCem, kOwner), "forbidden"},
      {"admin makes himself one", to(kByAdmin, kBob, kOwner), "forbidden"},
      {"admin unmakes an owner", to(kByAdmin, kAda, kMember), "forbidden"},
      {"owner makes an owner", to(kByOwner, kBob, kOwner), "bob@x.org owner active"},
      {"operator makes an owner", to({{}, kOwner}, kCem, kOwner), "cem@x.org owner active"},
      {"what he is already", to(kByAdmin, kAda, kOwner), "nothing"},
      {"the last owner steps down", to(kByOwner, kAda, kMember), "conflict"},
      {"a stranger", to(kByOwner, UserId{Uuid{9, 9}}, kMember), "not_found"},
      {"deactivates an owner", [&] { return deactivate(roster, kByAdmin, kAda, kThen); },
       "forbidden"},
      {"removes an owner", [&] { return remove(roster, kByAdmin, kAda, kThen); }, "forbidden"},
  });
}

TEST(Roster, TheLastActiveOwnerStays) {
  Roster roster = three();
  check({
      {"deactivate", [&] { return deactivate(roster, kByOwner, kAda, kThen); }, "conflict"},
      {"remove", [&] { return remove(roster, kByOwner, kAda, kThen); }, "conflict"},
      {"leave", [&] { return leave(roster, kAda, 2, kThen); }, "conflict"},
  });
  roster.members[1].role = kOwner;
  roster.members[1].state = kDeactivated;
  check({{"the other one is deactivated", [&] { return leave(roster, kAda, 2, kThen); },
          "conflict"}});
  roster.members[1].state = kActive;
  check({
      {"there is another one", [&] { return leave(roster, kAda, 2, kThen); },
       "ada@x.org owner removed"},
      {"he steps down", [&] { return change_role(roster, kByOwner, kAda, kMember); },
       "ada@x.org tenant_member active"},
  });
  roster.members.erase(roster.members.begin(), roster.members.begin() + 2);
  check({{"there never was one",
          [&] {
            return deactivate(roster, {{}, kOwner}, kCem, kThen);
          },
          "cem@x.org tenant_member deactivated"}});
}

TEST(Roster, MembersPauseComeBackGoAndAreTakenBack) {
  Roster roster = three();
  Member& cem = roster.members[2];
  check({
      {"deactivate", [&] { return deactivate(roster, kByAdmin, kCem, kThen); },
       "cem@x.org tenant_member deactivated"},
      {"reactivate an active one", [&] { return reactivate(roster, kByAdmin, kCem, kThen); },
       "nothing"},
      {"take back an active one", [&] { return take_back(roster, kByAdmin, kCem, kMember, kThen); },
       "nothing"},
      {"leave", [&] { return leave(roster, kCem, 2, kThen); }, "cem@x.org tenant_member removed"},
      {"leave the last workspace", [&] { return leave(roster, kCem, 1, kThen); }, "conflict"},
  });
  cem.state = kDeactivated;
  check({
      {"deactivate twice", [&] { return deactivate(roster, kByAdmin, kCem, kThen); }, "nothing"},
      {"reactivate", [&] { return reactivate(roster, kByAdmin, kCem, kThen); },
       "cem@x.org tenant_member active"},
      {"take back", [&] { return take_back(roster, kByAdmin, kCem, kMember, kThen); }, "conflict"},
      {"leave", [&] { return leave(roster, kCem, 2, kThen); }, "not_found"},
      {"remove", [&] { return remove(roster, kByAdmin, kCem, kThen); },
       "cem@x.org tenant_member removed"},
  });
  cem.state = kRemoved;
  check({
      {"remove twice", [&] { return remove(roster, kByAdmin, kCem, kThen); }, "nothing"},
      {"deactivate", [&] { return deactivate(roster, kByAdmin, kCem, kThen); }, "not_found"},
      {"reactivate", [&] { return reactivate(roster, kByAdmin, kCem, kThen); }, "conflict"},
      {"role", [&] { return change_role(roster, kByAdmin, kCem, kMember); }, "not_found"},
      {"take back, as more",
       [&] { return take_back(roster, kByAdmin, kCem, WorkspaceRole::kAdmin, kThen); },
       "cem@x.org tenant_admin active"},
      {"take back as owner", [&] { return take_back(roster, kByAdmin, kCem, kOwner, kThen); },
       "forbidden"},
  });
  EXPECT_EQ(take_back(roster, kByAdmin, kCem, kMember, kThen)->members[0].since, kThen);
}

TEST(Roster, SeatsAreMembersAndPendingInvites) {
  Roster roster = three_and(pending("dan@x.org"));
  roster.members.push_back(member(UserId{Uuid{3, 4}}, "eve@x.org", kMember, kDeactivated));
  EXPECT_EQ(seats_taken(roster, kNow), 4u);
  const UserId eve = roster.members.back().user;
  const NewInvite one{InviteId{Uuid{6, 2}}, "fay@x.org", kMember};
  const auto ask = [&](TimePoint now) { return invite(roster, kByAdmin, {&one, 1}, now); };
  roster.seats_max = 4;
  check({
      {"invite", [&] { return ask(kNow); }, "limit_exceeded"},
      {"reactivate", [&] { return reactivate(roster, kByAdmin, eve, kNow); }, "limit_exceeded"},
      {"accept", [&] { return accept(roster, kInvite, eve, "dan@x.org", kNow); }, "conflict"},
      {"an overdue one gives its seat back", [&] { return ask(kNow + kInviteLife); },
       "dan@x.org expired fay@x.org pending"},
  });
  roster.members[3].state = kRemoved;
  check({
      {"take back", [&] { return take_back(roster, kByAdmin, eve, kMember, kNow); },
       "limit_exceeded"},
      {"accept: the invite had the seat",
       [&] { return accept(roster, kInvite, eve, "dan@x.org", kNow); },
       "dan@x.org tenant_member active dan@x.org accepted"},
  });
  roster.seats_max = 5;
  check({
      {"one seat more", [&] { return ask(kNow); }, "fay@x.org pending"},
      {"take back", [&] { return take_back(roster, kByAdmin, eve, kMember, kNow); },
       "eve@x.org tenant_member active"},
  });
}

TEST(Roster, TwentyInvitesForOneSeatGiveOne) {
  Roster roster = three();
  roster.seats_max = 4;
  std::size_t won = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    const NewInvite one{InviteId{Uuid{7, i}}, "u" + std::to_string(i) + "@x.org", kMember};
    if (const auto change = invite(roster, kByAdmin, {&one, 1}, kNow); change.ok()) {
      apply(roster, *change);
      ++won;
    }
  }
  EXPECT_EQ(won, 1u);
  EXPECT_EQ(seats_taken(roster, kNow), 4u);
}

std::vector<NewInvite> wanted(std::vector<std::string> emails, WorkspaceRole role = kMember) {
  std::vector<NewInvite> list;
  for (std::string& email : emails) {
    list.push_back({InviteId{Uuid{8, list.size() + 1}}, std::move(email), role});
  }
  return list;
}

TEST(Roster, InvitesAreForAllOfTheListOrForNone) {
  Roster roster = three_and(pending("dan@x.org"));
  roster.members.push_back(member(UserId{Uuid{3, 4}}, "eve@x.org", kMember, kDeactivated));
  roster.members.push_back(member(UserId{Uuid{3, 5}}, "fay@x.org", kMember, kRemoved));
  const auto ask = [&](std::vector<NewInvite> list, const Actor& by = kByAdmin) {
    return [&roster, list, by] { return invite(roster, by, list, kNow); };
  };
  std::vector<std::string> many;
  for (int i = 0; i < 50; ++i) many.push_back("u" + std::to_string(i) + "@x.org");
  EXPECT_EQ(invite(roster, kByAdmin, wanted(many), kNow)->invites.size(), 50u);
  many.push_back("one@more.org");
  check({
      {"nobody", ask({}), "validation_failed"},
      {"51", ask(wanted(many)), "validation_failed"},
      {"two", ask(wanted({"a@x.org", "b@x.org"})), "a@x.org pending b@x.org pending"},
      {"one twice", ask(wanted({"a@x.org", "b@x.org", "a@x.org"})), "validation_failed"},
      {"one who was removed", ask(wanted({"fay@x.org"})), "fay@x.org pending"},
      {"an owner, by an admin", ask(wanted({"a@x.org"}, kOwner)), "forbidden"},
      {"an owner, by an owner", ask(wanted({"a@x.org"}, kOwner), kByOwner), "a@x.org pending"},
  });
  const auto refused =
      invite(roster, kByAdmin, wanted({"a@x.org", "bob@x.org", "dan@x.org", "eve@x.org"}), kNow);
  ASSERT_EQ(found(refused), "conflict");
  ASSERT_EQ(refused.error().issues.size(), 3u);
  EXPECT_EQ(refused.error().issues[0].pointer, "/invites/1/email");
  EXPECT_EQ(refused.error().issues[0].message, "is a member already.");
  EXPECT_EQ(refused.error().issues[1].message, "has a pending invite.");
  EXPECT_EQ(refused.error().issues[2].message, "is a deactivated member: reactivate it.");
}

TEST(Roster, AnInviteIsDecidedOnceAndInTime) {
  const UserId dan{Uuid{3, 6}};
  const TimePoint late = kNow + kInviteLife;
  const TimePoint in_time = late + Duration{-1};
  Roster roster = three_and(pending("dan@x.org", WorkspaceRole::kAdmin));
  check({
      {"accept", [&] { return accept(roster, kInvite, dan, "dan@x.org", in_time); },
       "dan@x.org tenant_admin active dan@x.org accepted"},
      {"reject", [&] { return reject(roster, kInvite, "dan@x.org", in_time); },
       "dan@x.org rejected"},
      {"cancel", [&] { return cancel(roster, kInvite, in_time); }, "dan@x.org cancelled"},
      {"accept another's", [&] { return accept(roster, kInvite, kCem, "cem@x.org", in_time); },
       "forbidden"},
      {"reject another's", [&] { return reject(roster, kInvite, "cem@x.org", in_time); },
       "forbidden"},
      {"accept late", [&] { return accept(roster, kInvite, dan, "dan@x.org", late); }, "conflict"},
      {"reject late", [&] { return reject(roster, kInvite, "dan@x.org", late); }, "conflict"},
      {"cancel late", [&] { return cancel(roster, kInvite, late); }, "conflict"},
      {"one that is none", [&] { return cancel(roster, InviteId{}, in_time); }, "not_found"},
      {"expire in time", [&] { return expire(roster, in_time); }, "nothing"},
      {"expire", [&] { return expire(roster, late); }, "dan@x.org expired"},
  });
  for (const InviteState state : {InviteState::kAccepted, InviteState::kRejected,
                                  InviteState::kCancelled, InviteState::kExpired}) {
    roster.invites[0].state = state;
    EXPECT_EQ(parse_invite_state(name(state)), state);
    check({
        {"accept", [&] { return accept(roster, kInvite, dan, "dan@x.org", in_time); }, "conflict"},
        {"reject", [&] { return reject(roster, kInvite, "dan@x.org", in_time); }, "conflict"},
        {"cancel", [&] { return cancel(roster, kInvite, in_time); }, "conflict"},
    });
  }
}

TEST(Roster, WhoWasRemovedAndAcceptsIsTheSameMemberAgain) {
  Roster roster = three_and(pending("cem@x.org", WorkspaceRole::kAdmin));
  roster.members[2].state = kRemoved;
  check({{"take back beside the invite",
          [&] { return take_back(roster, kByAdmin, kCem, kMember, kNow); }, "conflict"}});
  apply(roster, *accept(roster, kInvite, kCem, "cem@x.org", kThen));
  ASSERT_EQ(roster.members.size(), 3u);
  EXPECT_EQ(roster.members[2], (Member{kCem, "cem@x.org", WorkspaceRole::kAdmin, kActive, kThen}));
  EXPECT_EQ(roster.invites[0].state, InviteState::kAccepted);
  EXPECT_EQ(roster.invites[0].decided, kThen);
}

TEST(Roster, WhoDecidesIsWhoWasGrantedIt) {
  const Standing standing{here_as(WorkspaceRole::kAdmin), {}};
  const Actor admin =
      actor_of(session(), *authorise(session(), standing, Permission::kMemberChange, kNow));
  EXPECT_EQ(admin.user, kAda);
  EXPECT_EQ(admin.role, WorkspaceRole::kAdmin);
  const Principal operated = Operator{};
  const Actor whole =
      actor_of(operated, *authorise(operated, standing, Permission::kMemberChange, kNow));
  EXPECT_FALSE(whole.user.set());
  EXPECT_EQ(whole.role, kOwner);
}

TEST(Roster, AFounderOwnsTheWorkspace) {
  EXPECT_EQ(founder(kAda, "ada@x.org", kNow), member(kAda, "ada@x.org", kOwner));
}

}  // namespace
}  // namespace troupe::tenancy
