// Members and invites of a workspace as they are stored.
#include "runtime/directory/members.h"

#include <algorithm>

#include "runtime/directory/projects.h"
#include "tests/runtime/directory/house.h"

namespace troupe::directory {
namespace {

using tenancy::InviteState;
using tenancy::MemberState;
using tenancy::Operator;
using tenancy::Permission;
using tenancy::Roster;
using tenancy::WorkspaceRole;
using Wanted = std::vector<std::pair<std::string, WorkspaceRole>>;

class MembersTest : public DirectoryTest {
 protected:
  MembersTest() : ada(house.sign_up("ada")), bob(house.sign_up("bob")) {}

  using Decision = std::function<Result<tenancy::RosterChange>(const Roster&)>;
  Status decide(const Decision& decision) {
    return house.change(as_session(ada.in), [&](auto& documents, const auto& context) {
      return change_roster(documents, context, ada.workspace.id, decision,
                           context.line(ada.workspace.id, Permission::kMemberChange, "user"));
    });
  }
  Result<MadeInvites> invite(const Wanted& wanted, WorkspaceRole by = WorkspaceRole::kOwner) {
    return house.change<MadeInvites>(as_session(ada.in),
                                     [&](auto& documents, const auto& context, MadeInvites* made) {
                                       return create_invites(documents, context, ada.workspace.id,
                                                             {ada.in.user.id, by}, wanted, made);
                                     });
  }
  Status answer(const SignedUp& who, const std::string& text, bool accepts) {
    return house.change(as_session(who.in), [&](auto& documents, const auto& context) {
      return answer_invite(documents, context, text, who.in.user, accepts);
    });
  }
  Status leave(const SignedUp& who, WorkspaceId workspace) {
    return house.change(as_session(who.in), [&](auto& documents, const auto& context) {
      return leave_workspace(documents, context, workspace, who.in.user.id);
    });
  }
  Status set_seats(std::optional<std::uint32_t> seats) {
    return house.change(Operator{}, [&](auto& documents, const auto& context) {
      store::Workspace changed;
      return change_workspace(documents, context, ada.workspace.id,
                              {.name = {}, .seats_max = seats}, &changed);
    });
  }
  Result<ShownInvite> show(const std::string& text) {
    return show_invite(house.documents(), house.hasher, text, house.now);
  }
  std::optional<tenancy::Member> member(const SignedUp& who) {
    const auto found =
        find_member(house.documents(), house.hasher, ada.workspace.id, who.in.user.id);
    EXPECT_TRUE(found.ok());
    return found.ok() ? *found : std::nullopt;
  }
  InviteState state_of(InviteId id) {
    const auto all = invites_of(house.documents(), ada.workspace.id);
    const auto found =
        std::find_if(all->begin(), all->end(), [&](const auto& invite) { return invite.id == id; });
    EXPECT_NE(found, all->end());
    return found == all->end() ? InviteState::kCancelled : found->state;
  }
  bool bob_may() {
    return house.may(as_session(bob.in), "ada", "default", Permission::kRunStart).ok();
  }
  tenancy::Actor owner() const { return {ada.in.user.id, WorkspaceRole::kOwner}; }

