// Personal access tokens: what they may be made for, by whom, and how they end.
#include "runtime/directory/tokens.h"

#include "runtime/directory/members.h"
#include "runtime/directory/projects.h"
#include "tests/runtime/directory/house.h"

namespace troupe::directory {
namespace {

using tenancy::Binding;
using tenancy::Nobody;
using tenancy::Operator;
using tenancy::Permission;
using tenancy::Scope;
using tenancy::Scopes;
using tenancy::TokenLimits;

class TokensTest : public DirectoryTest {
 protected:
  TokensTest() : ada(house.sign_up("ada")), bob(house.sign_up("bob")) {}

  Status revoke(tenancy::Principal by, TokenId token) {
    return house.change(std::move(by), [&](auto& documents, const auto& context) {
      return revoke_token(documents, context, token);
    });
  }
  Status revoke_members(tenancy::Principal by, WorkspaceId workspace, TokenId token) {
    return house.change(std::move(by), [&](auto& documents, const auto& context) {
      return revoke_member_token(documents, context, workspace, token);
    });
  }
  std::vector<AccessToken> list(UserId user) {
    const auto found = tokens_of(house.documents(), user, house.now);
    EXPECT_TRUE(found.ok());
    return found.ok() ? *found : std::vector<AccessToken>();
  }
  ProjectId default_project(WorkspaceId workspace) {
    return house.documents().projects_of(workspace)->front().id;
  }
  store::Project project(const SignedUp& owner, const std::string& slug, bool is_private) {
    const auto made = house.change<store::Project>(as_session(owner.in), [&](auto& documents,
                                                                             const auto& context,
                                                                             store::Project* out) {
      return create_project(documents, context, owner.workspace.id, {slug, slug}, is_private, out);
    });
    EXPECT_TRUE(made.ok());
    return *made;
  }

