// Projects and the roles in them.
#include "runtime/directory/projects.h"

#include "tests/runtime/directory/house.h"

namespace troupe::directory {
namespace {

using tenancy::Operator;
using tenancy::Permission;
using tenancy::ProjectRole;
using tenancy::WorkspaceRole;

class ProjectsTest : public DirectoryTest {
 protected:
  ProjectsTest() : ada(house.sign_up("ada")), bob(house.sign_up("bob")) {
    house.join(ada.workspace.id, bob.in.user, WorkspaceRole::kMember);
  }

  Result<store::Project> create(tenancy::Principal by, const std::string& slug, bool is_private) {
    return house.change<store::Project>(std::move(by), [&](auto& documents, const auto& context,
                                                           store::Project* made) {
      return create_project(documents, context, ada.workspace.id, {slug, "P"}, is_private, made);
    });
  }
  Result<store::Project> patch(ProjectId project, const ProjectPatch& patch) {
    return house.change<store::Project>(
        as_session(ada.in), [&](auto& documents, const auto& context, store::Project* changed) {
          return change_project(documents, context, ada.workspace.id, project, patch, changed);
        });
  }
  Status give(ProjectId project, UserId user, std::optional<ProjectRole> role) {
    return house.change(as_session(ada.in), [&](auto& documents, const auto& context) {
      return change_project_role(documents, context, ada.workspace.id, project, user, role);
    });
  }
  Status leave(const SignedUp& who, ProjectId project) {
    return house.change(as_session(who.in), [&](auto& documents, const auto& context) {
      return leave_project(documents, context, ada.workspace.id, project, who.in.user.id);
    });
  }
  bool bob_may(const std::string& project, Permission permission) {
    return house.may(as_session(bob.in), "ada", project, permission).ok();
  }
  tenancy::ProjectRoster roster(ProjectId project) {
    const auto found = roster_of(house.documents(), ada.workspace.id, project);
    EXPECT_TRUE(found.ok());
    return found.ok() ? *found : tenancy::ProjectRoster{};
  }

