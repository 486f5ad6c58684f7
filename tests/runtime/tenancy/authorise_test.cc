#include "runtime/tenancy/authorise.h"

#include <gtest/gtest.h>

#include "tests/runtime/tenancy/places.h"

namespace troupe::tenancy {
namespace {

using enum Permission;

Grant granted(const Principal& principal, const Standing& standing, Permission permission) {
  const auto grant = authorise(principal, standing, permission, kNow);
  EXPECT_TRUE(grant.ok()) << grant.error().message;
  return *grant;
}

ProjectStanding lying_in(ProjectId id, bool is_private, std::optional<ProjectRole> given = {}) {
  return {id, kHere, is_private, given};
}

TEST(Authorise, SaysAsWhatTheCallerMay) {
  const Standing standing{here_as(WorkspaceRole::kMember), project_as(false)};
  const Grant grant = granted(session(), standing, kRunStart);
  EXPECT_EQ(grant.permission(), kRunStart);
  EXPECT_EQ(grant.workspace(), kHere);
  EXPECT_EQ(grant.project(), kProject);
  EXPECT_EQ(grant.workspace_role(), WorkspaceRole::kMember);
  EXPECT_EQ(grant.project_role(), ProjectRole::kContributor);

  const Grant global = granted(session(), {here_as(WorkspaceRole::kMember), {}}, kRunRead);
  EXPECT_EQ(global.project(), std::nullopt);
  EXPECT_EQ(global.project_role(), ProjectRole::kViewer);

  const Grant open = granted(Nobody{}, {}, kHealthRead);
  EXPECT_EQ(open.workspace(), std::nullopt);
  EXPECT_FALSE(open.shows_global());
  EXPECT_FALSE(open.shows(project_as(false)));
}

TEST(Authorise, AViewerInOneProjectIsAContributorInAnother) {
  const auto in = [](const ProjectStanding& project) {
    return authorise(session(), {here_as(WorkspaceRole::kMember), project}, kWorkflowPublish, kNow);
  };
  EXPECT_EQ(in(lying_in(kProject, false, ProjectRole::kViewer)).error().code, Code::kForbidden);
  EXPECT_TRUE(in(lying_in(kOtherProject, true, ProjectRole::kContributor)).ok());
}

TEST(Authorise, TheSessionOfADeactivatedMemberAndHisTokenAreBothRefused) {
  const Standing standing{here_as(WorkspaceRole::kOwner, MemberState::kDeactivated),
                          project_as(false, ProjectRole::kAdmin)};
  for (const Principal& principal : {session(), token({all_scopes(), {}, {}})}) {
    EXPECT_EQ(authorise(principal, standing, kRunRead, kNow).error().code, Code::kNotFound);
    EXPECT_EQ(authorise(principal, standing, kTaskList, kNow).error().code, Code::kNotFound);
  }
}

TEST(Authorise, ATokenIsOneUntilTheMomentItExpires) {
  const Standing standing{here_as(WorkspaceRole::kMember), project_as(false)};
  const Principal principal = token({all_scopes(), kNow, {}});
  EXPECT_TRUE(authorise(principal, standing, kRunRead, kNow + Duration{-1}).ok());
  EXPECT_EQ(authorise(principal, standing, kRunRead, kNow).error().code, Code::kUnauthorized);
}

TEST(Authorise, TheRefusalNamesTheScopeOrRoleThatIsMissing) {
  const Standing standing{here_as(WorkspaceRole::kMember), project_as(true, ProjectRole::kViewer)};
  EXPECT_EQ(authorise(token({}), standing, kRunRetry, kNow).error().message,
            "The token lacks the scope workflow:run.");
  EXPECT_EQ(authorise(session(), standing, kRunRetry, kNow).error().message,
            "This needs the role project_contributor.");
}

TEST(Authorise, AWorkspaceWideListShowsEachProjectByTheRoleInIt) {
  const Standing standing{here_as(WorkspaceRole::kMember), {}};
  const Grant tasks = granted(session(), standing, kTaskList);
  EXPECT_TRUE(tasks.shows_global());
  EXPECT_TRUE(tasks.shows(lying_in(kProject, false)));
  EXPECT_FALSE(tasks.shows(lying_in(kProject, true)));
  EXPECT_TRUE(tasks.shows(lying_in(kProject, true, ProjectRole::kViewer)));
  EXPECT_FALSE(tasks.shows({kProject, kElsewhere, false, ProjectRole::kAdmin}));

  const Grant audit = granted(session(), standing, kAuditRead);
  EXPECT_FALSE(audit.shows_global()) << "what concerns the workspace is for its admins";
  EXPECT_FALSE(audit.shows(lying_in(kProject, false)));
  EXPECT_TRUE(audit.shows(lying_in(kProject, false, ProjectRole::kAdmin)));

  const Grant all = granted(session(), {here_as(WorkspaceRole::kAdmin), {}}, kAuditRead);
  EXPECT_TRUE(all.shows_global());
  EXPECT_TRUE(all.shows(lying_in(kProject, true)));
  EXPECT_FALSE(all.shows(lying_in(kProject, true, ProjectRole::kViewer))) << "explicit wins";
  const Grant whole = granted(Operator{}, {here_as({}), {}}, kAuditRead);
  EXPECT_TRUE(whole.shows(lying_in(kProject, true, ProjectRole::kViewer)));
}

TEST(Authorise, ATokenOfOneProjectSeesThatOneAloneInEveryList) {
  const Principal bound = token({all_scopes(), {}, Binding{kHere, kProject}});
  const Grant list = granted(bound, {here_as(WorkspaceRole::kAdmin), {}}, kProjectList);
  EXPECT_TRUE(list.shows(lying_in(kProject, true)));
  EXPECT_FALSE(list.shows(lying_in(kOtherProject, false)));
  EXPECT_FALSE(list.shows_global());
}

}  // namespace
}  // namespace troupe::tenancy
