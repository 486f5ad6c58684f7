// Whatever is asked for in whatever order: what has to hold of what is stored holds.
#include <algorithm>
#include <map>
#include <set>

#include "runtime/directory/members.h"
#include "runtime/directory/projects.h"
#include "tests/runtime/directory/house.h"

namespace troupe::directory {
namespace {

using store::DocumentKind;
using tenancy::InviteState;
using tenancy::MemberState;
using tenancy::Permission;
using tenancy::Roster;
using tenancy::WorkspaceRole;

constexpr std::size_t kPeople = 6;
constexpr int kSteps = 400;

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : house_(seed), random_(seed) {
    for (std::size_t i = 0; i < kPeople; ++i) {
      people_.push_back(house_.sign_up("p" + std::to_string(i)));
      lines_[people_.back().workspace.id] = 1;
    }
    here_ = people_[0].workspace.id;
    seats_ = static_cast<std::uint32_t>(2 + random_.below(4));
    const Status limited = house_.change(tenancy::Operator{}, [&](auto& inside, const auto& by) {
      store::Workspace changed;
      return change_workspace(inside, by, here_, {.name = {}, .seats_max = std::optional(seats_)},
                              &changed);
    });
    EXPECT_TRUE(limited.ok());
    ++lines_[here_];
  }

