#include <array>

#include "adapters/http/handlers.h"
#include "adapters/http/route.h"

namespace troupe::http {
namespace {

using enum Method;

#define RUN(path) "/v1/runs/{run}" path
#define WORKFLOW_RUN(path) "/v1/workflows/{id}/runs/{run}" path

// The one list of what this server answers: the router and /openapi.json both read it.
constexpr Route kRoutes[] = {
    {.method = kGet,
     .pattern = "/healthz",
     .handler = handle::live,
     .auth = Auth::kNone,
     .reach = Reach::kServer,
     .summary = "Whether the process answers",
     .response_schema = "Health"},
    {.method = kGet,
     .pattern = "/livez",
     .handler = handle::live,
     .auth = Auth::kNone,
     .reach = Reach::kServer,
     .summary = "Whether the process answers",
     .response_schema = "Health"},
    {.method = kGet,
     .pattern = "/readyz",
     .handler = handle::ready,
     .auth = Auth::kNone,
     .reach = Reach::kServer,
     .summary = "Whether every dependency is ready (?verbose: each of them)",
     .response_schema = "Health"},
    {.method = kGet,
     .pattern = "/openapi.json",
     .handler = handle::openapi,
     .auth = Auth::kNone,
     .reach = Reach::kServer,
     .summary = "This document"},
    {.method = kGet,
     .pattern = "/metrics",
     .handler = handle::metrics,
     .auth = Auth::kLoopbackOrToken,
     .reach = Reach::kServer,
     .summary = "Metrics for Prometheus"},

    {.method = kGet,
     .pattern = "/v1/nodes",
     .handler = handle::list_nodes,
     .reach = Reach::kServer,
     .summary = "List the nodes that share the store",
     .response_schema = "NodeList"},
    {.method = kPost,
     .pattern = "/v1/nodes/{name}/drain",
     .handler = handle::drain_node,
     .reach = Reach::kServer,
     .summary = "Have a node give everything it owns to the others",
     .success = 202},
    {.method = kGet,
     .pattern = "/v1/workspaces",
     .handler = handle::list_workspaces,
     .reach = Reach::kServer,
     .summary = "List workspaces",
     .response_schema = "WorkspaceList"},
    {.method = kPost,
     .pattern = "/v1/workspaces",
     .handler = handle::create_workspace,
     .reach = Reach::kServer,
     .body = Body::kRequired,
     .summary = "Create a workspace",
     .request_schema = "Named",
     .response_schema = "Workspace",
     .success = 201},
    {.method = kGet,
     .pattern = "/v1/projects",
     .handler = handle::list_projects,
     .summary = "List the workspace's projects",
     .response_schema = "ProjectList"},
    {.method = kPost,
     .pattern = "/v1/projects",
     .handler = handle::create_project,
     .body = Body::kRequired,
     .summary = "Create a project",
     .request_schema = "Named",
     .response_schema = "Project",
     .success = 201},

    {.method = kGet,
     .pattern = "/v1/workflows",
     .handler = handle::list_workflows,
     .summary = "List workflows",
     .response_schema = "WorkflowList"},
    {.method = kPost,
     .pattern = "/v1/workflows",
     .handler = handle::create_workflow,
     .body = Body::kRequired,
     .large_body = true,
     .summary = "Create a workflow draft",
     .request_schema = "NewWorkflow",
     .response_schema = "Workflow",
     .success = 201},
    {.method = kGet,
     .pattern = "/v1/workflows/{id}",
     .handler = handle::show_workflow,
     .summary = "Show a draft",
     .response_schema = "Workflow"},
    {.method = kPatch,
     .pattern = "/v1/workflows/{id}",
     .handler = handle::change_workflow,
     .body = Body::kRequired,
     .large_body = true,
     .summary = "Change a draft (If-Match is needed)",
     .request_schema = "WorkflowPatch",
     .response_schema = "Workflow"},
    {.method = kDelete,
     .pattern = "/v1/workflows/{id}",
     .handler = handle::archive_workflow,
     .summary = "Archive a workflow",
     .success = 204},
    {.method = kGet,
     .pattern = "/v1/workflows/{id}/versions",
     .handler = handle::list_versions,
     .summary = "List published versions",
     .response_schema = "VersionList"},
    {.method = kPost,
     .pattern = "/v1/workflows/{id}/versions",
     .handler = handle::publish,
     .body = Body::kOptional,
     .summary = "Publish the draft as the next version",
     .request_schema = "Publish",
     .response_schema = "Version",
     .success = 201},
    {.method = kGet,
     .pattern = "/v1/workflows/{id}/versions/{version}",
     .handler = handle::show_version,
     .summary = "Show a published version",
     .response_schema = "Version"},
    {.method = kPost,
     .pattern = "/v1/workflows/{id}/validate",
     .handler = handle::validate,
     .body = Body::kOptional,
     .large_body = true,
     .summary = "Check a graph without storing it",
     .request_schema = "Validate",
     .response_schema = "Validation"},
    {.method = kPost,
     .pattern = "/v1/workflows/{id}/command",
     .handler = handle::command,
     .body = Body::kRequired,
     .summary = "Start a run, or pause, resume, stop or retry one",
     .request_schema = "Command",
     .response_schema = "CommandAnswer"},
    {.method = kPost,
     .pattern = "/v1/workflows/{id}/runs:batch",
     .handler = handle::start_batch,
     .body = Body::kRequired,
     .large_body = true,
     .summary = "Start many runs, all or none",
     .request_schema = "Batch",
     .response_schema = "RunIds"},
    {.method = kGet,
     .pattern = "/v1/workflows/{id}/runs",
     .handler = handle::list_runs,
     .summary = "List the workflow's runs",
     .response_schema = "RunList"},
    {.method = kGet,
     .pattern = "/v1/workflows/{id}/stream",
     .handler = handle::stream,
     .summary = "WebSocket of a run's or the workflow's events",
     .success = 101},

    {.method = kGet,
     .pattern = "/v1/runs",
     .handler = handle::list_runs,
     .summary = "List runs",
     .response_schema = "RunList"},
    {.method = kPost,
     .pattern = "/v1/events",
     .handler = handle::broadcast_event,
     .body = Body::kRequired,
     .summary = "Send an event to whoever waits for it now",
     .request_schema = "SendEvent",
     .response_schema = "Delivered"},
    {.method = kGet,
     .pattern = "/v1/tasks/pending",
     .handler = handle::pending_tasks,
     .summary = "List pending human tasks",
     .response_schema = "TaskList"},

#define RUN_ROUTES(PATH)                                                                          \
  {.method = kGet,                                                                                \
   .pattern = PATH(""),                                                                           \
   .handler = handle::summary,                                                                    \
   .summary = "Show a run",                                                                       \
   .response_schema = "Run"},                                                                     \
      {.method = kGet,                                                                            \
       .pattern = PATH("/summary"),                                                               \
       .handler = handle::summary,                                                                \
       .summary = "Show a run",                                                                   \
       .response_schema = "Run"},                                                                 \
      {.method = kGet,                                                                            \
       .pattern = PATH("/events"),                                                                \
       .handler = handle::events,                                                                 \
       .summary = "Events of a run; with Accept: text/event-stream a live stream",                \
       .response_schema = "EventList"},                                                           \
      {.method = kPost,                                                                           \
       .pattern = PATH("/events"),                                                                \
       .handler = handle::send_event,                                                             \
       .body = Body::kRequired,                                                                   \
       .summary = "Send an event to a run",                                                       \
       .request_schema = "SendEvent",                                                             \
       .response_schema = "Accepted"},                                                            \
      {.method = kGet,                                                                            \
       .pattern = PATH("/stream"),                                                                \
       .handler = handle::stream,                                                                 \
       .summary = "WebSocket of a run's events",                                                  \
       .success = 101},                                                                           \
      {.method = kGet,                                                                            \
       .pattern = PATH("/context"),                                                               \
       .handler = handle::context,                                                                \
       .summary = "Input, output and every step of a run",                                        \
       .response_schema = "Context"},                                                             \
      {.method = kGet,                                                                            \
       .pattern = PATH("/steps/{step}/items"),                                                    \
       .handler = handle::items,                                                                  \
       .summary = "Items of a for_each step",                                                     \
       .response_schema = "ItemList"},                                                            \
      {.method = kGet,                                                                            \
       .pattern = PATH("/logs"),                                                                  \
       .handler = handle::logs,                                                                   \
       .summary = "Lines that the run's scripts printed",                                         \
       .response_schema = "LogList"},                                                             \
      {.method = kGet,                                                                            \
       .pattern = PATH("/values/{reference}"),                                                    \
       .handler = handle::value,                                                                  \
       .summary = "A value that an event only refers to"},                                        \
      {.method = kGet,                                                                            \
       .pattern = PATH("/tasks/pending"),                                                         \
       .handler = handle::pending_tasks,                                                          \
       .summary = "List the run's pending human tasks",                                           \
       .response_schema = "TaskList"},                                                            \
  {                                                                                               \
    .method = kPost, .pattern = PATH("/tasks/{task}/complete"), .handler = handle::complete_task, \
    .body = Body::kRequired, .summary = "Decide a human task", .request_schema = "TaskAnswer",    \
    .response_schema = "TaskDecided"                                                              \
  }
    RUN_ROUTES(RUN),
    RUN_ROUTES(WORKFLOW_RUN),
#undef RUN_ROUTES
#undef RUN
#undef WORKFLOW_RUN
};

}  // namespace

std::span<const Route> routes() { return kRoutes; }

}  // namespace troupe::http
