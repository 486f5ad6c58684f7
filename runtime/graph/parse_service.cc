#include <algorithm>
#include <utility>

#include "runtime/graph/draft.h"
#include "runtime/graph/fields.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

// The step types that reach a service outside. Some do not run yet; their fields are checked in
// full, so that a graph which validates but for kStepTypeUnavailable will run once they do.

namespace troupe::graph {
namespace {

constexpr int kAttemptsMax = 1000;

/// A field whose value is of the given kind, or a template that gives one.
void expanded_kind(Fields& fields, std::string_view field, json::Kind kind) {
  const json::Tree* value = fields.find(field);
  if (value == nullptr) return;
  if (value->kind != kind && value->kind != json::Kind::kString) {
    fields.invalid(field, "must be " + std::string(kind_name(kind)) + " or a template, not " +
                              std::string(kind_name(value->kind)));
    return;
  }
  const auto compiled = fields.expanded(field);
  if (compiled && compiled->constant() && value->kind != kind) {
    fields.invalid(field, "must be " + std::string(kind_name(kind)) + " or a template");
  }
}

void need_one_of(Fields& fields, std::string_view first, std::string_view second) {
  if (fields.find(first) != nullptr || fields.find(second) != nullptr) return;
  fields.error(Code::kMissingField, first,
               in_quotes(first) + " or " + in_quotes(second) + " is missing");
}

/// A string field that must not be empty where it is there.
void filled_text(Fields& fields, std::string_view field) {
  if (fields.find(field) != nullptr) fields.need_text(field);
}

std::string object_of(Fields& fields, std::initializer_list<std::string_view> names) {
  json::Writer object;
  object.begin_object();
  for (const std::string_view name : names) {
    if (const json::Tree* value = fields.find(name)) object.member_raw(name, value->raw);
  }
  return object.end_object().take();
}

/// The step is done by a service, which is told these of its fields. Each has been checked.
void ask_service(Fields& fields, std::initializer_list<std::string_view> expanded,
                 std::initializer_list<std::string_view> fixed) {
  auto compiled = Template::compile(object_of(fields, expanded));
  if (compiled.ok()) {
    fields.step().work = ServiceCall{*std::move(compiled), object_of(fields, fixed)};
  }
}

void parse_llm_call(Fields& fields) {
  need_one_of(fields, "model", "model_ref");
  filled_text(fields, "model");
  filled_text(fields, "model_ref");
  need_one_of(fields, "prompt", "messages");
  fields.expanded_text("prompt");
  expanded_kind(fields, "messages", json::Kind::kArray);
  fields.expanded_text("system");
  fields.object("llm_params");
  fields.text("llm_credential_id");
  if (const json::Tree* schema = fields.find("response_schema")) {
    fields.object("response_schema");
    if (schema->kind == json::Kind::kObject) {
      const auto compiled = schema::Schema::compile(json::Text::trusted(json::compact(schema->raw)),
                                                    fields.context().tools.patterns);
      if (!compiled.ok()) {
        fields.error(Code::kSchemaInvalid, "response_schema", compiled.error().message);
      }
    }
  }
  fields.step().effect = Effect::kIdempotent;
  ask_service(fields, {"prompt", "messages", "system"},
              {"model", "model_ref", "llm_params", "llm_credential_id", "response_schema"});
}

void parse_mcp_call(Fields& fields) {
  filled_text(fields, "instance_id");
  filled_text(fields, "server_url");
  fields.need_text("tool_name");
  expanded_kind(fields, "tool_args", json::Kind::kObject);
  // Whether the tool only reads is known to its server alone.
  fields.step().effect = Effect::kOnce;
}

void parse_agent_call(Fields& fields) {
  fields.need_text("agent_id");
  fields.need("prompt");
  fields.expanded_text("prompt");
  fields.step().effect = Effect::kOnce;
}

void parse_http_request(Fields& fields) {
  constexpr std::string_view kMethods[] = {"GET",   "HEAD",   "POST",   "PUT",
                                           "PATCH", "DELETE", "OPTIONS"};
  const auto method = fields.need_text("method");
  if (method &&
      std::find(std::begin(kMethods), std::end(kMethods), *method) == std::end(kMethods)) {
    fields.invalid("method", "must be one of: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  }
  fields.need("url");
  fields.expanded_text("url");
  expanded_kind(fields, "headers", json::Kind::kObject);
  fields.expanded("body");
  filled_text(fields, "connection_id");
  const bool reads = method == "GET" || method == "HEAD" || method == "OPTIONS";
  fields.step().effect = reads ? Effect::kIdempotent : Effect::kOnce;
  ask_service(fields, {"url", "headers", "body"}, {"method", "connection_id"});
}

/// Where a step says nothing of retries it waits for a worker, about as long as one may take for
/// the task: a task that nobody took is tried again, anything else is not.
Retry wait_for_worker(Duration timeout) {
  Retry retry;
  retry.delay_max = seconds(15);
  retry.jitter_full = false;
  retry.on = {Code::kUnavailable};
  Duration delay = retry.initial;
  for (Duration waited; waited < timeout && retry.attempts_max < kAttemptsMax;) {
    waited = waited + delay;
    delay = std::min(Duration{2 * delay.us}, retry.delay_max);
    ++retry.attempts_max;
  }
  return retry;
}

void parse_worker_task(Fields& fields) {
  WorkerTask work;
  work.queue = fields.need_name("queue").value_or("");
  work.task = fields.need_name("task").value_or("");
  work.args = fields.expanded("args");
  work.heartbeat = fields.duration_s("heartbeat_s").value_or(Duration{});
  Step& step = fields.step();
  if (fields.find("retry") == nullptr && fields.find("retry_count") == nullptr) {
    step.retry = wait_for_worker(step.timeout);
  }
  step.effect = Effect::kOnce;
  step.work = std::move(work);
  if (fields.context().tools.has_workers) return;
  fields.error(Code::kStepTypeUnavailable, "type",
               "steps of type worker_task need NATS, to which this node has no link: set nats.url");
}

}  // namespace

void parse_service(Fields& fields) {
  const StepType type = fields.step().type;
  if (type == StepType::kWorkerTask) return parse_worker_task(fields);
  fields.step().work = Unavailable{};
  if (type == StepType::kLlmCall) return parse_llm_call(fields);
  if (type == StepType::kMcpCall) parse_mcp_call(fields);
  if (type == StepType::kAgentCall) parse_agent_call(fields);
  if (type == StepType::kHttpRequest) return parse_http_request(fields);
  fields.error(Code::kStepTypeUnavailable, "type",
               "steps of type " + std::string(name(type)) + " do not run yet");
}

}  // namespace troupe::graph
