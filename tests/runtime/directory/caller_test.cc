// Whose a text is, where a request is, and what its caller is there.
#include "runtime/directory/caller.h"

#include "runtime/directory/projects.h"
#include "runtime/tenancy/token_text.h"
#include "tests/runtime/directory/house.h"

namespace troupe::directory {
namespace {

using tenancy::Absent;
using tenancy::Binding;
using tenancy::NotNamed;
using tenancy::Operator;
using tenancy::Permission;
using tenancy::ProjectRole;
using tenancy::ProjectStanding;
using tenancy::WorkspaceRole;
using tenancy::WorkspaceStanding;

class CallerTest : public DirectoryTest {
 protected:
  CallerTest() : ada(house.sign_up("ada")), bob(house.sign_up("bob")) {}

  Place place(const tenancy::Principal& by, std::string_view tenant, std::string_view project) {
    const auto found = place_of(house.documents(), house.hasher, by, tenant, project);
    EXPECT_TRUE(found.ok());
    return found.ok() ? *found : Place{};
  }
  /// As a test wants it, whatever rules there are for making one.
  void put_project(const store::Project& row) {
    store::Change change;
    change.projects.push_back(row);
    house.write(std::move(change));
  }
  void put_workspace(const store::Workspace& row) {
    store::Change change;
    change.workspaces.push_back(row);
    house.write(std::move(change));
  }
  store::Project project(const std::string& slug, bool is_private, TimePoint archived = {}) {
    store::Project row{.id = ProjectId(Uuid{50, ++count}),
                       .workspace = ada.workspace.id,
                       .slug = slug,
                       .name = slug,
                       .is_private = is_private,
                       .created = house.now,
                       .archived = archived};
    put_project(row);
    return row;
  }
  void give(const store::Project& to, UserId user, ProjectRole role) {
    store::Change change;
    change.put.push_back(encode(house.hasher, to.workspace, to.id, {user, role}, house.now));
    house.write(std::move(change));
  }
  std::vector<std::string> seen_by(const tenancy::Principal& by) {
    const auto grant = house.grant(by, "ada", Permission::kProjectList);
    EXPECT_TRUE(grant.ok()) << grant.error().message;
    std::vector<std::string> slugs;
    if (!grant.ok()) return slugs;
    const auto seen = projects_seen(house.documents(), by, *grant);
    EXPECT_TRUE(seen.ok());
    for (const SeenProject& one : *seen) slugs.push_back(one.row.slug);
    std::sort(slugs.begin(), slugs.end());
    return slugs;
  }

