#include "runtime/tenancy/project_roster.h"

#include <gtest/gtest.h>

#include "tests/runtime/tenancy/places.h"

namespace troupe::tenancy {
namespace {

using Members = std::vector<ProjectMember>;

Roster workspace_of(WorkspaceRole adas_role) {
  return {{{kAda, "ada@example.org", adas_role, MemberState::kActive, kNow},
           {kBob, "bob@example.org", WorkspaceRole::kMember, MemberState::kRemoved, kNow}},
          {},
          {}};
}

TEST(ProjectRoster, ARoleIsGivenChangedAndTaken) {
  const Roster workspace = workspace_of(WorkspaceRole::kMember);
  ProjectRoster project;
  apply(project, *give_role(workspace, project, kAda, ProjectRole::kViewer));
  EXPECT_EQ(project.members, (Members{{kAda, ProjectRole::kViewer}}));
  EXPECT_TRUE(give_role(workspace, project, kAda, ProjectRole::kViewer)->empty());
  apply(project, *give_role(workspace, project, kAda, ProjectRole::kAdmin));
  EXPECT_EQ(project.members, (Members{{kAda, ProjectRole::kAdmin}}));
  apply(project, *take_role(project, kAda));
  EXPECT_TRUE(project.members.empty());
  EXPECT_EQ(take_role(project, kAda).error().code, Code::kNotFound);
}

TEST(ProjectRoster, OnlyMembersOfTheWorkspaceGetRoles) {
  const Roster workspace = workspace_of(WorkspaceRole::kMember);
  EXPECT_EQ(give_role(workspace, {}, kBob, ProjectRole::kViewer).error().code, Code::kNotFound);
  EXPECT_EQ(give_role(workspace, {}, kCem, ProjectRole::kViewer).error().code, Code::kNotFound);
}

TEST(ProjectRoster, NobodyLeavesToBecomeMore) {
  struct Row {
    WorkspaceRole role;
    bool is_private;
    ProjectRole given;
    bool may_leave;
  };
  const Row rows[] = {
      {WorkspaceRole::kMember, true, ProjectRole::kViewer, true},
      {WorkspaceRole::kMember, true, ProjectRole::kAdmin, true},
      {WorkspaceRole::kMember, false, ProjectRole::kViewer, false},
      {WorkspaceRole::kMember, false, ProjectRole::kContributor, true},
      {WorkspaceRole::kAdmin, true, ProjectRole::kContributor, false},
      {WorkspaceRole::kOwner, false, ProjectRole::kAdmin, true},
  };
  for (const Row& row : rows) {
    const ProjectRoster project{{{kAda, row.given}}};
    const auto change = leave_project(workspace_of(row.role), project, row.is_private, kAda);
    EXPECT_EQ(change.ok(), row.may_leave) << name(row.role) << " " << name(row.given);
    if (!change.ok()) {
      EXPECT_EQ(change.error().code, Code::kConflict);
      continue;
    }
    EXPECT_EQ(change->taken, std::vector<UserId>{kAda});
  }
  EXPECT_EQ(leave_project(workspace_of(WorkspaceRole::kMember), {}, true, kAda).error().code,
            Code::kNotFound);
}

TEST(ProjectRoster, RolesEndWithTheMembershipAndNotWithItsPause) {
  Roster workspace = workspace_of(WorkspaceRole::kMember);
  const Actor by{{}, WorkspaceRole::kOwner};
  EXPECT_TRUE(roles_ended_by(*deactivate(workspace, by, kAda, kNow)).empty());
  EXPECT_EQ(roles_ended_by(*remove(workspace, by, kAda, kNow)), std::vector<UserId>{kAda});
}

}  // namespace
}  // namespace troupe::tenancy
