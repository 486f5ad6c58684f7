#include "bench/workloads/crowd.h"

namespace troupe::bench {
namespace {

/// Straight into the store: ten thousand times over, the engine's checks of one and the same graph
/// would only take time.
Status make_workspace(Rig& rig,
                      store::Writer& writer,
                      const std::string& graph,
                      StartRequest* request) {
  const auto id = [&rig] {
    return Uuid::v7(rig.clock().now(), rig.entropy().next(), rig.entropy().next());
  };
  store::Workspace workspace;
  workspace.id = WorkspaceId{id()};
  workspace.slug = workspace.name = "w" + workspace.id.to_string();
  workspace.created = rig.clock().now();
  if (auto made = writer.create_workspace(workspace); !made) return made.error();
  const store::Project project{ProjectId{id()}, workspace.id, "default",
                               "Default",       false,        workspace.created};
  if (auto made = writer.create_project(project); !made) return made.error();
  store::Workflow workflow;
  workflow.id = WorkflowId{id()};
  workflow.workspace = workspace.id;
  workflow.project = project.id;
  workflow.name = "bench";
  workflow.graph = graph;
  workflow.created = workflow.updated = workspace.created;
  if (auto made = writer.create_workflow(workflow); !made) return made.error();
  store::Version version;
  version.workflow = workflow.id;
  version.graph = graph;
  version.published = workspace.created;
  if (auto made = writer.publish({workspace.id, project.id}, version); !made) return made.error();
  *request = rig.request(workflow.id);
  request->workspace = workspace.id;
  request->project = project.id;
  return ok();
}

}  // namespace

std::vector<StartRequest> make_workspaces(Rig& rig, std::uint64_t count, const std::string& graph) {
  std::vector<StartRequest> requests(count);
  const auto made = await<Unit>([&](Callback<Unit> done) {
    rig.engine().write([&, done](store::Writer& writer) {
      for (StartRequest& request : requests) {
        if (Status status = make_workspace(rig, writer, graph, &request); !status)
          return done(status.error());
      }
      done(Unit{});
    });
  });
  if (!made) throw std::runtime_error("workspaces: " + made.error().message);
  return requests;
}

}  // namespace troupe::bench
