#include "adapters/http/parse.h"

#include <algorithm>
#include <charconv>

#include "runtime/edge/body_reader.h"

namespace troupe::http {
namespace {

using edge::BodyReader;
using edge::invalid;
using edge::own;

constexpr std::size_t kNameMax = 256;
constexpr std::size_t kProseMax = 8 << 10;

std::optional<json::Text> read_object(BodyReader& body, std::string_view key) {
  const auto value = body.object(key);
  if (!value) return std::nullopt;
  return own(*value);
}

template <class T>
Result<T> finish(std::vector<Issue>& issues, T value) {
  if (!issues.empty()) return invalid(std::move(issues));
  return value;
}

Result<TimePoint> read_time(const Query& query, std::string_view name) {
  const auto text = query.find(name);
  if (!text) return TimePoint{};
  const auto time = parse_rfc3339(*text);
  if (!time) return bad_parameter(name, "must be an RFC 3339 time such as 2026-01-31T12:00:00Z.");
  return *time;
}

}  // namespace

Result<WorkflowBody> parse_workflow_patch(const json::Text& text) {
  std::vector<Issue> issues;
  BodyReader body(text.view(), "", issues);
  WorkflowBody workflow;
  workflow.name = body.text("name", kNameMax);
  if (workflow.name && workflow.name->empty()) body.wrong("name", "must not be empty.");
  workflow.description = body.text("description", kProseMax);
  workflow.graph = read_object(body, "graph");
  workflow.run_setup = read_object(body, "run_setup");
  return finish(issues, std::move(workflow));
}

Result<WorkflowBody> parse_new_workflow(const json::Text& text) {
  std::vector<Issue> issues;
  BodyReader body(text.view(), "", issues);
  if (!issues.empty()) return invalid(std::move(issues));
  WorkflowBody workflow;
  workflow.name = body.required_text("name", kNameMax);
  workflow.description = body.text("description", kProseMax);
  workflow.graph = read_object(body, "graph");
  if (!body.raw("graph")) body.missing("graph");
  workflow.run_setup = read_object(body, "run_setup");
  return finish(issues, std::move(workflow));
}

Result<ValidateBody> parse_validate(const json::Text& text) {
  std::vector<Issue> issues;
  BodyReader body(text.view(), "", issues);
  ValidateBody request;
  // A graph of any kind is taken: saying what is wrong with it is what this call is for.
  if (const auto graph = body.raw("graph")) request.graph = own(*graph);
  if (const auto input = body.object("trigger_payload")) request.trigger_payload = own(*input);
  return finish(issues, std::move(request));
}

Result<std::string> parse_changelog(const json::Text& text) {
  std::vector<Issue> issues;
  BodyReader body(text.view(), "", issues);
  std::string changelog = body.text("changelog", kProseMax).value_or("");
  return finish(issues, std::move(changelog));
}

Result<TaskAnswer> parse_task_answer(const json::Text& text) {
  std::vector<Issue> issues;
  BodyReader body(text.view(), "", issues);
  TaskAnswer answer;
  const bool readable = issues.empty();
  const auto approved = body.boolean("approved");
  const auto decision = body.text("decision", 64);
  if (decision && *decision != "approve" && *decision != "reject") {
    body.wrong("decision", "must be approve or reject.");
  } else if (approved && decision && *approved != (*decision == "approve")) {
    body.wrong("decision", "contradicts approved.");
  } else if (readable && !approved && !decision && issues.empty()) {
    body.missing("approved");
  }
  answer.approved = approved.value_or(decision && *decision == "approve");
  if (const auto result = body.object("result")) answer.result = own(*result);
  answer.comment = body.text("comment", kProseMax).value_or("");
  return finish(issues, std::move(answer));
}

Result<EventBody> parse_event(const json::Text& text) {
  std::vector<Issue> issues;
  BodyReader body(text.view(), "", issues);
  if (!issues.empty()) return invalid(std::move(issues));
  EventBody request;
  request.event = body.required_text("event", kNameMax);
  request.key = body.text("key", 1024).value_or("");
  const auto data = body.raw("data");
  request.data = data ? own(*data) : json::Text::trusted("null");
  return finish(issues, std::move(request));
}

Result<store::Page> parse_page(const Query& query, std::size_t limit_max) {
  store::Page page;
  const auto limit = query.number("limit", 50, 1, UINT32_MAX);
  if (!limit.ok()) return limit.error();
  page.limit = std::min<std::size_t>(*limit, limit_max);
  page.cursor = query.find("cursor").value_or("");
  return page;
}

Result<store::RunFilter> parse_run_filter(const Query& query) {
  store::RunFilter filter;
  if (const auto status = query.find("status")) {
    filter.status = store::parse_run_status(*status);
    if (!filter.status) {
      return bad_parameter("status", "must be queued, running, paused, draining, completed, failed "
                                     "or stopped.");
    }
  }
  if (const auto workflow = query.find("workflow_id")) {
    const auto id = Uuid::parse(*workflow);
    if (!id) return bad_parameter("workflow_id", "must be a UUID.");
    filter.workflow = WorkflowId(*id);
  }
  if (const auto external_id = query.find("external_id")) filter.external_id = *external_id;
  filter.q = query.find("q").value_or("");
  const auto from = read_time(query, "from");
  if (!from.ok()) return from.error();
  const auto to = read_time(query, "to");
  if (!to.ok()) return to.error();
  filter.from = *from;
  filter.to = *to;
  return filter;
}

Result<std::optional<std::uint64_t>> parse_if_match(std::string_view field) {
  if (field == "*") return std::optional<std::uint64_t>();
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
    field = field.substr(1, field.size() - 2);
  }
  std::uint64_t etag = 0;
  const auto [end, ec] = std::from_chars(field.data(), field.data() + field.size(), etag);
  if (ec != std::errc() || end != field.data() + field.size() || field.empty() || etag == 0) {
    return {Code::kPreconditionFailed, "If-Match names no state of this draft."};
  }
  return std::optional<std::uint64_t>(etag);
}

}  // namespace troupe::http