  const SignedUp ada, bob;
  std::uint64_t count = 0;
};

using Slugs = std::vector<std::string>;

TEST_F(CallerTest, WhatIsNoTokenIsNobodys) {
  EXPECT_TRUE(house.is_nobody(""));
  EXPECT_TRUE(house.is_nobody("pat_"));
  EXPECT_TRUE(house.is_nobody(std::string(5000, 'x')));
  for (const auto kind :
       {tenancy::TokenKind::kAccess, tenancy::TokenKind::kSession, tenancy::TokenKind::kInvite}) {
    EXPECT_TRUE(house.is_nobody(tenancy::make_token(kind, house.entropy)));
  }
}

TEST_F(CallerTest, ATextOfOneKindIsNoneOfAnother) {
  // Under a session's hash as the key of an access token, nobody is found.
  tenancy::TokenLimits limits{.scopes = every_scope(), .expires = {}, .binding = {}};
  store::Change change;
  change.put.push_back(encode(AccessToken{.id = TokenId(Uuid{7, 7}),
                                          .user = bob.in.user.id,
                                          .key = secret_key(house.hasher, ada.in.token),
                                          .name = "n",
                                          .shown = "s",
                                          .limits = limits,
                                          .created = house.now}));
  house.write(std::move(change));
  const tenancy::Principal who = house.who(ada.in.token);
  ASSERT_TRUE(std::holds_alternative<tenancy::SessionUser>(who));
  EXPECT_EQ(std::get<tenancy::SessionUser>(who).user, ada.in.user.id);
}

TEST_F(CallerTest, ADamagedCredentialIsAnErrorAndNotNobody) {
  store::Change change;
  store::Document row = encode(Session{.id = SessionId(Uuid{7, 7}),
                                       .user = ada.in.user.id,
                                       .key = {},
                                       .address = {},
                                       .created = house.now,
                                       .expires = house.now + kDay});
  const std::string text = tenancy::make_token(tenancy::TokenKind::kSession, house.entropy);
  row.key = secret_key(house.hasher, text);
  row.body = "{}";
  change.put.push_back(row);
  house.write(std::move(change));
  EXPECT_REFUSED(credential_of(house.documents(), house.hasher, text, house.now), kCorrupt);
}

TEST_F(CallerTest, PlacesAreNamedBySlugOrById) {
  const tenancy::Principal by = as_session(ada.in);
  const std::string id = ada.workspace.id.to_string();
  const ProjectId project = house.documents().projects_of(ada.workspace.id)->front().id;
  for (const std::string& tenant : {std::string("ada"), id}) {
    for (const std::string& name : {std::string("default"), project.to_string()}) {
      const Place found = place(by, tenant, name);
      ASSERT_TRUE(std::holds_alternative<WorkspaceStanding>(found.standing.workspace)) << tenant;
      ASSERT_TRUE(std::holds_alternative<ProjectStanding>(found.standing.project)) << name;
      EXPECT_EQ(found.scope.workspace, ada.workspace.id);
      EXPECT_EQ(found.scope.project, project);
    }
  }
  const Place global = place(by, "ada", "");
  EXPECT_TRUE(std::holds_alternative<NotNamed>(global.standing.project));
  EXPECT_EQ(global.scope.project, ProjectId{});
  EXPECT_TRUE(std::holds_alternative<NotNamed>(place(by, "", "").standing.workspace));
  EXPECT_TRUE(std::holds_alternative<Absent>(place(by, "no-such", "").standing.workspace));
  EXPECT_TRUE(std::holds_alternative<Absent>(place(by, "ada", "no-such").standing.project));
}

TEST_F(CallerTest, ASlugThatLooksLikeAnIdHidesNothing) {
  // Slugs are the choice of whoever signs up, and an id is known to all who were ever let in.
  put_workspace({.id = WorkspaceId(Uuid{60, 1}),
                 .slug = ada.workspace.id.to_string(),
                 .name = "trap",
                 .product_code = "",
                 .created = house.now});
  const std::string id = ada.workspace.id.to_string();
  EXPECT_EQ(place(as_session(ada.in), id, "").scope.workspace, ada.workspace.id);
  EXPECT_EQ(place(Operator{}, id, "").scope.workspace, ada.workspace.id);
  tenancy::TokenLimits limits{.scopes = {tenancy::Scope::kWorkflowRun},
                              .expires = {},
                              .binding = Binding{ada.workspace.id, {}}};
  ASSERT_TRUE(house.make_token(as_session(ada.in), limits).ok());
  EXPECT_EQ(place(house.who(house.last_text), "", "").scope.workspace, ada.workspace.id);

  const store::Project real = project("real", false);
  store::Project trap = project(real.id.to_string(), false);
  EXPECT_EQ(place(as_session(ada.in), "ada", real.id.to_string()).scope.project, real.id);
}

TEST_F(CallerTest, AForeignWorkspaceAnswersAsOneThatIsNotThere) {
  const tenancy::Principal by = as_session(bob.in);
  for (const Permission permission : {Permission::kWorkspaceRead, Permission::kRunRead,
                                      Permission::kProjectRead, Permission::kMemberChange}) {
    for (const char* project : {"", "default", "no-such"}) {
      const Status foreign = house.may(by, "ada", project, permission);
      const Status absent = house.may(by, "no-such", project, permission);
      ASSERT_FALSE(foreign.ok());
      ASSERT_FALSE(absent.ok());
      EXPECT_EQ(foreign.error().code, absent.error().code);
      EXPECT_EQ(foreign.error().message, absent.error().message);
    }
  }
}

TEST_F(CallerTest, APrivateProjectAnswersAsOneThatIsNotThere) {
  house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kMember);
  const store::Project hidden = project("hidden", true);
  const tenancy::Principal by = as_session(bob.in);
  const Status foreign = house.may(by, "ada", "hidden", Permission::kRunRead);
  const Status absent = house.may(by, "ada", "no-such", Permission::kRunRead);
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().code, Code::kNotFound);
  EXPECT_EQ(foreign.error().message, absent.error().message);
  EXPECT_TRUE(house.may(as_session(ada.in), "ada", "hidden", Permission::kRunRead).ok());
  give(hidden, bob.in.user.id, ProjectRole::kViewer);
  EXPECT_TRUE(house.may(by, "ada", "hidden", Permission::kRunRead).ok());
  EXPECT_REFUSED(house.may(by, "ada", "hidden", Permission::kRunStart), kForbidden);
}