  const SignedUp ada, bob;
};

TEST_F(MembersTest, WhoIsInvitedCanAcceptWithTheTextAlone) {
  const auto made = invite({{"bob@x.org", WorkspaceRole::kAdmin}});
  ASSERT_TRUE(made.ok());
  ASSERT_EQ(made->tokens.size(), 1u);
  const auto shown = show(made->tokens[0]);
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(shown->workspace.slug, "ada");
  EXPECT_EQ(shown->invite.role, WorkspaceRole::kAdmin);
  EXPECT_EQ(shown->invite.invited_by, ada.in.user.id);
  EXPECT_FALSE(bob_may());
  ASSERT_TRUE(answer(bob, made->tokens[0], true).ok());
  EXPECT_TRUE(bob_may());
  EXPECT_EQ(member(bob)->role, WorkspaceRole::kAdmin);
  EXPECT_EQ(member(bob)->state, MemberState::kActive);
  EXPECT_EQ(state_of(shown->invite.id), InviteState::kAccepted);
  EXPECT_EQ(workspaces_of(house.documents(), bob.in.user.id)->size(), 2u);
  EXPECT_REFUSED(show(made->tokens[0]), kNotFound);
  EXPECT_REFUSED(answer(bob, made->tokens[0], true), kNotFound);
}

TEST_F(MembersTest, TheTextOfAnInviteIsStoredNowhere) {
  const auto made = invite({{"bob@x.org", WorkspaceRole::kMember}});
  for (const store::Document& document : house.last.put) {
    EXPECT_EQ(document.body.find(made->tokens[0]), std::string::npos);
    EXPECT_NE(document.key, made->tokens[0]);
    EXPECT_FALSE(document.key.empty());
  }
  for (const std::string& line : house.log(ada.workspace.id)) {
    EXPECT_EQ(line.find(made->tokens[0]), std::string::npos);
  }
}

TEST_F(MembersTest, AnotherAddressCannotAnswer) {
  const SignedUp cem = house.sign_up("cem");
  const auto made = invite({{"bob@x.org", WorkspaceRole::kMember}});
  EXPECT_REFUSED(answer(cem, made->tokens[0], true), kForbidden);
  EXPECT_REFUSED(answer(cem, made->tokens[0], false), kForbidden);
  EXPECT_FALSE(member(cem));
  EXPECT_REFUSED(answer(bob, house.last_text, true), kNotFound);
  EXPECT_REFUSED(answer(bob, bob.in.token, true), kNotFound);
}

TEST_F(MembersTest, ARejectedInviteIsOver) {
  const auto made = invite({{"bob@x.org", WorkspaceRole::kMember}});
  ASSERT_TRUE(answer(bob, made->tokens[0], false).ok());
  EXPECT_EQ(state_of(made->invites[0].id), InviteState::kRejected);
  EXPECT_REFUSED(answer(bob, made->tokens[0], true), kNotFound);
  EXPECT_FALSE(member(bob));
}

TEST_F(MembersTest, ACancelledInviteIsOver) {
  const auto made = invite({{"bob@x.org", WorkspaceRole::kMember}});
  const auto cancel = [&](InviteId id) {
    return decide([&](const Roster& roster) { return tenancy::cancel(roster, id, house.now); });
  };
  EXPECT_REFUSED(cancel(InviteId(Uuid{9, 9})), kNotFound);
  ASSERT_TRUE(cancel(made->invites[0].id).ok());
  EXPECT_EQ(state_of(made->invites[0].id), InviteState::kCancelled);
  EXPECT_REFUSED(answer(bob, made->tokens[0], true), kNotFound);
}

TEST_F(MembersTest, AnOverdueInviteIsOverAndMakesRoomForAnother) {
  const auto made = invite({{"bob@x.org", WorkspaceRole::kMember}});
  EXPECT_REFUSED(invite({{"bob@x.org", WorkspaceRole::kMember}}), kConflict);
  house.now = made->invites[0].expires;
  EXPECT_REFUSED(show(made->tokens[0]), kNotFound);
  EXPECT_REFUSED(answer(bob, made->tokens[0], true), kNotFound);
  const auto again = invite({{"bob@x.org", WorkspaceRole::kMember}});
  ASSERT_TRUE(again.ok());
  ASSERT_EQ(again->invites.size(), 1u) << "the overdue one is none of those just made";
  EXPECT_EQ(state_of(made->invites[0].id), InviteState::kExpired);
  EXPECT_TRUE(answer(bob, again->tokens[0], true).ok());
}

TEST_F(MembersTest, OverdueInvitesAreNotedOnce) {
  const auto made = invite({{"bob@x.org", WorkspaceRole::kMember}});
  const auto expire = [&] {
    return decide([&](const Roster& roster) { return tenancy::expire(roster, house.now); });
  };
  ASSERT_TRUE(expire().ok());
  EXPECT_TRUE(house.last.empty());
  house.now = made->invites[0].expires;
  ASSERT_TRUE(expire().ok());
  EXPECT_EQ(house.last.put.size(), 1u);
  ASSERT_TRUE(expire().ok());
  EXPECT_TRUE(house.last.empty());
}

TEST_F(MembersTest, AnInviteThatIsOverGoesInTheEnd) {
  const auto made = invite({{"bob@x.org", WorkspaceRole::kMember}});
  ASSERT_TRUE(answer(bob, made->tokens[0], false).ok());
  house.now = house.now + kEndedInviteShown;
  house.sign_up("cem");  // a change, with which what has expired is swept away
  EXPECT_TRUE(invites_of(house.documents(), ada.workspace.id)->empty());
}

TEST_F(MembersTest, SeveralAreInvitedAtOnceOrNoneIs) {
  const auto made =
      invite({{"c@x.org", WorkspaceRole::kMember}, {"d@x.org", WorkspaceRole::kOwner}});
  ASSERT_TRUE(made.ok());
  ASSERT_EQ(made->tokens.size(), 2u);
  EXPECT_EQ(show(made->tokens[0])->invite.email, "c@x.org");
  EXPECT_EQ(show(made->tokens[1])->invite.email, "d@x.org");
  EXPECT_REFUSED(invite({{"e@x.org", WorkspaceRole::kMember}, {"c@x.org", WorkspaceRole::kMember}}),
                 kConflict);
  EXPECT_REFUSED(invite({{"e@x.org", WorkspaceRole::kMember}, {"e@x.org", WorkspaceRole::kMember}}),
                 kValidationFailed);
  EXPECT_REFUSED(invite({}), kValidationFailed);
  EXPECT_REFUSED(invite(Wanted(51, {"e@x.org", WorkspaceRole::kMember})), kValidationFailed);
  EXPECT_REFUSED(invite({{"ada@x.org", WorkspaceRole::kMember}}), kConflict);
  EXPECT_REFUSED(invite({{"e@x.org", WorkspaceRole::kOwner}}, WorkspaceRole::kAdmin), kForbidden);
  EXPECT_EQ(invites_of(house.documents(), ada.workspace.id)->size(), 2u);
}

TEST_F(MembersTest, InvitesTakeSeatsAndFreeThem) {
  ASSERT_TRUE(set_seats(2).ok());
  EXPECT_REFUSED(invite({{"c@x.org", WorkspaceRole::kMember}, {"d@x.org", WorkspaceRole::kMember}}),
                 kLimitExceeded);
  const auto made = invite({{"bob@x.org", WorkspaceRole::kMember}});
  ASSERT_TRUE(made.ok());
  EXPECT_REFUSED(invite({{"d@x.org", WorkspaceRole::kMember}}), kLimitExceeded);
  ASSERT_TRUE(answer(bob, made->tokens[0], true).ok());
  EXPECT_REFUSED(invite({{"d@x.org", WorkspaceRole::kMember}}), kLimitExceeded);
  ASSERT_TRUE(leave(bob, ada.workspace.id).ok());
  EXPECT_TRUE(invite({{"d@x.org", WorkspaceRole::kMember}}).ok());
}

TEST_F(MembersTest, OnlySoManyAreInvitedWithinAMonth) {
  const auto made = invite({{"c@x.org", WorkspaceRole::kMember}});
  store::Change many;
  tenancy::Invite ended = made->invites[0];
  ended.state = InviteState::kCancelled;
  ended.decided = house.now;
  for (std::size_t i = 1; i < kInvitesMax; ++i) {
    ended.id = InviteId(Uuid{80, i});
    many.put.push_back(encode(ada.workspace.id, ended, "key" + std::to_string(i)));
  }
  house.write(std::move(many));
  EXPECT_REFUSED(invite({{"d@x.org", WorkspaceRole::kMember}}), kLimitExceeded);
  house.now = house.now + kEndedInviteShown;
  house.sign_up("cem");
  EXPECT_TRUE(invite({{"d@x.org", WorkspaceRole::kMember}}).ok());
}

TEST_F(MembersTest, NoSeatsIsNotAsManyAsOneLikes) {
  ASSERT_TRUE(set_seats(0).ok());
  EXPECT_EQ(settings_of(house.documents(), ada.workspace.id)->seats_max, 0u);
  EXPECT_REFUSED(invite({{"d@x.org", WorkspaceRole::kMember}}), kLimitExceeded);
  ASSERT_TRUE(set_seats(std::nullopt).ok());
  EXPECT_TRUE(invite({{"d@x.org", WorkspaceRole::kMember}}).ok());
}

TEST_F(MembersTest, InvitesOfOneWorkspaceAreNoneOfAnother) {
  ASSERT_TRUE(invite({{"c@x.org", WorkspaceRole::kMember}}).ok());
  EXPECT_TRUE(invites_of(house.documents(), bob.workspace.id)->empty());
  EXPECT_TRUE(roster_of(house.documents(), bob.workspace.id)->invites.empty());
  EXPECT_EQ(roster_of(house.documents(), bob.workspace.id)->members.size(), 1u);
}

TEST_F(MembersTest, ARoleCountsAtOnce) {
  house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kMember);
  const auto change = [&](WorkspaceRole role) {
    return decide([&](const Roster& roster) {
      return tenancy::change_role(roster, owner(), bob.in.user.id, role);
    });
  };
  EXPECT_REFUSED(house.may(as_session(bob.in), "ada", "", Permission::kMemberChange), kForbidden);
  ASSERT_TRUE(change(WorkspaceRole::kAdmin).ok());
  EXPECT_TRUE(house.may(as_session(bob.in), "ada", "", Permission::kMemberChange).ok());
  ASSERT_TRUE(change(WorkspaceRole::kAdmin).ok());
  EXPECT_TRUE(house.last.empty()) << "nothing to do leaves no line";
  EXPECT_EQ(house.log(ada.workspace.id).size(), 2u);
}

TEST_F(MembersTest, ADeactivatedMemberIsNothingUntilHeIsActiveAgain) {
  house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kMember);
  const std::int64_t since = member(bob)->since.us;
  house.now = house.now + seconds(1);
  ASSERT_TRUE(decide([&](const Roster& roster) {
                return tenancy::deactivate(roster, owner(), bob.in.user.id, house.now);
              }).ok());
  EXPECT_FALSE(bob_may());
  EXPECT_GT(member(bob)->since.us, since);
  EXPECT_EQ(workspaces_of(house.documents(), bob.in.user.id)->size(), 1u);
  ASSERT_TRUE(decide([&](const Roster& roster) {
                return tenancy::reactivate(roster, owner(), bob.in.user.id, house.now);
              }).ok());
  EXPECT_TRUE(bob_may());
}

