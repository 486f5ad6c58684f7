#include <algorithm>
#include <cmath>
#include <utility>

#include "runtime/graph/draft.h"
#include "runtime/graph/fields.h"
#include "runtime/json/read.h"

namespace troupe::graph {
namespace {

constexpr std::size_t kIdBytesMax = 64;  // as in is_name
constexpr std::int64_t kAttemptsMax = 1000;
constexpr std::int64_t kDelayMsMax = 86'400'000;

/// Seconds that an attempt of the type may take unless it says otherwise; 0: without end.
int default_timeout_s(StepType type) {
  switch (type) {
    case StepType::kLuaScript:
      return 5;
    case StepType::kHttpRequest:
      return 30;
    case StepType::kMcpCall:
      return 60;
    case StepType::kLlmCall:
      return 120;
    case StepType::kWorkerTask:
      return 300;
    case StepType::kAgentCall:
      return 600;
    case StepType::kForEach:
    case StepType::kWhile:
    case StepType::kHumanTask:
    case StepType::kWait:
    case StepType::kWaitEvent:
    case StepType::kRunWorkflow:
      break;
  }
  return 0;
}

void parse_identity(Fields& fields, bool top) {
  if (auto id = fields.need_text("id")) {
    const bool valid = is_name(*id);
    // A bad id still names its step, so that what depends on it is no second mistake.
    if (id->size() <= kIdBytesMax) fields.step().id = std::move(*id);
    if (!valid) fields.invalid("id", "must be 1 to 64 of the characters A-Z a-z 0-9 _ -");
  }
  fields.step().name = fields.text("name").value_or("");
  // Only people read the name, so a short graph without it still runs.
  if (top && fields.find("name") == nullptr) {
    fields.warning(Code::kMissingField, "name", "\"name\" is missing");
  }
}

/// False if there is no such type, so that nothing more can be said about the step's own fields.
bool parse_type(Fields& fields) {
  const auto type_name = fields.need_text("type");
  if (!type_name) return false;
  if (const auto type = parse_step_type(*type_name)) {
    fields.step().type = *type;
    return true;
  }
  if (*type_name == "condition") {
    fields.error(
        Code::kLegacyShape, "type",
        "there is no step type condition any more: write a \"condition\" field on the steps "
        "that depend on it");
  } else if (*type_name == "parallel") {
    fields.error(Code::kLegacyShape, "type",
                 "there is no step type parallel any more: steps that do not depend on each other "
                 "run at the same time; for one step per item write for_each");
  } else if (*type_name == "sequence") {
    fields.error(
        Code::kLegacyShape, "type",
        "there is no step type sequence any more: write the steps one by one and order them "
        "with \"depends_on\"");
  } else {
    std::vector<std::string_view> types;
    for (int i = 0; i <= static_cast<int>(StepType::kWorkerTask); ++i) {
      types.push_back(name(static_cast<StepType>(i)));
    }
    fields.error(
        Code::kUnknownType, "type",
        "there is no step type " + in_quotes(*type_name) + did_you_mean(*type_name, types));
  }
  return false;
}

void parse_dependencies(Fields& fields) {
  const json::Tree* list = fields.find("depends_on");
  if (list == nullptr) return;
  fields.draft().depends_on_given = true;
  if (list->kind != json::Kind::kArray) {
    fields.invalid("depends_on",
                   "must be a list of step ids, not " + std::string(kind_name(list->kind)));
    return;
  }
  for (std::size_t i = 0; i < list->elements.size(); ++i) {
    const std::string pointer = fields.pointer("depends_on") + '/' + std::to_string(i);
    if (list->elements[i].kind == json::Kind::kString) {
      fields.draft().dependencies.push_back({list->elements[i].string, pointer});
    } else {
      fields.context().findings.error(Code::kInvalidField, fields.step().id, pointer,
                                      "\"depends_on\" must hold step ids");
    }
  }
}

void parse_retry_object(Fields& step_fields, const json::Tree& object) {
  Fields fields(step_fields.draft(), object, step_fields.pointer("retry"), step_fields.context());
  Retry& retry = fields.step().retry;
  if (const auto n = fields.integer("max_attempts", 1, kAttemptsMax)) {
    retry.attempts_max = static_cast<int>(*n);
  } else if (object.find("max_attempts") == nullptr) {
    fields.missing("max_attempts");
  }
  if (const auto ms = fields.integer("initial_ms", 0, kDelayMsMax))
    retry.initial = milliseconds(*ms);
  if (const auto ms = fields.integer("max_ms", 0, kDelayMsMax)) retry.delay_max = milliseconds(*ms);
  if (const auto factor = fields.number("factor", 1, 100)) retry.factor = *factor;
  if (const auto full = fields.choice<bool>("jitter", {{"full", true}, {"none", false}})) {
    retry.jitter_full = *full;
  }
  if (const json::Tree* list = fields.find("on")) {
    if (list->kind != json::Kind::kArray) {
      fields.invalid("on",
                     "must be a list of error codes, not " + std::string(kind_name(list->kind)));
      list = nullptr;
    }
    for (std::size_t i = 0; list != nullptr && i < list->elements.size(); ++i) {
      const auto code = parse_code(list->elements[i].string);
      if (code) {
        retry.on.push_back(*code);
      } else {
        fields.context().findings.error(
            Code::kInvalidField, fields.step().id, fields.pointer("on") + '/' + std::to_string(i),
            "there is no error code " + in_quotes(list->elements[i].string));
      }
    }
  }
  fields.report_unknown();
}

void parse_retry(Fields& fields) {
  const auto count = fields.integer("retry_count", 0, kAttemptsMax - 1);
  if (count) fields.step().retry.attempts_max = static_cast<int>(*count) + 1;
  const json::Tree* object = fields.find("retry");
  if (object == nullptr) return;
  if (fields.find("retry_count") != nullptr) {
    fields.invalid("retry_count", "and \"retry\" say the same: write one of them");
  }
  if (object->kind == json::Kind::kObject) {
    parse_retry_object(fields, *object);
  } else {
    fields.invalid("retry", "must be an object, not " + std::string(kind_name(object->kind)));
  }
}

void parse_timeout(Fields& fields, bool known_type) {
  Step& step = fields.step();
  if (known_type) step.timeout = seconds(default_timeout_s(step.type));
  const auto given = fields.duration_s("timeout_s");
  if (!given) return;
  step.timeout = *given;
  const int cap_s = fields.context().limits.lua_timeout_s_max;
  if (known_type && step.type == StepType::kLuaScript && *given > seconds(cap_s)) {
    fields.error(Code::kLimitExceeded, "timeout_s",
                 "a script may take at most " + std::to_string(cap_s) + " s");
  }
}

void parse_flow(Fields& fields) {
  Step& step = fields.step();
  step.condition = fields.expanded_test("condition");
  if (step.condition && !step.condition->constant()) {
    fields.draft().templates.back().missing_is_false = true;
  }
  step.enabled = fields.boolean("enabled").value_or(true);
  step.no_auto_start = fields.boolean("no_auto_start").value_or(false);
  step.on_error =
      fields
          .choice<OnError>("on_error", {{"fail", OnError::kFail}, {"continue", OnError::kContinue}})
          .value_or(OnError::kFail);
  step.concurrency_key = fields.expanded_text("concurrency_key");
  step.priority = static_cast<int>(fields.integer("priority", -100, 100).value_or(0));
}

/// After the fields of the type, which decide what holds where nothing is written.
void parse_effect(Fields& fields) {
  Step& step = fields.step();
  const auto effect = fields.choice<Effect>(
      "effect",
      {{"none", Effect::kNone}, {"idempotent", Effect::kIdempotent}, {"once", Effect::kOnce}});
  if (effect) step.effect = *effect;
  step.in_doubt = step.effect == Effect::kOnce ? InDoubt::kAsk : InDoubt::kRetry;
  const auto in_doubt = fields.choice<InDoubt>(
      "in_doubt", {{"retry", InDoubt::kRetry}, {"ask", InDoubt::kAsk}, {"fail", InDoubt::kFail}});
  if (in_doubt) step.in_doubt = *in_doubt;
}

}  // namespace

void parse_step(StepDraft& draft, const LevelDraft& level, ParseContext& context) {
  if (draft.tree->kind != json::Kind::kObject) {
    context.findings.error(
        Code::kInvalidField, "", draft.pointer,
        "a step must be an object, not " + std::string(kind_name(draft.tree->kind)));
    return;
  }
  draft.step.definition = json::compact(draft.tree->raw);
  Fields fields(draft, *draft.tree, draft.pointer, context);
  parse_identity(fields, level.kind == LevelDraft::Kind::kTop);
  const bool known_type = parse_type(fields);
  parse_dependencies(fields);
  parse_flow(fields);
  parse_retry(fields);
  parse_timeout(fields, known_type);
  if (known_type) parse_work(fields, level);
  parse_effect(fields);
  if (known_type) fields.report_unknown();
}

}  // namespace troupe::graph