TEST_F(CallerTest, AnArchivedProjectTakesNoRequests) {
  const store::Project old = project("old", false, house.now);
  const Place found = place(as_session(ada.in), "ada", "old");
  EXPECT_TRUE(std::holds_alternative<Absent>(found.standing.project));
  EXPECT_NE(found.scope.project, old.id);
  EXPECT_TRUE(std::holds_alternative<Absent>(place(Operator{}, "ada", "old").standing.project));
}

TEST_F(CallerTest, OnlyAnActiveMemberIsAnything) {
  const tenancy::Principal by = as_session(bob.in);
  for (const auto state : {tenancy::MemberState::kActive, tenancy::MemberState::kDeactivated,
                           tenancy::MemberState::kRemoved}) {
    house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kMember, state);
    EXPECT_EQ(house.may(by, "ada", "default", Permission::kRunStart).ok(),
              state == tenancy::MemberState::kActive);
  }
}

TEST_F(CallerTest, TheOperatorIsInTheDefaultPlaceUnlessHeSaysOtherwise) {
  EXPECT_TRUE(std::holds_alternative<Absent>(place(Operator{}, "", "").standing.workspace));
  const SignedUp made = house.sign_up("default");
  const ProjectId project = house.documents().projects_of(made.workspace.id)->front().id;
  const Place found = place(Operator{}, "", "");
  EXPECT_EQ(found.scope.workspace, made.workspace.id);
  EXPECT_EQ(found.scope.project, project);
  EXPECT_EQ(place(Operator{}, "ada", "").scope.workspace, ada.workspace.id);
  // Where there is no project of that name, he is in the workspace as a whole.
  store::Project row = house.documents().projects_of(made.workspace.id)->front();
  row.archived = house.now;
  put_project(row);
  const Place whole = place(Operator{}, "", "");
  EXPECT_TRUE(std::holds_alternative<NotNamed>(whole.standing.project));
  EXPECT_EQ(whole.scope.project, std::nullopt);
  // A user has no such default.
  EXPECT_TRUE(
      std::holds_alternative<NotNamed>(place(as_session(ada.in), "", "").standing.workspace));
}

TEST_F(CallerTest, AListHasTheProjectsThatItsCallerMaySee) {
  house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kMember);
  project("open", false);
  const store::Project hidden = project("hidden", true);
  const store::Project given = project("given", true);
  give(given, bob.in.user.id, ProjectRole::kViewer);
  EXPECT_EQ(seen_by(as_session(ada.in)), (Slugs{"default", "given", "hidden", "open"}));
  EXPECT_EQ(seen_by(as_session(bob.in)), (Slugs{"default", "given", "open"}));
  EXPECT_EQ(seen_by(Operator{}), (Slugs{"default", "given", "hidden", "open"}));

  tenancy::TokenLimits limits{.scopes = {tenancy::Scope::kWorkspaceRead},
                              .expires = {},
                              .binding = Binding{ada.workspace.id, given.id}};
  ASSERT_TRUE(house.make_token(as_session(bob.in), limits).ok());
  const tenancy::Principal bound = house.who(house.last_text);
  const auto grant = house.grant(bound, "ada", Permission::kProjectList);
  ASSERT_TRUE(grant.ok());
  const auto seen = projects_seen(house.documents(), bound, *grant);
  ASSERT_EQ(seen->size(), 1u);
  EXPECT_EQ(seen->front().row.slug, "given");
  EXPECT_EQ(seen->front().standing.given, ProjectRole::kViewer);
}

