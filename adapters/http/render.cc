#include "adapters/http/render.h"

#include "adapters/http/problem.h"
#include "runtime/json/write.h"
#include "runtime/llm/price.h"

namespace troupe::http {
namespace {

void member_time(json::Writer& out, std::string_view name, TimePoint time) {
  out.key(name);
  if (time.set()) out.string(to_rfc3339(time));
  else out.null();
}

void member_id(json::Writer& out, std::string_view name, const Uuid& id) {
  out.key(name);
  if (id.set()) out.string(id.to_string());
  else out.null();
}

}  // namespace

std::string etag_of(const store::Workflow& workflow) {
  return "\"" + std::to_string(workflow.etag) + "\"";
}

std::string render(const store::Workflow& workflow) {
  const std::string_view status = workflow.archived             ? "archived"
                                  : workflow.latest_version > 0 ? "published"
                                                                : "draft";
  json::Writer out;
  out.begin_object()
      .member("id", workflow.id.to_string())
      .member("name", workflow.name)
      .member("description", workflow.description);
  member_id(out, "project_id", workflow.project);
  out.member("status", status).member_raw("graph", workflow.graph);
  if (!workflow.run_setup.empty()) out.member_raw("run_setup", workflow.run_setup);
  out.member("etag", std::to_string(workflow.etag));
  out.key("latest_version");
  if (workflow.latest_version > 0) out.number(std::int64_t{workflow.latest_version});
  else out.null();
  member_time(out, "created_at", workflow.created);
  member_time(out, "updated_at", workflow.updated);
  return out.end_object().take();
}

std::string render(const store::Version& version) {
  json::Writer out;
  out.begin_object()
      .member("version", version.version)
      .member("workflow_id", version.workflow.to_string());
  member_time(out, "published_at", version.published);
  out.member("changelog", version.changelog).member_raw("graph_snapshot", version.graph);
  if (!version.run_setup.empty()) out.member_raw("run_setup", version.run_setup);
  return out.end_object().take();
}

std::string render(const store::RunRow& run) {
  json::Writer out;
  out.begin_object().member("run_id", run.id.to_string());
  member_id(out, "workflow_id", run.workflow);
  out.member("version", run.version).member("status", store::name(run.status));
  if (run.pause_reason != store::PauseReason::kNone) {
    out.member("pause_reason", store::name(run.pause_reason));
  }
  out.member("trigger_type", run.trigger_type);
  if (!run.external_id.empty()) out.member("external_id", run.external_id);
  member_time(out, "created_at", run.created);
  member_time(out, "started_at", run.started);
  member_time(out, "finished_at", run.finished);
  out.member("steps_total", run.steps_total).member("steps_done", run.steps_done);
  if (!run.error.empty()) out.member_raw("error", run.error);
  if (!run.output.empty()) out.member_raw("output", run.output);
  out.member("run_complete", store::ended(run.status));
  if (run.retried_from.set()) out.member("retried_from", run.retried_from.to_string());
  if (run.usage.set()) {
    out.key("usage");
    llm::write_usage(out, run.usage);
  }
  return out.end_object().take();
}

std::string render(const store::TaskRow& task) {
  json::Writer out;
  out.begin_object()
      .member("task_id", task.id.to_string())
      .member("run_id", task.run.to_string());
  member_id(out, "workflow_id", task.workflow);
  out.member("step_id", task.step_id).member("task_type", task.task_type);
  out.member_raw("task_payload", task.payload.empty() ? "null" : std::string_view(task.payload));
  if (!task.form.empty()) out.member_raw("form", task.form);
  member_time(out, "created_at", task.created);
  if (task.expires.set()) member_time(out, "expires_at", task.expires);
  return out.end_object().take();
}

std::string render(const store::Workspace& workspace) {
  json::Writer out;
  out.begin_object()
      .member("id", workspace.id.to_string())
      .member("slug", workspace.slug)
      .member("name", workspace.name);
  member_time(out, "created_at", workspace.created);
  return out.end_object().take();
}

std::string render(const store::Project& project) {
  json::Writer out;
  out.begin_object()
      .member("id", project.id.to_string())
      .member("workspace_id", project.workspace.to_string())
      .member("slug", project.slug)
      .member("name", project.name)
      .member("private", project.is_private)
      .member("retention_days", project.retention_days);
  member_time(out, "created_at", project.created);
  if (project.archived.set()) member_time(out, "archived_at", project.archived);
  return out.end_object().take();
}

std::string render(const NodeInfo& node) {
  json::Writer out;
  out.begin_object().member("name", node.name).member("number", node.number);
  out.member("url", node.address).member("self", node.is_self);
  out.member("draining", node.draining).member("slots", node.slots);
  out.member("lease_left_ms", node.lease_left.us / 1000).end_object();
  return out.take();
}

std::string render(const Started& started) {
  json::Writer out;
  out.begin_object()
      .member("run_id", started.run.to_string())
      .member("status", store::name(started.status));
  member_id(out, "workflow_id", started.workflow);
  out.member("version", started.version);
  member_time(out, "started_at", started.started_at);
  return out.end_object().take();
}

std::string render(const TaskDecided& decided) {
  json::Writer out;
  out.begin_object()
      .member("status", "completed")
      .member("task_id", decided.task.to_string())
      .member("approved", decided.approved);
  return out.end_object().take();
}

std::string render(const graph::Parsed& parsed) {
  json::Writer out;
  out.begin_object().member("valid", parsed.graph != nullptr);
  out.key("checks_performed").begin_array();
  for (const std::string& check : parsed.checks_performed) out.string(check);
  out.end_array().member_raw("issues", issues_json(parsed.issues));
  return out.end_object().take();
}

std::string render(const std::vector<RunId>& runs) {
  json::Writer out;
  out.begin_object().key("run_ids").begin_array();
  for (const RunId& run : runs) out.string(run.to_string());
  return out.end_array().end_object().take();
}

std::string page_json(const std::vector<std::string>& items, const std::string& next_cursor) {
  json::Writer out;
  out.begin_object().key("items").begin_array();
  for (const std::string& item : items) out.raw(item);
  out.end_array().key("next_cursor");
  if (next_cursor.empty()) out.null();
  else out.string(next_cursor);
  return out.end_object().take();
}

}  // namespace troupe::http
