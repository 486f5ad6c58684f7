#include "runtime/tenancy/permission.h"

#include <gtest/gtest.h>

namespace troupe::tenancy {
namespace {

TEST(Role, NamesAreThoseOfTheApiAndAnOwnerIsAFlaggedAdmin) {
  for (const WorkspaceRole role :
       {WorkspaceRole::kMember, WorkspaceRole::kAdmin, WorkspaceRole::kOwner}) {
    EXPECT_EQ(parse_workspace_role(name(role), is_owner(role)), role);
  }
  EXPECT_EQ(name(WorkspaceRole::kOwner), "tenant_admin");
  EXPECT_EQ(name(WorkspaceRole::kMember), "tenant_member");
  EXPECT_FALSE(parse_workspace_role("tenant_member", true));
  EXPECT_FALSE(parse_workspace_role("owner", true));
  for (const ProjectRole role :
       {ProjectRole::kViewer, ProjectRole::kContributor, ProjectRole::kAdmin}) {
    EXPECT_EQ(parse_project_role(name(role)), role);
  }
  EXPECT_EQ(name(ProjectRole::kContributor), "project_contributor");
  EXPECT_FALSE(parse_project_role("tenant_admin"));
}

TEST(Scopes, AreASetThatIsStoredByName) {
  const Scopes scopes{Scope::kWorkflowRun, Scope::kWorkflowRead};
  EXPECT_EQ(scopes.to_string(), "workflow:read workflow:run");
  EXPECT_EQ(*Scopes::parse("workflow:run  workflow:read "), scopes);
  EXPECT_EQ(*Scopes::parse(""), Scopes());
  EXPECT_EQ(Scopes::parse("workflow:read workflow:fly").error().code, Code::kInvalidField);
  EXPECT_TRUE(Scopes{Scope::kWorkflowRun}.within(scopes));
  EXPECT_FALSE(scopes.within(Scopes{Scope::kWorkflowRun}));
  EXPECT_FALSE(scopes.has(Scope::kWorkflowWrite)) << "no scope includes another";
  for (const std::string_view name : kScopeNames) EXPECT_EQ(Scopes::parse(name)->to_string(), name);
}

TEST(Permission, IsFoundByItsNameInTheAuditLog) {
  EXPECT_EQ(parse_permission("run.retry"), Permission::kRunRetry);
  EXPECT_EQ(name(Permission::kSecretReveal), "secret.reveal");
  EXPECT_FALSE(parse_permission("run.replay"));
}

TEST(Permission, RevealingASecretIsAuditedThoughItChangesNothing) {
  EXPECT_TRUE(rule_of(Permission::kSecretReveal).audited());
  EXPECT_FALSE(rule_of(Permission::kSecretReveal).changes());
  EXPECT_FALSE(rule_of(Permission::kSecretList).audited());
  EXPECT_TRUE(rule_of(Permission::kSecretChange).changes());
}

}  // namespace
}  // namespace troupe::tenancy
