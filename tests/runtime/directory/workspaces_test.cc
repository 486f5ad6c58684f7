// Workspaces, their settings and environments.
#include "runtime/directory/workspaces.h"

#include "tests/runtime/directory/house.h"

namespace troupe::directory {
namespace {

using tenancy::Operator;
using tenancy::Permission;

class WorkspacesTest : public DirectoryTest {
 protected:
  WorkspacesTest() : ada(house.sign_up("ada")), bob(house.sign_up("bob")) {}

  Result<store::Workspace> create(const std::string& slug) {
    return house.change<store::Workspace>(
        Operator{}, [&](auto& documents, const auto& context, store::Workspace* made) {
          return create_workspace(documents, context, "stamped", {slug, "W"}, made);
        });
  }
  Result<store::Workspace> patch(WorkspaceId workspace, const WorkspacePatch& wanted) {
    return house.change<store::Workspace>(
        Operator{}, [&](auto& documents, const auto& context, store::Workspace* changed) {
          return change_workspace(documents, context, workspace, wanted, changed);
        });
  }
  Result<Environment> create_environment(const std::string& slug) {
    return house.change<Environment>(
        as_session(ada.in), [&](auto& documents, const auto& context, Environment* made) {
          return directory::create_environment(documents, context, ada.workspace.id, {slug, "E"},
                                               "#112233", made);
        });
  }
  Result<Environment> change(const std::string& slug, const EnvironmentPatch& wanted) {
    return house.change<Environment>(
        as_session(ada.in), [&](auto& documents, const auto& context, Environment* changed) {
          return change_environment(documents, context, ada.workspace.id, slug, wanted, changed);
        });
  }
  Status remove(const std::string& slug) {
    return house.change(as_session(ada.in), [&](auto& documents, const auto& context) {
      return delete_environment(documents, context, ada.workspace.id, slug);
    });
  }
  std::vector<std::string> slugs(WorkspaceId workspace) {
    std::vector<std::string> all;
    const auto environments = environments_of(house.documents(), workspace);
    EXPECT_TRUE(environments.ok());
    if (!environments.ok()) return all;
    for (const Environment& one : *environments) all.push_back(one.slug);
    std::sort(all.begin(), all.end());
    return all;
  }

  const SignedUp ada, bob;
};

using Slugs = std::vector<std::string>;

TEST_F(WorkspacesTest, TheOperatorMakesOneThatHasNoOwnerYet) {
  const auto made = create("third");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->product_code, "stamped");
  EXPECT_TRUE(roster_of(house.documents(), made->id)->members.empty());
  EXPECT_EQ(slugs(made->id), (Slugs{"production", "staging"}));
  EXPECT_TRUE(house.documents().projects_of(made->id)->empty());
  EXPECT_TRUE(house.may(Operator{}, "third", "", Permission::kRunStart).ok());
  EXPECT_REFUSED(house.may(as_session(ada.in), "third", "", Permission::kRunStart), kNotFound);
  EXPECT_REFUSED(create("third"), kConflict);
  EXPECT_REFUSED(create("ada"), kConflict);
}

TEST_F(WorkspacesTest, NameAndSeatsChangeAndTheRestStays) {
  const auto named = patch(ada.workspace.id, {.name = "Ada's", .seats_max = {}});
  ASSERT_TRUE(named.ok());
  EXPECT_EQ(named->name, "Ada's");
  EXPECT_EQ(named->slug, "ada");
  EXPECT_EQ((*house.documents().workspace(ada.workspace.id))->name, "Ada's");
  EXPECT_EQ(settings_of(house.documents(), ada.workspace.id)->seats_max, std::nullopt);
  ASSERT_TRUE(patch(ada.workspace.id, {.name = {}, .seats_max = std::optional(7u)}).ok());
  EXPECT_EQ(settings_of(house.documents(), ada.workspace.id)->seats_max, 7u);
  EXPECT_EQ(settings_of(house.documents(), bob.workspace.id)->seats_max, std::nullopt);
  ASSERT_TRUE(patch(ada.workspace.id, {}).ok());
  EXPECT_TRUE(house.last.empty());
  EXPECT_REFUSED(patch(WorkspaceId(Uuid{9, 9}), {.name = "X", .seats_max = {}}), kNotFound);
}

TEST_F(WorkspacesTest, ACustomEnvironmentComesChangesAndGoes) {
  const auto made = create_environment("preview");
  ASSERT_TRUE(made.ok());
  EXPECT_FALSE(made->is_protected);
  EXPECT_EQ(slugs(ada.workspace.id), (Slugs{"preview", "production", "staging"}));
  EXPECT_EQ(slugs(bob.workspace.id), (Slugs{"production", "staging"}));
  const auto changed = change("preview", {.slug = "qa", .name = "QA", .colour = "#000000"});
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(changed->id, made->id);
  EXPECT_EQ(slugs(ada.workspace.id), (Slugs{"production", "qa", "staging"}));
  EXPECT_REFUSED(change("preview", {.slug = {}, .name = "X", .colour = {}}), kNotFound);
  ASSERT_TRUE(remove("qa").ok());
  EXPECT_REFUSED(remove("qa"), kNotFound);
  EXPECT_EQ(slugs(ada.workspace.id), (Slugs{"production", "staging"}));
}

TEST_F(WorkspacesTest, ASlugOfAnEnvironmentIsTakenOnce) {
  EXPECT_REFUSED(create_environment("staging"), kConflict);
  ASSERT_TRUE(create_environment("qa").ok());
  EXPECT_REFUSED(create_environment("qa"), kConflict);
  EXPECT_REFUSED(change("qa", {.slug = "staging", .name = {}, .colour = {}}), kConflict);
  EXPECT_TRUE(change("qa", {.slug = "qa", .name = "Same", .colour = {}}).ok());
}

TEST_F(WorkspacesTest, AWorkspaceHasOnlySoManyEnvironments) {
  for (std::size_t i = 2; i < kEnvironmentsMax; ++i) {
    ASSERT_TRUE(create_environment("e" + std::to_string(i)).ok());
  }
  EXPECT_REFUSED(create_environment("one-more"), kLimitExceeded);
  ASSERT_TRUE(remove("e2").ok());
  EXPECT_TRUE(create_environment("one-more").ok());
}

TEST_F(WorkspacesTest, ProductionAndStagingStayWhatTheyAre) {
  for (const char* slug : {"production", "staging"}) {
    EXPECT_REFUSED(remove(slug), kConflict);
    EXPECT_REFUSED(change(slug, {.slug = "other", .name = {}, .colour = {}}), kConflict);
    const auto named = change(slug, {.slug = slug, .name = "Live", .colour = "#ffffff"});
    ASSERT_TRUE(named.ok());
    EXPECT_TRUE(named->is_protected);
    EXPECT_EQ(named->slug, slug);
  }
  EXPECT_EQ(slugs(ada.workspace.id), (Slugs{"production", "staging"}));
}

}  // namespace
}  // namespace troupe::directory