  const SignedUp ada, bob;
  const TokenLimits runs{.scopes = {Scope::kWorkflowRun}, .expires = {}, .binding = {}};
};

TEST_F(TokensTest, OneActsAsItsUserWithinItsScopes) {
  const auto token = house.make_token(as_session(ada.in), runs);
  ASSERT_TRUE(token.ok());
  const tenancy::Principal who = house.who(house.last_text);
  ASSERT_TRUE(std::holds_alternative<tenancy::TokenUser>(who));
  EXPECT_EQ(std::get<tenancy::TokenUser>(who).user, ada.in.user.id);
  EXPECT_EQ(std::get<tenancy::TokenUser>(who).limits, runs);
  EXPECT_TRUE(house.may(who, "ada", "default", Permission::kRunStart).ok());
  EXPECT_REFUSED(house.may(who, "ada", "default", Permission::kWorkflowChange), kForbidden);
  EXPECT_REFUSED(house.may(who, "bob", "default", Permission::kRunStart), kNotFound);
}

TEST_F(TokensTest, ItsTextIsShownOnceAndStoredNowhere) {
  const auto token = house.make_token(as_session(ada.in), runs);
  const std::string text = house.last_text;
  EXPECT_EQ(token->shown, text.substr(0, 8));
  ASSERT_EQ(house.last.put.size(), 1u);
  EXPECT_EQ(house.last.put[0].body.find(text), std::string::npos);
  EXPECT_EQ(house.last.put[0].key.find(text.substr(8)), std::string::npos);
  for (const std::string& line : house.log({})) EXPECT_EQ(line.find(text), std::string::npos);
}

TEST_F(TokensTest, ItEndsWithItsTimeAndThenIsInNoList) {
  TokenLimits limits = runs;
  limits.expires = house.now + kDay;
  const auto token = house.make_token(as_session(ada.in), limits);
  EXPECT_EQ(list(ada.in.user.id).size(), 1u);
  house.now = limits.expires;
  EXPECT_TRUE(house.is_nobody(house.last_text));
  EXPECT_TRUE(list(ada.in.user.id).empty());
}

TEST_F(TokensTest, RevokedItIsNobodys) {
  const auto token = house.make_token(as_session(ada.in), runs);
  const std::string text = house.last_text;
  EXPECT_REFUSED(revoke(as_session(bob.in), token->id), kNotFound);
  EXPECT_REFUSED(revoke(as_session(ada.in), TokenId(Uuid{9, 9})), kNotFound);
  EXPECT_FALSE(house.is_nobody(text));
  EXPECT_TRUE(revoke(as_session(ada.in), token->id).ok());
  EXPECT_TRUE(house.is_nobody(text));
  EXPECT_TRUE(list(ada.in.user.id).empty());
  EXPECT_REFUSED(revoke(as_session(ada.in), token->id), kNotFound);
}

TEST_F(TokensTest, NobodyHasNone) {
  EXPECT_REFUSED(house.make_token(Nobody{}, runs), kForbidden);
  const auto operators = house.make_token(Operator{}, runs);
  ASSERT_TRUE(operators.ok());
  EXPECT_REFUSED(revoke(Nobody{}, operators->id), kForbidden);
  EXPECT_FALSE(house.is_nobody(house.last_text));
}

TEST_F(TokensTest, LimitsOfWhichNoneCanBeAreRefused) {
  EXPECT_REFUSED(house.make_token(as_session(ada.in), {}), kValidationFailed);
  TokenLimits over = runs;
  over.expires = house.now;
  EXPECT_REFUSED(house.make_token(as_session(ada.in), over), kValidationFailed);
}

TEST_F(TokensTest, OneBegetsOnlyLesserOnes) {
  TokenLimits limits{.scopes = {Scope::kTokensManage, Scope::kWorkflowRun},
                     .expires = house.now + kDay,
                     .binding = Binding{ada.workspace.id, {}}};
  const auto parent = house.make_token(as_session(ada.in), limits);
  ASSERT_TRUE(parent.ok());
  const tenancy::Principal by = as_token(*parent);
  EXPECT_TRUE(house.make_token(by, limits).ok());
  TokenLimits more = limits;
  more.scopes.add(Scope::kSecretsReveal);
  EXPECT_REFUSED(house.make_token(by, more), kForbidden);
  TokenLimits longer = limits;
  longer.expires = {};
  EXPECT_REFUSED(house.make_token(by, longer), kForbidden);
  TokenLimits wider = limits;
  wider.binding.reset();
  EXPECT_REFUSED(house.make_token(by, wider), kForbidden);
  TokenLimits narrower = limits;
  narrower.binding->project = default_project(ada.workspace.id);
  EXPECT_TRUE(house.make_token(by, narrower).ok());
}

TEST_F(TokensTest, OneThatHasEndedMeanwhileBegetsNone) {
  TokenLimits limits{.scopes = {Scope::kTokensManage}, .expires = {}, .binding = {}};
  const auto parent = house.make_token(as_session(ada.in), limits);
  ASSERT_TRUE(revoke(as_session(ada.in), parent->id).ok());
  EXPECT_REFUSED(house.make_token(as_token(*parent), limits), kUnauthorized);
  const Status out = house.change(as_session(bob.in), [](auto& documents, const auto& context) {
    return sign_out(documents, context);
  });
  ASSERT_TRUE(out.ok());
  EXPECT_REFUSED(house.make_token(as_session(bob.in), limits), kUnauthorized);
}

TEST_F(TokensTest, ABoundOneWorksInItsPlaceAlone) {
  TokenLimits limits = runs;
  limits.binding = Binding{ada.workspace.id, default_project(ada.workspace.id)};
  ASSERT_TRUE(house.make_token(as_session(ada.in), limits).ok());
  const tenancy::Principal who = house.who(house.last_text);
  EXPECT_TRUE(house.may(who, "", "", Permission::kRunStart).ok());
  EXPECT_TRUE(house.may(who, "ada", "default", Permission::kRunStart).ok());
  EXPECT_REFUSED(house.may(who, "bob", "default", Permission::kRunStart), kForbidden);
  EXPECT_REFUSED(house.may(who, "no-such", "default", Permission::kRunStart), kForbidden);
  project(ada, "second", false);
  EXPECT_REFUSED(house.may(who, "ada", "second", Permission::kRunStart), kForbidden);
  EXPECT_REFUSED(house.may(who, "ada", "no-such", Permission::kRunStart), kForbidden);
  EXPECT_EQ(house.log(ada.workspace.id).size(), 3u) << "its making stands in the log of its place";
}

TEST_F(TokensTest, ItIsBoundOnlyToWhatItsUserSees) {
  const auto bound_to = [&](const SignedUp& by, WorkspaceId workspace,
                            std::optional<ProjectId> project) {
    TokenLimits limits = runs;
    limits.binding = Binding{workspace, project};
    return house.make_token(as_session(by.in), limits);
  };
  EXPECT_REFUSED(bound_to(bob, ada.workspace.id, {}), kNotFound);
  EXPECT_REFUSED(bound_to(bob, WorkspaceId(Uuid{9, 9}), {}), kNotFound);
  EXPECT_REFUSED(bound_to(ada, ada.workspace.id, ProjectId(Uuid{9, 9})), kNotFound);
  EXPECT_REFUSED(bound_to(ada, ada.workspace.id, default_project(bob.workspace.id)), kNotFound);
  house.join(ada.workspace.id, bob.in.user, tenancy::WorkspaceRole::kMember);
  EXPECT_TRUE(bound_to(bob, ada.workspace.id, {}).ok());
  EXPECT_TRUE(bound_to(bob, ada.workspace.id, default_project(ada.workspace.id)).ok());
  const ProjectId hidden = project(ada, "hidden", true).id;
  EXPECT_REFUSED(bound_to(bob, ada.workspace.id, hidden), kNotFound);
  EXPECT_TRUE(bound_to(ada, ada.workspace.id, hidden).ok());
  house.join(ada.workspace.id, bob.in.user, tenancy::WorkspaceRole::kMember,
             tenancy::MemberState::kDeactivated);
  EXPECT_REFUSED(bound_to(bob, ada.workspace.id, {}), kNotFound);
}

TEST_F(TokensTest, TheOperatorsActAsAnOwnerWithinTheirScopes) {
  TokenLimits limits{
      .scopes = {Scope::kWorkflowRun, Scope::kTokensManage}, .expires = {}, .binding = {}};
  const auto token = house.make_token(Operator{}, limits);
  ASSERT_TRUE(token.ok());
  EXPECT_FALSE(token->user.set());
  const tenancy::Principal who = house.who(house.last_text);
  EXPECT_TRUE(house.may(who, "ada", "default", Permission::kRunStart).ok());
  EXPECT_TRUE(house.may(who, "bob", "default", Permission::kRunStart).ok());
  EXPECT_REFUSED(house.may(who, "ada", "default", Permission::kWorkflowChange), kForbidden);
  for (const Permission servers : {Permission::kMetricsRead, Permission::kNodeDrain,
                                   Permission::kWorkspaceCreate, Permission::kMasterKeyRotate}) {
    EXPECT_REFUSED(house.may(who, "ada", "default", servers), kForbidden);
  }
  EXPECT_REFUSED(house.may(who, "no-such", "", Permission::kRunStart), kNotFound);
  EXPECT_EQ(list(UserId{}).size(), 1u);
  EXPECT_TRUE(list(ada.in.user.id).empty());
  EXPECT_REFUSED(revoke(as_session(ada.in), token->id), kNotFound);
  EXPECT_TRUE(revoke(Operator{}, token->id).ok());
  EXPECT_TRUE(house.is_nobody(house.last_text));
}

TEST_F(TokensTest, TheOperatorMayAskForWhatConcernsHisTokensAndForNothingElseOfAUser) {
  for (const Permission permission :
       {Permission::kTokenRead, Permission::kTokenCreate, Permission::kTokenRevoke}) {
    EXPECT_TRUE(house.may(Operator{}, "", "", permission).ok()) << tenancy::name(permission);
  }
  for (const Permission permission :
       {Permission::kSelfChange, Permission::kSessionRevoke, Permission::kInviteAnswer}) {
    EXPECT_REFUSED(house.may(Operator{}, "", "", permission), kForbidden);
  }
}

TEST_F(TokensTest, TheLogSaysOfTheOperatorsTokenThatItIsHis) {
  TokenLimits limits{.scopes = {Scope::kTokensManage}, .expires = {}, .binding = {}};
  const auto token = house.make_token(Operator{}, limits);
  EXPECT_EQ(tenancy::audit_actor(as_token(*token)), "operator token:" + token->id.to_string());
}

TEST_F(TokensTest, AnAdministratorSeesAndEndsWhatIsBoundToHisWorkspace) {
  house.join(ada.workspace.id, bob.in.user, tenancy::WorkspaceRole::kMember);
  TokenLimits here = runs;
  here.binding = Binding{ada.workspace.id, {}};
  TokenLimits elsewhere = runs;
  elsewhere.binding = Binding{bob.workspace.id, {}};
  const auto bound = house.make_token(as_session(bob.in), here);
  const std::string text = house.last_text;
  const auto unbound = house.make_token(as_session(bob.in), runs);
  const auto foreign = house.make_token(as_session(bob.in), elsewhere);
  const auto operators = house.make_token(Operator{}, here);

  const auto seen = member_tokens(house.documents(), ada.workspace.id, house.now);
  ASSERT_TRUE(seen.ok());
  ASSERT_EQ(seen->size(), 1u);
  EXPECT_EQ(seen->front().id, bound->id);
  for (const auto& other : {unbound, foreign, operators}) {
    EXPECT_REFUSED(revoke_members(as_session(ada.in), ada.workspace.id, other->id), kNotFound);
  }
  EXPECT_REFUSED(revoke_members(as_session(ada.in), ada.workspace.id, TokenId(Uuid{9, 9})),
                 kNotFound);
  EXPECT_TRUE(revoke_members(as_session(ada.in), ada.workspace.id, bound->id).ok());
  EXPECT_TRUE(house.is_nobody(text));
}

TEST_F(TokensTest, AUserHasOnlySoMany) {
  for (std::size_t i = 0; i < kTokensMax; ++i) {
    ASSERT_TRUE(house.make_token(as_session(ada.in), runs).ok());
  }
  EXPECT_REFUSED(house.make_token(as_session(ada.in), runs), kLimitExceeded);
  EXPECT_TRUE(house.make_token(as_session(bob.in), runs).ok());
  ASSERT_TRUE(revoke(as_session(ada.in), list(ada.in.user.id).front().id).ok());
  EXPECT_TRUE(house.make_token(as_session(ada.in), runs).ok());
}

TEST_F(TokensTest, ABoundTokenEndsOnlyWhatItCouldHaveMade) {
  TokenLimits here{
      .scopes = {Scope::kTokensManage}, .expires = {}, .binding = Binding{ada.workspace.id, {}}};
  const auto bound = house.make_token(as_session(ada.in), here);
  const auto unbound = house.make_token(as_session(ada.in), runs);
  const auto sibling = house.make_token(as_session(ada.in), here);
  EXPECT_REFUSED(revoke(as_token(*bound), unbound->id), kForbidden);
  EXPECT_TRUE(revoke(as_token(*bound), sibling->id).ok());
  EXPECT_TRUE(revoke(as_token(*bound), bound->id).ok());
}

TEST_F(TokensTest, WhoIsRemovedAndTakenBackHasNoTokenLeftThere) {
  house.join(ada.workspace.id, bob.in.user, tenancy::WorkspaceRole::kMember);
  TokenLimits here = runs;
  here.binding = Binding{ada.workspace.id, {}};
  const auto bound = house.make_token(as_session(bob.in), here);
  const std::string text = house.last_text;
  const auto unbound = house.make_token(as_session(bob.in), runs);
  const std::string own = house.last_text;
  const Status removed =
      house.change(as_session(ada.in), [&](auto& documents, const auto& context) {
        return change_roster(
            documents, context, ada.workspace.id,
            [&](const tenancy::Roster& roster) {
              return tenancy::remove(roster, {ada.in.user.id, tenancy::WorkspaceRole::kOwner},
                                     bob.in.user.id, house.now);
            },
            context.line(ada.workspace.id, Permission::kMemberChange, "user"));
      });
  ASSERT_TRUE(removed.ok()) << why(removed);
  EXPECT_TRUE(house.is_nobody(text));
  EXPECT_FALSE(house.is_nobody(own));
}

}  // namespace
}  // namespace troupe::directory
