#include <algorithm>
#include <iterator>

#include "adapters/http/handlers.h"
#include "adapters/http/route.h"

namespace troupe::http {
namespace {

using enum Method;
using enum tenancy::Permission;

#define RUN(path) "/v1/runs/{run}" path
#define WORKFLOW_RUN(path) "/v1/workflows/{id}/runs/{run}" path

// The one list of what this server answers: the router and /openapi.json both read it.
constexpr Route kRoutes[] = {
    {.method = kGet,
     .pattern = "/healthz",
     .handler = handle::live,
     .needs = kHealthRead,
     .summary = "Whether the process answers",
     .response_schema = "Health"},
    {.method = kGet,
     .pattern = "/livez",
     .handler = handle::live,
     .needs = kHealthRead,
     .summary = "Whether the process answers",
     .response_schema = "Health"},
    {.method = kGet,
     .pattern = "/readyz",
     .handler = handle::ready,
     .needs = kHealthRead,
     .summary = "Whether every dependency is ready (?verbose: each of them)",
     .response_schema = "Health"},
    {.method = kGet,
     .pattern = "/openapi.json",
     .handler = handle::openapi,
     .needs = kApiRead,
     .summary = "This document",
     .response_schema = "Document"},
    {.method = kGet,
     .pattern = "/metrics",
     .handler = handle::metrics,
     .needs = kMetricsRead,
     .free_on_loopback = true,
     .summary = "Metrics for Prometheus",
     .response_schema = "Text"},

    {.method = kGet,
     .pattern = "/v1/nodes",
     .handler = handle::list_nodes,
     .needs = kNodeRead,
     .summary = "List the nodes that share the store",
     .response_schema = "NodeList"},
    {.method = kPost,
     .pattern = "/v1/nodes/{name}/drain",
     .handler = handle::drain_node,
     .needs = kNodeDrain,
     .summary = "Have a node give everything it owns to the others",
     .response_schema = "Draining",
     .success = 202},
    {.method = kGet,
     .pattern = "/v1/workspaces",
     .handler = handle::list_workspaces,
     .needs = kSelfRead,
     .summary = "List workspaces",
     .response_schema = "WorkspaceList"},
    {.method = kPost,
     .pattern = "/v1/workspaces",
     .handler = handle::create_workspace,
     .needs = kWorkspaceCreate,
     .body = Body::kRequired,
     .summary = "Create a workspace",
     .request_schema = "Named",
     .response_schema = "Workspace",
     .success = 201},
    {.method = kGet,
     .pattern = "/v1/projects",
     .handler = handle::list_projects,
     .needs = kProjectList,
     .summary = "List the workspace's projects (?archived=true: those)",
     .response_schema = "ProjectList"},
    {.method = kPost,
     .pattern = "/v1/projects",
     .handler = handle::create_project,
     .needs = kProjectCreate,
     .body = Body::kRequired,
     .summary = "Create a project",
     .request_schema = "Named",
     .response_schema = "Project",
     .success = 201},

#include "adapters/http/routes_access.inc"
#include "adapters/http/routes_outside.inc"

    {.method = kGet,
     .pattern = "/v1/workflows",
     .handler = handle::list_workflows,
     .needs = kWorkflowRead,
     .summary = "List workflows",
     .response_schema = "WorkflowList"},
    {.method = kPost,
     .pattern = "/v1/workflows",
     .handler = handle::create_workflow,
     .needs = kWorkflowCreate,
     .body = Body::kRequired,
     .large_body = true,
     .summary = "Create a workflow draft",
     .request_schema = "NewWorkflow",
     .response_schema = "Workflow",
     .success = 201},
    {.method = kGet,
     .pattern = "/v1/workflows/{id}",
     .handler = handle::show_workflow,
     .needs = kWorkflowRead,
     .summary = "Show a draft",
     .response_schema = "Workflow"},
    {.method = kPatch,
     .pattern = "/v1/workflows/{id}",
     .handler = handle::change_workflow,
     .needs = kWorkflowChange,
     .body = Body::kRequired,
     .large_body = true,
     .summary = "Change a draft (If-Match is needed)",
     .request_schema = "WorkflowPatch",
     .response_schema = "Workflow"},
    {.method = kDelete,
     .pattern = "/v1/workflows/{id}",
     .handler = handle::archive_workflow,
     .needs = kWorkflowArchive,
     .summary = "Archive a workflow",
     .success = 204},
    {.method = kGet,
     .pattern = "/v1/workflows/{id}/versions",
     .handler = handle::list_versions,
     .needs = kWorkflowRead,
     .summary = "List published versions",
     .response_schema = "VersionList"},
    {.method = kPost,
     .pattern = "/v1/workflows/{id}/versions",
     .handler = handle::publish,
     .needs = kWorkflowPublish,
     .body = Body::kOptional,
     .summary = "Publish the draft as the next version",
     .request_schema = "Publish",
     .response_schema = "Version",
     .success = 201},
    {.method = kGet,
     .pattern = "/v1/workflows/{id}/versions/{version}",
     .handler = handle::show_version,
     .needs = kWorkflowRead,
     .summary = "Show a published version",
     .response_schema = "Version"},
    {.method = kGet,
     .pattern = "/v1/workflows/{id}/versions/{version}/diff",
     .handler = handle::diff_version,
     .needs = kWorkflowRead,
     .summary = "What lies between a version and another one (?against=N), or the draft",
     .response_schema = "VersionDiff"},
    {.method = kPost,
     .pattern = "/v1/workflows/{id}/validate",
     .handler = handle::validate,
     .needs = kWorkflowValidate,
     .body = Body::kOptional,
     .large_body = true,
     .summary = "Check a graph without storing it",
     .request_schema = "Validate",
     .response_schema = "Validation"},
    {.method = kPost,
     .pattern = "/v1/workflows/{id}/command",
     .handler = handle::command,
     .needs = kRunStart,
     .body = Body::kRequired,
     .summary = "Start a run, or pause, resume, stop or retry one",
     .request_schema = "Command",
     .response_schema = "CommandAnswer"},
    {.method = kPost,
     .pattern = "/v1/workflows/{id}/runs:batch",
     .handler = handle::start_batch,
     .needs = kRunStart,
     .body = Body::kRequired,
     .large_body = true,
     .summary = "Start many runs, all or none",
     .request_schema = "Batch",
     .response_schema = "RunIds"},
    {.method = kGet,
     .pattern = "/v1/workflows/{id}/runs",
     .handler = handle::list_runs,
     .needs = kRunRead,
     .summary = "List the workflow's runs",
     .response_schema = "RunList"},
    {.method = kGet,
     .pattern = "/v1/workflows/{id}/stream",
     .handler = handle::stream,
     .needs = kRunRead,
     .live = true,
     .summary = "WebSocket of a run's or the workflow's events",
     .success = 101},

    {.method = kGet,
     .pattern = "/v1/runs",
     .handler = handle::list_runs,
     .needs = kRunRead,
     .summary = "List runs",
     .response_schema = "RunList"},
    {.method = kPost,
     .pattern = "/v1/runs:bulk",
     .handler = handle::bulk_runs,
     .needs = kRunBulk,
     .body = Body::kRequired,
     .summary = "Stop or try again every run that a filter selects",
     .request_schema = "NewJob",
     .response_schema = "NewJobMade",
     .success = 202},
    {.method = kGet,
     .pattern = "/v1/jobs",
     .handler = handle::list_jobs,
     .needs = kRunRead,
     .summary = "List jobs over many runs",
     .response_schema = "JobList"},
    {.method = kGet,
     .pattern = "/v1/jobs/{job}",
     .handler = handle::show_job,
     .needs = kRunRead,
     .summary = "Show how far a job has come",
     .response_schema = "Job"},
    {.method = kPost,
     .pattern = "/v1/jobs/{job}/cancel",
     .handler = handle::cancel_job,
     .needs = kRunBulk,
     .summary = "Cancel a job; what it has done stays",
     .response_schema = "Job"},
    {.method = kGet,
     .pattern = "/v1/analytics",
     .handler = handle::analytics,
     .needs = kAnalyticsRead,
     .summary = "Show what has become of runs, in numbers and over time",
     .response_schema = "Analytics"},
    {.method = kPost,
     .pattern = "/v1/events",
     .handler = handle::broadcast_event,
     .needs = kEventSend,
     .body = Body::kRequired,
     .summary = "Send an event to whoever waits for it now",
     .request_schema = "SendEvent",
     .response_schema = "Delivered"},
    {.method = kGet,
     .pattern = "/v1/tasks/pending",
     .handler = handle::pending_tasks,
     .needs = kTaskList,
     .summary = "List pending human tasks",
     .response_schema = "TaskList"},

#define RUN_ROUTES(PATH)                                                                          \
  {.method = kGet,                                                                                \
   .pattern = PATH(""),                                                                           \
   .handler = handle::summary,                                                                    \
   .needs = kRunRead,                                                                             \
   .summary = "Show a run",                                                                       \
   .response_schema = "Run"},                                                                     \
      {.method = kGet,                                                                            \
       .pattern = PATH("/summary"),                                                               \
       .handler = handle::summary,                                                                \
       .needs = kRunRead,                                                                         \
       .summary = "Show a run",                                                                   \
       .response_schema = "Run"},                                                                 \
      {.method = kGet,                                                                            \
       .pattern = PATH("/events"),                                                                \
       .handler = handle::events,                                                                 \
       .needs = kRunRead,                                                                         \
       .live = true,                                                                               \
       .summary = "Events of a run; with Accept: text/event-stream a live stream",                \
       .response_schema = "EventList"},                                                           \
      {.method = kPost,                                                                           \
       .pattern = PATH("/events"),                                                                \
       .handler = handle::send_event,                                                             \
       .needs = kEventSend,                                                                       \
       .body = Body::kRequired,                                                                   \
       .summary = "Send an event to a run",                                                       \
       .request_schema = "SendEvent",                                                             \
       .response_schema = "Accepted"},                                                            \
      {.method = kGet,                                                                            \
       .pattern = PATH("/stream"),                                                                \
       .handler = handle::stream,                                                                 \
       .needs = kRunRead,                                                                         \
       .live = true,                                                                               \
       .summary = "WebSocket of a run's events",                                                  \
       .success = 101},                                                                           \
      {.method = kGet,                                                                            \
       .pattern = PATH("/context"),                                                               \
       .handler = handle::context,                                                                \
       .needs = kRunRead,                                                                         \
       .summary = "Input, output and every step of a run",                                        \
       .response_schema = "Context"},                                                             \
      {.method = kGet,                                                                            \
       .pattern = PATH("/steps/{step}/items"),                                                    \
       .handler = handle::items,                                                                  \
       .needs = kRunRead,                                                                         \
       .summary = "Items of a for_each step",                                                     \
       .response_schema = "ItemList"},                                                            \
      {.method = kGet,                                                                            \
       .pattern = PATH("/logs"),                                                                  \
       .handler = handle::logs,                                                                   \
       .needs = kRunRead,                                                                         \
       .summary = "Lines that the run's scripts printed",                                         \
       .response_schema = "LogList"},                                                             \
      {.method = kGet,                                                                            \
       .pattern = PATH("/values/{reference}"),                                                    \
       .handler = handle::value,                                                                  \
       .needs = kRunRead,                                                                         \
       .summary = "A value that an event only refers to",                                         \
       .response_schema = "Value"},                                                               \
      {.method = kGet,                                                                            \
       .pattern = PATH("/tasks/pending"),                                                         \
       .handler = handle::pending_tasks,                                                          \
       .needs = kRunRead,                                                                         \
       .summary = "List the run's pending human tasks",                                           \
       .response_schema = "TaskList"},                                                            \
  {                                                                                               \
    .method = kPost, .pattern = PATH("/tasks/{task}/complete"), .handler = handle::complete_task, \
    .needs = kTaskAnswer,                                                                         \
    .body = Body::kRequired, .summary = "Decide a human task", .request_schema = "TaskAnswer",    \
    .response_schema = "TaskDecided"                                                              \
  }
    RUN_ROUTES(RUN),
    RUN_ROUTES(WORKFLOW_RUN),
#undef RUN_ROUTES
#undef RUN
#undef WORKFLOW_RUN
};

constexpr bool names_its_project(const Route& route) {
  return !route.needs.rule().need.names_project ||
         route.pattern.find("{project}") != std::string_view::npos;
}
static_assert(std::all_of(std::begin(kRoutes), std::end(kRoutes), names_its_project),
              "what is about a project itself has it in its path");
constexpr bool reads_with_get(const Route& route) {
  return route.method != kGet || !route.needs.rule().changes() || route.from_elsewhere;
}
static_assert(std::all_of(std::begin(kRoutes), std::end(kRoutes), reads_with_get),
              "what a link or an image can ask for changes nothing, a sign-in's end apart");
// One path starts, controls and retries, and asks for one of the three.
static_assert(tenancy::is_needed_alike(kRunStart, kRunControl) &&
              tenancy::is_needed_alike(kRunStart, kRunRetry));

}  // namespace

std::span<const Route> routes() { return kRoutes; }

}  // namespace troupe::http
