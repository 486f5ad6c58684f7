#include <atomic>
#include <cmath>
#include <utility>

#include "runtime/graph/draft.h"
#include "runtime/graph/fields.h"
#include "runtime/json/read.h"

namespace troupe::graph {
namespace {

constexpr std::int64_t kIterationsMax = 1'000'000'000;
/// Ten years, as for timeouts.
constexpr double kWaitSecondsMax = 315'360'000;

/// Unique in the process, so that executors may keep compiled scripts by it.
std::uint64_t next_script_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::optional<LuaScript> parse_script(Fields& fields, std::string_view field, Place place) {
  auto source = fields.need_text(field);
  if (!source) return std::nullopt;
  const std::size_t bytes_max = fields.context().limits.script_bytes_max;
  if (source->size() > bytes_max) {
    fields.error(Code::kLimitExceeded, field,
                 "a script has at most " + std::to_string(bytes_max) + " bytes, not " +
                     std::to_string(source->size()));
    return std::nullopt;
  }
  const Status status = fields.context().tools.syntax.check(*source, fields.step().id);
  if (!status.ok()) {
    fields.error(Code::kLuaSyntax, field, status.error().message);
    return std::nullopt;
  }
  fields.draft().scripts.push_back({names_in_script(*source), fields.pointer(field), place});
  LuaScript script;
  script.script = std::make_shared<const Script>(
      Script{next_script_id(), std::move(*source), fields.step().id});
  return script;
}

void parse_lua(Fields& fields) {
  if (auto script = parse_script(fields, "script", Place::kStep)) {
    fields.step().work = std::move(*script);
  }
}

void parse_body(Fields& fields, std::string_view field, LevelDraft::Kind kind, int outer_depth) {
  const json::Tree* array = fields.need(field);
  if (array == nullptr) return;
  if (array->kind != json::Kind::kArray) {
    fields.invalid(field, "must be a list of steps, not " + std::string(kind_name(array->kind)));
    return;
  }
  if (array->elements.empty()) {
    fields.error(Code::kMissingField, field, in_quotes(field) + " must have at least one step");
    return;
  }
  if (outer_depth >= fields.context().limits.body_nesting_max) {
    fields.error(Code::kLimitExceeded, field,
                 "bodies nest at most " + std::to_string(fields.context().limits.body_nesting_max) +
                     " deep");
    return;
  }
  fields.draft().body =
      parse_level(*array, fields.pointer(field), kind, outer_depth + 1, fields.context());
}

void parse_items(Fields& fields, ForEach& loop) {
  constexpr std::string_view kField = "for_each_items";
  const json::Tree* items = fields.need(kField);
  if (items == nullptr) return;
  if (items->kind == json::Kind::kArray) {
    loop.items = fields.expanded(kField);
    return;
  }
  if (items->kind == json::Kind::kString) {
    loop.items = fields.expanded(kField);
    if (loop.items && loop.items->constant()) {
      fields.invalid(kField, "must be a template such as {{input.list}}, a list or {\"count\": N}");
    }
    return;
  }
  if (const json::Tree* count = items->find("count");
      count != nullptr && items->members.size() == 1) {
    const std::int64_t n = json::as_int(count->raw).value_or(-1);
    if (n >= 0 && n <= std::int64_t{UINT32_MAX}) {
      loop.count = static_cast<std::uint64_t>(n);
      return;
    }
  }
  fields.invalid(kField, "must be a template, a list or {\"count\": N} with N below 4294967296");
}

void parse_for_each(Fields& fields, int depth) {
  ForEach loop;
  parse_items(fields, loop);
  const int parallel_max = fields.context().limits.parallel_max;
  if (const auto n = fields.integer("for_each_max_parallel", 1, INT32_MAX)) {
    loop.parallel_max = static_cast<int>(*n);
    if (*n > parallel_max) {
      fields.error(Code::kLimitExceeded, "for_each_max_parallel",
                   "at most " + std::to_string(parallel_max) + " items run at the same time");
    }
  }
  loop.continue_on_item_error =
      fields.choice<bool>("on_item_error", {{"fail", false}, {"continue", true}}).value_or(false);
  if (fields.find("for_each_body") != nullptr) {
    fields.error(
        Code::kLegacyShape, "for_each_body",
        "\"for_each_body\" is no longer accepted: write \"for_each_body_steps\", a list of "
        "steps");
    fields.find("for_each_body_steps");
  } else {
    parse_body(fields, "for_each_body_steps", LevelDraft::Kind::kForEach, depth);
  }
  fields.step().work = std::move(loop);
}

void parse_while(Fields& fields, int depth) {
  While loop;
  loop.until =
      fields.choice<bool>("while_mode", {{"until", true}, {"while", false}}).value_or(true);
  if (fields.need("while_max_iterations") != nullptr) {
    loop.iterations_max =
        static_cast<int>(fields.integer("while_max_iterations", 1, kIterationsMax).value_or(1));
  }
  loop.condition = fields.expanded_test("while_condition", Place::kAfterBody);
  if (fields.find("while_eval_script") != nullptr) {
    loop.eval_script = parse_script(fields, "while_eval_script", Place::kAfterBody);
  } else if (fields.find("while_condition") == nullptr) {
    fields.error(Code::kMissingField, "while_condition",
                 "\"while_condition\" or \"while_eval_script\" is missing");
  }
  parse_body(fields, "while_body_steps", LevelDraft::Kind::kWhile, depth);
  fields.step().work = std::move(loop);
}

/// A JSON Schema inside a step.
std::shared_ptr<const schema::Schema> parse_schema(Fields& fields,
                                                   std::string_view field,
                                                   json::Text* text) {
  const json::Tree* value = fields.find(field);
  if (value == nullptr) return nullptr;
  if (value->kind != json::Kind::kObject) {
    fields.invalid(field,
                   "must be a JSON Schema object, not " + std::string(kind_name(value->kind)));
    return nullptr;
  }
  *text = json::Text::trusted(json::compact(value->raw));
  auto compiled = schema::Schema::compile(*text, fields.context().tools.patterns);
  if (compiled.ok()) return std::move(compiled).value();
  const Error& error = compiled.error();
  const std::string below = error.issues.empty() ? "" : error.issues.front().pointer;
  fields.context().findings.error(Code::kSchemaInvalid, fields.step().id,
                                  fields.pointer(field) + below, error.message);
  return nullptr;
}

void parse_human_task(Fields& fields) {
  HumanTask task;
  task.task_type = fields.need_text("task_type").value_or("");
  task.payload = fields.expanded("task_payload");
  task.schema = parse_schema(fields, "form", &task.form);
  task.on_timeout =
      fields
          .choice<HumanTask::OnTimeout>("on_timeout", {{"fail", HumanTask::OnTimeout::kFail},
                                                       {"approve", HumanTask::OnTimeout::kApprove},
                                                       {"reject", HumanTask::OnTimeout::kReject}})
          .value_or(HumanTask::OnTimeout::kFail);
  fields.step().work = std::move(task);
}

void parse_wait(Fields& fields) {
  Wait wait;
  const json::Tree* duration = fields.find("duration_s");
  const json::Tree* until = fields.find("until");
  if (duration == nullptr && until == nullptr) {
    fields.error(Code::kMissingField, "duration_s", "\"duration_s\" or \"until\" is missing");
  }
  if (duration != nullptr && until != nullptr) {
    fields.invalid("until", "and \"duration_s\" exclude each other: write one of them");
  }
  if (duration != nullptr && duration->kind == json::Kind::kString) {
    wait.duration_s = fields.expanded("duration_s");
    if (wait.duration_s && wait.duration_s->constant()) {
      fields.invalid("duration_s", "must be a number of seconds or a template");
    }
  } else if (fields.number("duration_s", 0, kWaitSecondsMax)) {
    wait.duration_s = fields.expanded("duration_s");
  }
  wait.until = fields.expanded_text("until");
  if (wait.until && wait.until->constant() && !parse_rfc3339(until->string)) {
    fields.invalid("until", "must be an RFC 3339 time such as 2026-12-31T09:00:00Z, or a template");
  }
  fields.step().work = std::move(wait);
}

void parse_wait_event(Fields& fields) {
  WaitEvent wait;
  wait.event = fields.need_text("event").value_or("");
  wait.key = fields.expanded_text("key");
  fields.step().work = std::move(wait);
}

void parse_run_workflow(Fields& fields) {
  RunWorkflow work;
  work.workflow_id = fields.need_text("workflow_id").value_or("");
  if (const auto version = fields.integer("version", 1, INT32_MAX)) {
    work.version = static_cast<int>(*version);
  }
  work.input = fields.expanded("input");
  // The child's id follows from this step, so asking twice starts it once.
  fields.step().effect = Effect::kIdempotent;
  fields.step().work = std::move(work);
}

}  // namespace

void parse_work(Fields& fields, const LevelDraft& level) {
  switch (fields.step().type) {
    case StepType::kLuaScript:
      return parse_lua(fields);
    case StepType::kForEach:
      return parse_for_each(fields, level.depth);
    case StepType::kWhile:
      return parse_while(fields, level.depth);
    case StepType::kHumanTask:
      return parse_human_task(fields);
    case StepType::kWait:
      return parse_wait(fields);
    case StepType::kWaitEvent:
      return parse_wait_event(fields);
    case StepType::kRunWorkflow:
      return parse_run_workflow(fields);
    case StepType::kLlmCall:
    case StepType::kMcpCall:
    case StepType::kAgentCall:
    case StepType::kHttpRequest:
    case StepType::kWorkerTask:
      return parse_service(fields);
  }
}

}  // namespace troupe::graph