  void step() {
    house_.now = house_.now + seconds(static_cast<std::int64_t>(random_.below(90'000)));
    house_.last = {};
    const auto [what, done] = ask();
    if (!done) return;
    if (!house_.last.empty()) ++granted_[what];
    for (const store::AuditLine& line : house_.last.audit) ++lines_[line.workspace];
  }

  void check() {
    const auto roster = roster_of(house_.documents(), here_);
    ASSERT_TRUE(roster.ok());
    EXPECT_TRUE(std::any_of(roster->members.begin(), roster->members.end(), [](const auto& m) {
      return m.state == MemberState::kActive && tenancy::is_owner(m.role);
    })) << "no owner";
    EXPECT_LE(tenancy::seats_taken(*roster, house_.now), seats_);
    std::set<UserId> users;
    std::map<UserId, MemberState> states;
    for (const auto& member : roster->members) {
      EXPECT_TRUE(users.insert(member.user).second);
      states[member.user] = member.state;
    }
    check_invites();
    check_what_members_hold(states);
  }
  /// The logs have an entry for each change, and their chains hold.
  void check_logs() {
    for (const auto& [workspace, count] : lines_) {
      EXPECT_EQ(house_.log(workspace).size(), count) << workspace.to_string();
    }
  }
  const std::map<std::string, int>& granted() const { return granted_; }

 private:
  void check_invites() {
    const auto invites = invites_of(house_.documents(), here_);
    ASSERT_TRUE(invites.ok());
    std::set<std::string> pending;
    for (const auto& invite : *invites) {
      EXPECT_EQ(invite.state == InviteState::kPending, !invite.decided.set());
      if (invite.state == InviteState::kPending) {
        EXPECT_TRUE(pending.insert(invite.email).second) << "two pending for " << invite.email;
      }
      // Whatever its text was answered with once, it is answered with for good.
      if (invite.state == InviteState::kPending && house_.now < invite.expires) continue;
      for (const auto& [text, id] : texts_) {
        if (id == invite.id) {
          EXPECT_FALSE(show_invite(house_.documents(), house_.hasher, text, house_.now).ok());
        }
      }
    }
  }

  void check_what_members_hold(const std::map<UserId, MemberState>& states) {
    const auto roles = house_.documents().all({DocumentKind::kProjectMember, here_, {}, {}});
    ASSERT_TRUE(roles.ok());
    for (const auto& role : *roles) {
      const auto state = states.find(UserId(role.owner));
      ASSERT_NE(state, states.end());
      EXPECT_NE(state->second, MemberState::kRemoved) << "a role of somebody who was removed";
    }
    for (const SignedUp& person : people_) {
      const auto state = states.find(person.in.user.id);
      const bool is_removed = state == states.end() || state->second == MemberState::kRemoved;
      const bool is_active = !is_removed && state->second == MemberState::kActive;
      EXPECT_EQ(house_.may(as_user(person), "p0", "", Permission::kWorkspaceRead).ok(), is_active);
      const auto tokens = tokens_of(house_.documents(), person.in.user.id, house_.now);
      ASSERT_TRUE(tokens.ok());
      for (const AccessToken& token : *tokens) {
        const bool may = house_.may(as_token(token), "", "", Permission::kRunRead).ok();
        EXPECT_EQ(may, is_active);
        EXPECT_FALSE(is_removed) << "a bound token of somebody who was removed";
      }
    }
  }

  /// Sessions end as time goes by; here it is about what the user is.
  static tenancy::Principal as_user(const SignedUp& person) { return as_session(person.in); }
  const SignedUp& somebody() { return people_[random_.below(kPeople)]; }
  WorkspaceRole some_role() { return static_cast<WorkspaceRole>(random_.below(3)); }

  using Decision =
      std::function<Result<tenancy::RosterChange>(const Roster&, const tenancy::Actor&)>;
  Status decide(const Decision& decision) {
    const SignedUp& by = somebody();
    const tenancy::Actor actor{by.in.user.id, some_role()};
    return house_.change(as_user(by), [&](auto& inside, const auto& context) {
      return change_roster(
          inside, context, here_, [&](const Roster& roster) { return decision(roster, actor); },
          context.line(here_, Permission::kMemberChange, "user"));
    });
  }

  std::pair<std::string, Status> ask() {
    const UserId user = somebody().in.user.id;
    const WorkspaceRole role = some_role();
    switch (random_.below(12)) {
      case 0:
      case 1:
        return {"invite", invite()};
      case 2:
      case 3:
        return {"answer", answer()};
      case 4:
        return {"cancel", cancel()};
      case 5:
        return {"role", decide([&](const Roster& roster, const auto& by) {
                  return tenancy::change_role(roster, by, user, role);
                })};
      case 6:
        return {"state", decide([&](const Roster& roster, const auto& by) {
                  return role == WorkspaceRole::kMember
                             ? tenancy::deactivate(roster, by, user, house_.now)
                             : tenancy::reactivate(roster, by, user, house_.now);
                })};
      case 7:
        return {"remove", decide([&](const Roster& roster, const auto& by) {
                  return tenancy::remove(roster, by, user, house_.now);
                })};
      case 8:
        return {"take_back", decide([&](const Roster& roster, const auto& by) {
                  return tenancy::take_back(roster, by, user, role, house_.now);
                })};
      case 9:
        return {"leave", leave()};
      case 10:
        return {"project_role", change_role_in_project()};
      default:
        return {"token", make_bound_token()};
    }
  }

  Status invite() {
    const SignedUp& by = somebody();
    const std::string email = somebody().in.user.email;
    const WorkspaceRole role = some_role();
    const auto made = house_.change<MadeInvites>(
        as_user(by), [&](auto& inside, const auto& context, MadeInvites* out) {
          return create_invites(inside, context, here_, {by.in.user.id, WorkspaceRole::kOwner},
                                {{email, role}}, out);
        });
    if (!made) return made.error();
    texts_.emplace_back(made->tokens[0], made->invites[0].id);
    return ok();
  }
  Status answer() {
    if (texts_.empty()) return Error{Code::kNotFound, "none", {}};
    // Rather a late one, by whom it is for.
    const std::size_t late = std::min<std::size_t>(texts_.size(), 3);
    const std::string text = texts_[texts_.size() - 1 - random_.below(late)].first;
    const auto shown = show_invite(house_.documents(), house_.hasher, text, house_.now);
    const SignedUp* who = &somebody();
    for (const SignedUp& person : people_) {
      const bool is_it = shown && shown->invite.email == person.in.user.email;
      if (is_it && random_.below(4) > 0) who = &person;
    }
    const bool accepts = random_.below(4) > 0;
    return house_.change(as_user(*who), [&](auto& inside, const auto& context) {
      return answer_invite(inside, context, text, who->in.user, accepts);
    });
  }
  Status cancel() {
    if (texts_.empty()) return Error{Code::kNotFound, "none", {}};
    const InviteId id = texts_[random_.below(texts_.size())].second;
    return decide(
        [&](const Roster& roster, const auto&) { return tenancy::cancel(roster, id, house_.now); });
  }
  Status leave() {
    const SignedUp& who = somebody();
    return house_.change(as_user(who), [&](auto& inside, const auto& context) {
      return leave_workspace(inside, context, here_, who.in.user.id);
    });
  }
  Status change_role_in_project() {
    const SignedUp& who = somebody();
    const ProjectId project = house_.documents().projects_of(here_)->front().id;
    const auto role = random_.below(3) == 0
                          ? std::nullopt
                          : std::optional(static_cast<tenancy::ProjectRole>(random_.below(3)));
    return house_.change(as_user(who), [&](auto& inside, const auto& context) {
      return change_project_role(inside, context, here_, project, who.in.user.id, role);
    });
  }
  Status make_bound_token() {
    // Signs in anew first: a token is made only by a session that goes on.
    const SignedUp& who = somebody();
    const auto in = house_.change<SignedIn>(
        tenancy::Nobody{}, [&](auto& inside, const auto& context, SignedIn* made) {
          return sign_in(inside, context, kStamp, who.in.user, "", made);
        });
    EXPECT_TRUE(in.ok());
    ++lines_[WorkspaceId{}];
    house_.last = {};
    const auto token = house_.make_token(
        as_session(*in), {.scopes = {tenancy::Scope::kWorkflowRead, tenancy::Scope::kWorkflowRun},
                          .expires = house_.now + kDay,
                          .binding = tenancy::Binding{here_, {}}});
    return token ? ok() : Status(token.error());
  }

  House house_;
  Random random_;
  std::vector<SignedUp> people_;
  WorkspaceId here_;
  std::uint32_t seats_ = 0;
  std::vector<std::pair<std::string, InviteId>> texts_;
  std::map<WorkspaceId, std::size_t> lines_;
  std::map<std::string, int> granted_;
};

TEST(DirectoryWalk, WhatHasToHoldHoldsAfterEveryChange) {
  std::map<std::string, int> granted;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Walk walk(seed);
    for (int i = 0; i < kSteps && !testing::Test::HasFailure(); ++i) {
      walk.step();
      walk.check();
    }
    walk.check_logs();
    if (testing::Test::HasFailure()) return;
    for (const auto& [what, count] : walk.granted()) granted[what] += count;
  }
  for (const char* what : {"invite", "answer", "cancel", "role", "state", "remove", "take_back",
                           "leave", "project_role", "token"}) {
    EXPECT_GT(granted[what], 20) << what << " was hardly ever granted: the walk shows little of it";
  }
}

}  // namespace
}  // namespace troupe::directory