TEST_F(CallerTest, AGrantEndsWithWhatItCameFrom) {
  house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kOwner);
  const tenancy::Principal by = as_session(bob.in);
  const auto grant = house.grant(by, "ada", Permission::kMemberChange);
  ASSERT_TRUE(grant.ok());
  const auto still = [&] { return still_granted(house.documents(), house.context(by), *grant); };
  EXPECT_TRUE(still().ok());
  // An administrator may change members too, but not all that an owner may.
  house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kAdmin);
  EXPECT_REFUSED(still(), kForbidden);
  house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kMember);
  EXPECT_REFUSED(still(), kForbidden);
  house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kOwner,
             tenancy::MemberState::kDeactivated);
  EXPECT_REFUSED(still(), kNotFound);
  house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kOwner);
  EXPECT_TRUE(still().ok());
  const Status out = house.change(
      by, [](auto& documents, const auto& context) { return sign_out(documents, context); });
  ASSERT_TRUE(out.ok());
  EXPECT_REFUSED(still(), kUnauthorized);
}

TEST_F(CallerTest, AGrantInAProjectEndsWithTheProject) {
  store::Project row = project("second", false);
  const auto place = place_of(house.documents(), house.hasher, as_session(ada.in), "ada", "second");
  const auto grant = tenancy::authorise(as_session(ada.in), place->standing,
                                        Permission::kProjectChange, house.now);
  ASSERT_TRUE(grant.ok());
  const Context context = house.context(as_session(ada.in));
  EXPECT_TRUE(still_granted(house.documents(), context, *grant).ok());
  row.archived = house.now;
  put_project(row);
  EXPECT_REFUSED(still_granted(house.documents(), context, *grant), kNotFound);
}

TEST_F(CallerTest, TheGrantsOfTheOperatorAndOfStrangersStay) {
  const auto operators = house.grant(Operator{}, "ada", Permission::kMemberChange);
  ASSERT_TRUE(operators.ok());
  EXPECT_TRUE(still_granted(house.documents(), house.context(Operator{}), *operators).ok());
  const auto servers = house.grant(Operator{}, "", Permission::kMasterKeyRotate);
  ASSERT_TRUE(servers.ok());
  EXPECT_TRUE(still_granted(house.documents(), house.context(Operator{}), *servers).ok());
  const auto strangers = house.grant(tenancy::Nobody{}, "", Permission::kSignUp);
  ASSERT_TRUE(strangers.ok());
  EXPECT_TRUE(still_granted(house.documents(), house.context(tenancy::Nobody{}), *strangers).ok());
  const auto own = house.grant(as_session(ada.in), "", Permission::kSelfChange);
  ASSERT_TRUE(own.ok());
  EXPECT_TRUE(still_granted(house.documents(), house.context(as_session(ada.in)), *own).ok());
}

TEST_F(CallerTest, ABoundTokenOfAPlaceThatIsGoneReachesNothing) {
  store::Project gone = project("gone", false);
  tenancy::TokenLimits limits{.scopes = {tenancy::Scope::kWorkflowRun},
                              .expires = {},
                              .binding = Binding{ada.workspace.id, gone.id}};
  ASSERT_TRUE(house.make_token(as_session(ada.in), limits).ok());
  const tenancy::Principal bound = house.who(house.last_text);
  EXPECT_TRUE(house.may(bound, "", "", Permission::kRunStart).ok());
  gone.archived = house.now;
  put_project(gone);
  EXPECT_FALSE(house.may(bound, "", "", Permission::kRunStart).ok());
  EXPECT_FALSE(house.may(bound, "ada", "default", Permission::kRunStart).ok());
}

}  // namespace
}  // namespace troupe::directory
