// Whatever is asked for in whatever order: what has to hold of a roster holds.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "runtime/base/random.h"
#include "runtime/tenancy/roster.h"
#include "tests/runtime/tenancy/places.h"

namespace troupe::tenancy {
namespace {

constexpr std::size_t kPeople = 8;

UserId person(std::size_t i) { return UserId{Uuid{3, i + 1}}; }
std::string email_of(std::size_t i) { return "p" + std::to_string(i) + "@x.org"; }

class Machine {
 public:
  explicit Machine(std::uint64_t seed) : random_(seed) {
    roster_.seats_max = 3 + random_.below(4);
    roster_.members.push_back(founder(person(0), email_of(0), now_));
  }

  /// Asks for anything, and carries out what is granted.
  void step() {
    now_ = now_ + seconds(static_cast<std::int64_t>(random_.below(2 * 24 * 3600)));
    before_ = roster_;
    const auto [kind, change] = ask();
    if (!change.ok()) return;
    if (!change->empty()) ++granted_[kind];
    apply(roster_, *change);
  }

  void check() const {
    EXPECT_TRUE(std::any_of(roster_.members.begin(), roster_.members.end(), [](const Member& m) {
      return m.state == MemberState::kActive && is_owner(m.role);
    })) << "no owner";
    EXPECT_LE(seats_taken(roster_, now_), *roster_.seats_max);
    std::set<std::string> pending;
    std::set<UserId> users;
    std::set<InviteId> ids;
    for (const Member& member : roster_.members) EXPECT_TRUE(users.insert(member.user).second);
    for (const Invite& invite : roster_.invites) {
      EXPECT_TRUE(ids.insert(invite.id).second);
      EXPECT_EQ(invite.state == InviteState::kPending, !invite.decided.set());
      if (invite.state != InviteState::kPending) continue;
      EXPECT_TRUE(pending.insert(invite.email).second) << "two pending for " << invite.email;
    }
    check_invites_end_once();
  }
  const std::map<std::string, std::size_t>& granted() const { return granted_; }

 private:
  void check_invites_end_once() const {
    for (const Invite& invite : before_.invites) {
      const auto it = std::find_if(roster_.invites.begin(), roster_.invites.end(),
                                   [&](const Invite& later) { return later.id == invite.id; });
      ASSERT_NE(it, roster_.invites.end());
      if (invite.state != InviteState::kPending) {
        EXPECT_EQ(*it, invite);
      }
    }
  }

  /// An invite, rather a pending one.
  InviteId some_invite() {
    InviteId id;
    for (int tries = 0; tries < 6 && !roster_.invites.empty(); ++tries) {
      const Invite& invite = roster_.invites[random_.below(roster_.invites.size())];
      id = invite.id;
      if (invite.state == InviteState::kPending) break;
    }
    return id;
  }
  /// Whose address it has, or somebody.
  std::size_t some_person(InviteId id) {
    for (const Invite& invite : roster_.invites) {
      for (std::size_t i = 0; i < kPeople; ++i) {
        if (invite.id == id && invite.email == email_of(i) && random_.below(3) > 0) return i;
      }
    }
    return random_.below(kPeople);
  }
  WorkspaceRole some_role() { return static_cast<WorkspaceRole>(random_.below(3)); }

  std::pair<std::string, Result<RosterChange>> ask() {
    const UserId user = person(random_.below(kPeople));
    const InviteId id = some_invite();
    const std::size_t who = some_person(id);
    const Actor by{person(random_.below(kPeople)), some_role()};
    switch (random_.below(10)) {
      case 0:
      case 1:
        return {"invite", invite_some(by)};
      case 2:
        return {"accept", accept(roster_, id, person(who), email_of(who), now_)};
      case 3:
        return {"reject", reject(roster_, id, email_of(who), now_)};
      case 4:
        return {"cancel", cancel(roster_, id, now_)};
      case 5:
        return {"change_role", change_role(roster_, by, user, some_role())};
      case 6:
        return {"deactivate", deactivate(roster_, by, user, now_)};
      case 7:
        return {"reactivate", reactivate(roster_, by, user, now_)};
      case 8:
        if (random_.below(2) == 0) return {"remove", remove(roster_, by, user, now_)};
        return {"leave", leave(roster_, user, 1 + random_.below(3), now_)};
      default:
        if (random_.below(2) == 0) return {"expire", expire(roster_, now_)};
        return {"take_back", take_back(roster_, by, user, some_role(), now_)};
    }
  }

  Result<RosterChange> invite_some(const Actor& by) {
    std::vector<NewInvite> wanted;
    const std::size_t count = 1 + random_.below(2);
    for (std::size_t i = 0; i < count; ++i) {
      wanted.push_back(
          {InviteId{Uuid{6, ++invites_made_}}, email_of(random_.below(kPeople)), some_role()});
    }
    return invite(roster_, by, wanted, now_);
  }

  Random random_;
  Roster roster_;
  Roster before_;
  TimePoint now_ = kNow;
  std::uint64_t invites_made_ = 0;
  std::map<std::string, std::size_t> granted_;
};

TEST(RosterMachine, NeverWithoutOwnerNorOverItsSeatsNorTwiceInvited) {
  std::map<std::string, std::size_t> granted;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Machine machine(seed);
    for (int step = 0; step < 300; ++step) {
      machine.step();
      machine.check();
      ASSERT_FALSE(::testing::Test::HasFailure()) << "step " << step;
    }
    for (const auto& [kind, times] : machine.granted()) granted[kind] += times;
  }
  for (const char* kind : {"invite", "accept", "reject", "cancel", "expire", "change_role",
                           "deactivate", "reactivate", "remove", "leave", "take_back"}) {
    EXPECT_GT(granted[kind], 100u) << kind << " has hardly been tried";
  }
}

}  // namespace
}  // namespace troupe::tenancy
