#include <algorithm>
#include <array>

#include "adapters/http/parse.h"
#include "runtime/edge/body_reader.h"
#include "runtime/json/tree.h"

namespace troupe::http {
namespace {

using edge::BodyReader;
using edge::invalid;
using edge::own;

// One of these in `params` makes it an envelope; without any, `params` is the input itself.
constexpr std::array<std::string_view, 8> kEnvelopeKeys = {
    "trigger_payload",          "trigger_steps", "excluded_step_ids", "use_run_setup_defaults",
    "trigger_type",             "version",       "run_id",            "external_id"};

bool envelope_key(std::string_view key) {
  return std::find(kEnvelopeKeys.begin(), kEnvelopeKeys.end(), key) != kEnvelopeKeys.end();
}

bool is_envelope(std::string_view params) {
  bool found = false;
  json::for_each_member(params, [&](std::string_view key, std::string_view) {
    found = envelope_key(key);
    return !found;
  });
  return found;
}

void read_trigger_steps(BodyReader& params, std::vector<Issue>& issues, StartRequest& start) {
  const auto value = params.raw("trigger_steps");
  if (!value) return;
  std::vector<std::pair<std::string, json::Text>> steps;
  if (json::kind(*value) == json::Kind::kArray) {
    const auto ids = params.texts("trigger_steps");
    for (const std::string& id : *ids) steps.emplace_back(id, json::Text());
  } else if (json::kind(*value) == json::Kind::kObject) {
    json::for_each_member(*value, [&](std::string_view id, std::string_view overlay) {
      const bool null = json::kind(overlay) == json::Kind::kNull;
      if (!null && json::kind(overlay) != json::Kind::kObject) {
        issues.push_back({Code::kInvalidField,
                          {},
                          json::pointer_to(params.pointer("trigger_steps"), id),
                          "must be an object of values laid over the input."});
      }
      steps.emplace_back(std::string(id), null ? json::Text() : own(overlay));
      return true;
    });
  } else {
    params.wrong("trigger_steps", "must be a list of step ids or an object of them.");
  }
  start.trigger_steps = std::move(steps);
}

std::optional<RunId> read_run_id(BodyReader& body) {
  const auto text = body.text("run_id", 64);
  if (!text) return std::nullopt;
  const auto id = Uuid::parse(*text);
  if (!id || !id->set()) {
    body.wrong("run_id", "must be a UUID.");
    return std::nullopt;
  }
  return RunId(*id);
}

void read_envelope(std::string_view object, std::vector<Issue>& issues, StartRequest& start) {
  BodyReader params(object, "/params", issues);
  json::for_each_member(object, [&](std::string_view key, std::string_view) {
    if (!envelope_key(key)) {
      params.wrong(key, "is not known beside the other members of params.", Code::kUnknownField);
    }
    return true;
  });
  if (const auto payload = params.object("trigger_payload")) {
    start.input = own(*payload);
    start.input_given = true;
  }
  read_trigger_steps(params, issues, start);
  start.excluded_step_ids = params.texts("excluded_step_ids");
  start.use_run_setup_defaults = params.boolean("use_run_setup_defaults").value_or(false);
  if (auto type = params.text("trigger_type", 64)) start.trigger_type = *std::move(type);
  if (const auto version = params.integer("version", 1, INT32_MAX)) {
    start.version = static_cast<std::int32_t>(*version);
  }
  start.run_id = read_run_id(params);
  start.external_id = params.text("external_id", 256).value_or("");
}

void read_start(BodyReader& body, std::vector<Issue>& issues, StartRequest& start) {
  const auto params = body.object("params");
  if (!params) return;
  if (is_envelope(*params)) return read_envelope(*params, issues, start);
  start.input = own(*params);
  start.input_given = true;
}

void read_retry(BodyReader& params, RetryRequest& retry) {
  retry.from_step = params.text("from_step", 256).value_or("");
  if (const auto input = params.object("input")) retry.input = own(*input);
  if (const auto version = params.integer("version", 1, INT32_MAX)) {
    retry.version = static_cast<std::int32_t>(*version);
  }
}

Verb read_stop_mode(BodyReader& params) {
  const auto mode = params.text("mode", 64);
  if (!mode || *mode == "immediate") return Verb::kStopImmediate;
  if (*mode == "graceful") return Verb::kStopGraceful;
  params.wrong("mode", "must be immediate or graceful.");
  return Verb::kStopImmediate;
}

std::optional<Verb> verb_of(std::string_view name) {
  if (name == "start") return Verb::kStart;
  if (name == "pause") return Verb::kPause;
  if (name == "resume") return Verb::kResume;
  if (name == "stop" || name == "cancel") return Verb::kStopImmediate;
  if (name == "retry") return Verb::kRetry;
  return std::nullopt;
}

/// Commands about one run name it in `params` or, as a shorthand, beside `command`.
void read_about_run(BodyReader& body, std::string_view name, std::string_view object,
                    std::vector<Issue>& issues, Command& command) {
  const auto params_value = body.object("params");
  const bool in_params = params_value && json::member(*params_value, "run_id").has_value();
  BodyReader params(in_params ? *params_value : object, in_params ? "/params" : "", issues);
  const std::size_t before = issues.size();
  const auto run = read_run_id(params);
  if (run) command.run = *run;
  if (!run && issues.size() == before) BodyReader({}, "/params", issues).missing("run_id");
  if (name == "stop") command.verb = read_stop_mode(params);
  if (command.verb == Verb::kRetry) read_retry(params, command.retry);
  command.retry.run = command.run;
}

void read_batch_item(std::string_view value, std::size_t index, std::vector<Issue>& issues,
                     std::vector<BatchItem>& items) {
  BodyReader item(value, "/items/" + std::to_string(index), issues);
  BatchItem& added = items.emplace_back();
  if (const auto input = item.object("input")) added.input = own(*input);
  added.external_id = item.text("external_id", 256).value_or("");
}

}  // namespace

Result<Command> parse_command(const json::Text& text) {
  std::vector<Issue> issues;
  BodyReader body(text.view(), "", issues);
  Command command;
  if (issues.empty()) {
    const std::string name = body.required_text("command", 64);
    const auto verb = verb_of(name);
    if (verb) {
      command.verb = *verb;
      if (command.verb == Verb::kStart) read_start(body, issues, command.start);
      else read_about_run(body, name, text.view(), issues, command);
    } else if (!name.empty()) {
      body.wrong("command", "must be start, pause, resume, stop, cancel or retry.");
    }
  }
  if (!issues.empty()) return invalid(std::move(issues));
  return command;
}

Result<std::vector<BatchItem>> parse_batch(const json::Text& text, std::size_t items_max) {
  std::vector<Issue> issues;
  BodyReader body(text.view(), "", issues);
  std::vector<BatchItem> items;
  const auto list = body.array("items");
  if (issues.empty() && !list) body.missing("items");
  if (list && json::length(*list) > items_max) {
    body.wrong("items", "has more than " + std::to_string(items_max) + " elements.",
               Code::kLimitExceeded);
  } else if (list) {
    std::size_t index = 0;
    json::for_each_element(*list, [&](std::string_view value) {
      read_batch_item(value, index++, issues, items);
      return true;
    });
    if (items.empty()) body.wrong("items", "must not be empty.");
  }
  if (!issues.empty()) return invalid(std::move(issues));
  return items;
}

}  // namespace troupe::http
