// Workspaces, projects, workflows and their versions.
#include "tests/conformance/store_suite.h"

#include <vector>

namespace troupe::testing {
namespace {

TEST_F(StoreConformance, CatalogKeepsSlugsEtagsAndVersions) {
  const Workspace workspace = make.workspace("acme");
  ASSERT_TRUE(writer().create_workspace(workspace).ok());
  EXPECT_EQ(writer().create_workspace(make.workspace("acme")).error().code, Code::kConflict);
  const Project project = make.project(workspace.id, "main");
  ASSERT_TRUE(writer().create_project(project).ok());
  EXPECT_EQ(writer().create_project(make.project(workspace.id, "main")).error().code,
            Code::kConflict);
  ASSERT_TRUE(writer().create_project(make.project(make.id<WorkspaceId>(), "main")).ok());

  const TenantScope scope{workspace.id, project.id};
  Workflow flow = *writer().create_workflow(make.workflow(scope));
  EXPECT_EQ(writer().create_workflow(flow).error().code, Code::kConflict);
  flow.graph = R"({"steps":[1]})";
  const auto updated = writer().update_workflow(flow, flow.etag);
  ASSERT_TRUE(updated.ok());
  EXPECT_GT(updated->etag, flow.etag);
  EXPECT_EQ(writer().update_workflow(flow, flow.etag).error().code, Code::kPreconditionFailed);
  EXPECT_TRUE(writer().update_workflow(flow, 0).ok());
  EXPECT_EQ(writer().update_workflow(make.workflow(scope), 0).error().code, Code::kNotFound);
  for (int n = 1; n <= 5; ++n) {
    const Version version{flow.id, 0, "{\"n\":" + std::to_string(n) + "}", "s", "c", make.time()};
    EXPECT_EQ(writer().publish(scope, version)->version, n);
  }
  Workflow gone = *writer().create_workflow(make.workflow(scope));
  gone.archived = true;
  ASSERT_TRUE(writer().update_workflow(gone, 0).ok());

  reopen();
  EXPECT_EQ(*reader->workspaces(), std::vector{workspace});
  EXPECT_EQ(*reader->projects(workspace.id), std::vector{project});
  EXPECT_EQ((*reader->workflow(scope, flow.id))->latest_version, 5);
  EXPECT_EQ((*reader->workflow(scope, flow.id))->graph, flow.graph);
  EXPECT_EQ(reader->workflows(scope, {}, false)->items.size(), 1u);
  EXPECT_EQ(reader->workflows(scope, {}, true)->items.at(0).id, gone.id);
  EXPECT_EQ((*reader->version(flow.id, 3))->graph, R"({"n":3})");
  EXPECT_FALSE(*reader->version(flow.id, 6));
  std::vector<int> numbers;
  for (const Version& v : all_pages<Version>(2, [&](const Page& page) {
         return reader->versions(scope, flow.id, page);
       })) {
    numbers.push_back(v.version);
  }
  EXPECT_EQ(numbers, (std::vector<int>{5, 4, 3, 2, 1}));
}

TEST_F(StoreConformance, AWorkflowOfTheWorkspaceIsShownInItsProjectsAndNowhereElse) {
  const TenantScope global{make.id<WorkspaceId>(), ProjectId()};
  const TenantScope one{global.workspace, make.id<ProjectId>()};
  const TenantScope other{global.workspace, make.id<ProjectId>()};
  const Workflow shared = *writer().create_workflow(make.workflow(global));
  const Workflow own = *writer().create_workflow(make.workflow(one));
  const Version version{shared.id, 0, "{}", "s", "c", make.time()};
  ASSERT_TRUE(writer().publish(global, version).ok());
  for (const TenantScope& scope : {one, other, global}) {
    ASSERT_TRUE(*reader->workflow(scope, shared.id));
    EXPECT_EQ(reader->versions(scope, shared.id, {})->items.size(), 1u);
    // A project shows it, and does not publish it.
    if (scope.project != global.project) {
      EXPECT_EQ(writer().publish(scope, version).error().code, Code::kNotFound);
    }
    const auto listed = all_pages<Workflow>(
        1, [&](const Page& page) { return reader->workflows(scope, page, false); });
    EXPECT_EQ(listed.size(), scope.project == one.project ? 2u : 1u);
    EXPECT_EQ(listed.back().id, shared.id) << "the older one";
  }
  EXPECT_FALSE(*reader->workflow(other, own.id));
  EXPECT_FALSE(*reader->workflow(global, own.id));
  const TenantScope foreign{make.id<WorkspaceId>(), one.project};
  EXPECT_FALSE(*reader->workflow(foreign, shared.id));
  EXPECT_TRUE(reader->workflows(foreign, {}, false)->items.empty());
}

}  // namespace
}  // namespace troupe::testing