TEST_F(MembersTest, TheBirthOfAMembershipStays) {
  house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kMember);
  const Uuid id = member_id(house.hasher, ada.workspace.id, bob.in.user.id);
  const auto born = house.documents().find(store::DocumentKind::kMember, id);
  house.now = house.now + kDay;
  ASSERT_TRUE(decide([&](const Roster& roster) {
                return tenancy::deactivate(roster, owner(), bob.in.user.id, house.now);
              }).ok());
  const auto later = house.documents().find(store::DocumentKind::kMember, id);
  EXPECT_EQ((*later)->created, (*born)->created);
}

TEST_F(MembersTest, WhoIsRemovedLosesHisRolesAndBeginsAnew) {
  house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kMember);
  const ProjectId project = house.documents().projects_of(ada.workspace.id)->front().id;
  const Status given = house.change(as_session(ada.in), [&](auto& documents, const auto& context) {
    return change_project_role(documents, context, ada.workspace.id, project, bob.in.user.id,
                               tenancy::ProjectRole::kAdmin);
  });
  ASSERT_TRUE(given.ok()) << why(given);
  ASSERT_TRUE(decide([&](const Roster& roster) {
                return tenancy::remove(roster, owner(), bob.in.user.id, house.now);
              }).ok());
  EXPECT_FALSE(bob_may());
  EXPECT_TRUE(roster_of(house.documents(), ada.workspace.id, project)->members.empty());
  ASSERT_TRUE(decide([&](const Roster& roster) {
                return tenancy::take_back(roster, owner(), bob.in.user.id, WorkspaceRole::kMember,
                                          house.now);
              }).ok());
  EXPECT_TRUE(bob_may());
  EXPECT_REFUSED(house.may(as_session(bob.in), "ada", "default", Permission::kProjectChange),
                 kForbidden);
}

TEST_F(MembersTest, LeavingIsForWhoIsElsewhereAndNotTheLastOwner) {
  EXPECT_REFUSED(leave(ada, ada.workspace.id), kConflict);
  house.join(bob.workspace.id, ada.in.user, WorkspaceRole::kMember);
  EXPECT_REFUSED(leave(ada, ada.workspace.id), kConflict);
  EXPECT_TRUE(leave(ada, bob.workspace.id).ok());
  EXPECT_REFUSED(leave(ada, bob.workspace.id), kNotFound);
  // A membership that is no active one is none to go back to.
  house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kMember, MemberState::kDeactivated);
  house.join(bob.workspace.id, ada.in.user, WorkspaceRole::kOwner);
  EXPECT_REFUSED(leave(bob, bob.workspace.id), kConflict);
}

}  // namespace
}  // namespace troupe::directory