  const SignedUp ada, bob;
};

TEST_F(ProjectsTest, AnOpenProjectIsForEveryMember) {
  const auto made = create(as_session(ada.in), "second", false);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->slug, "second");
  EXPECT_EQ(made->workspace, ada.workspace.id);
  EXPECT_TRUE(bob_may("second", Permission::kRunStart));
  EXPECT_FALSE(bob_may("second", Permission::kProjectChange));
  EXPECT_TRUE(roster(made->id).members.empty());
}

TEST_F(ProjectsTest, WhoMakesAPrivateProjectIsInIt) {
  const auto made = create(as_session(bob.in), "hidden", true);
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(bob_may("hidden", Permission::kProjectChange));
  ASSERT_EQ(roster(made->id).members.size(), 1u);
  const auto operators = create(Operator{}, "his", true);
  ASSERT_TRUE(operators.ok());
  EXPECT_TRUE(roster(operators->id).members.empty());
  EXPECT_FALSE(bob_may("his", Permission::kProjectRead));
}

TEST_F(ProjectsTest, ASlugIsTakenInItsWorkspaceAlone) {
  EXPECT_REFUSED(create(as_session(ada.in), "default", false), kConflict);
  ASSERT_TRUE(create(as_session(ada.in), "second", false).ok());
  EXPECT_REFUSED(create(as_session(ada.in), "second", true), kConflict);
}

TEST_F(ProjectsTest, AWorkspaceHasOnlySoMany) {
  store::Change many;
  for (std::size_t i = 1; i < kProjectsMax; ++i) {
    many.projects.push_back({.id = ProjectId(Uuid{80, i}),
                             .workspace = ada.workspace.id,
                             .slug = "p" + std::to_string(i),
                             .name = "P",
                             .is_private = false,
                             .created = house.now});
  }
  house.write(std::move(many));
  EXPECT_REFUSED(create(as_session(ada.in), "one-more", false), kLimitExceeded);
}

TEST_F(ProjectsTest, WhatIsChangedStandsInTheLogByName) {
  const auto made = create(as_session(ada.in), "second", false);
  const auto changed = patch(made->id, {.name = "Other", .is_private = true, .is_archived = {}});
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(changed->name, "Other");
  EXPECT_TRUE(changed->is_private);
  EXPECT_FALSE(bob_may("second", Permission::kRunRead));
  EXPECT_NE(house.log(ada.workspace.id).back().find(R"(["name","private"])"), std::string::npos);
  ASSERT_TRUE(patch(made->id, {.name = "Other", .is_private = true, .is_archived = false}).ok());
  EXPECT_TRUE(house.last.empty());
  EXPECT_REFUSED(patch(ProjectId(Uuid{9, 9}), {.name = "X", .is_private = {}, .is_archived = {}}),
                 kNotFound);
  EXPECT_REFUSED(patch(house.documents().projects_of(bob.workspace.id)->front().id,
                       {.name = "X", .is_private = {}, .is_archived = {}}),
                 kNotFound);
}

TEST_F(ProjectsTest, AnArchivedOneIsAwayUntilItIsTakenOutAgain) {
  const auto made = create(as_session(ada.in), "second", false);
  const auto archived = patch(made->id, {.name = {}, .is_private = {}, .is_archived = true});
  ASSERT_TRUE(archived.ok());
  EXPECT_EQ(archived->archived, house.now);
  EXPECT_FALSE(bob_may("second", Permission::kRunRead));
  EXPECT_NE(house.log(ada.workspace.id).back().find("project.archive"), std::string::npos);
  EXPECT_REFUSED(create(as_session(ada.in), "second", false), kConflict);
  ASSERT_TRUE(patch(made->id, {.name = {}, .is_private = {}, .is_archived = false}).ok());
  EXPECT_TRUE(bob_may("second", Permission::kRunRead));
}

TEST_F(ProjectsTest, AnExplicitRoleCountsAtOnce) {
  const ProjectId project = create(as_session(ada.in), "second", true)->id;
  EXPECT_FALSE(bob_may("second", Permission::kRunRead));
  ASSERT_TRUE(give(project, bob.in.user.id, ProjectRole::kViewer).ok());
  EXPECT_TRUE(bob_may("second", Permission::kRunRead));
  EXPECT_FALSE(bob_may("second", Permission::kRunStart));
  ASSERT_TRUE(give(project, bob.in.user.id, ProjectRole::kAdmin).ok());
  EXPECT_TRUE(bob_may("second", Permission::kProjectChange));
  ASSERT_TRUE(give(project, bob.in.user.id, ProjectRole::kAdmin).ok());
  EXPECT_TRUE(house.last.empty());
  ASSERT_TRUE(give(project, bob.in.user.id, std::nullopt).ok());
  EXPECT_FALSE(bob_may("second", Permission::kRunRead));
  EXPECT_REFUSED(give(project, bob.in.user.id, std::nullopt), kNotFound);
}

TEST_F(ProjectsTest, TheBirthOfARoleStays) {
  const ProjectId project = create(as_session(ada.in), "second", false)->id;
  ASSERT_TRUE(give(project, bob.in.user.id, ProjectRole::kViewer).ok());
  const Uuid id = project_member_id(house.hasher, project, bob.in.user.id);
  const TimePoint born =
      (*house.documents().find(store::DocumentKind::kProjectMember, id))->created;
  house.now = house.now + kDay;
  ASSERT_TRUE(give(project, bob.in.user.id, ProjectRole::kAdmin).ok());
  EXPECT_EQ((*house.documents().find(store::DocumentKind::kProjectMember, id))->created, born);
}

TEST_F(ProjectsTest, OnlyAMemberOfTheWorkspaceHasARole) {
  const ProjectId project = create(as_session(ada.in), "second", false)->id;
  const SignedUp cem = house.sign_up("cem");
  EXPECT_REFUSED(give(project, cem.in.user.id, ProjectRole::kViewer), kNotFound);
  house.join(ada.workspace.id, cem.in.user, WorkspaceRole::kMember, tenancy::MemberState::kRemoved);
  EXPECT_REFUSED(give(project, cem.in.user.id, ProjectRole::kViewer), kNotFound);
}

TEST_F(ProjectsTest, NobodyHasARoleInAProjectThatIsNotThere) {
  const ProjectId foreign = house.documents().projects_of(bob.workspace.id)->front().id;
  for (const ProjectId project : {ProjectId(Uuid{9, 9}), foreign}) {
    EXPECT_REFUSED(give(project, bob.in.user.id, ProjectRole::kAdmin), kNotFound);
    EXPECT_REFUSED(leave(bob, project), kNotFound);
  }
  EXPECT_TRUE(bob_may("default", Permission::kRunStart));
}

TEST_F(ProjectsTest, LeavingGivesUpAnExplicitRole) {
  const ProjectId hidden = create(as_session(ada.in), "hidden", true)->id;
  const ProjectId open = create(as_session(ada.in), "open", false)->id;
  ASSERT_TRUE(give(hidden, bob.in.user.id, ProjectRole::kViewer).ok());
  ASSERT_TRUE(leave(bob, hidden).ok());
  EXPECT_FALSE(bob_may("hidden", Permission::kRunRead));
  EXPECT_REFUSED(leave(bob, hidden), kNotFound);
  ASSERT_TRUE(give(open, bob.in.user.id, ProjectRole::kViewer).ok());
  EXPECT_REFUSED(leave(bob, open), kConflict);
}

}  // namespace
}  // namespace troupe::directory
