#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/query.h"
#include "runtime/base/result.h"
#include "runtime/json/text.h"
#include "runtime/port/engine.h"

namespace troupe::http {

// Request bodies as typed requests. All are pure; a body of the wrong form gives kValidationFailed
// with a JSON pointer per mistake. Unknown members are ignored, except in the params of a start.

/// POST /v1/workflows and, with everything optional, PATCH.
struct WorkflowBody {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<json::Text> graph;
  std::optional<json::Text> run_setup;
};
Result<WorkflowBody> parse_new_workflow(const json::Text& body);
Result<WorkflowBody> parse_workflow_patch(const json::Text& body);

struct ValidateBody {
  json::Text graph;            ///< empty: the draft's
  json::Text trigger_payload;  ///< empty: none
};
Result<ValidateBody> parse_validate(const json::Text& body);
Result<std::string> parse_changelog(const json::Text& body);

enum class Verb : std::uint8_t { kStart, kPause, kResume, kStopImmediate, kStopGraceful, kRetry };
/// POST …/command. `start` is filled for kStart, `retry` for kRetry, `run` for all others.
struct Command {
  Verb verb = Verb::kStart;
  RunId run;
  StartRequest start;
  RetryRequest retry;
};
Result<Command> parse_command(const json::Text& body);
Result<std::vector<BatchItem>> parse_batch(const json::Text& body, std::size_t items_max);

/// `task` and `by` are left to the handler.
Result<TaskAnswer> parse_task_answer(const json::Text& body);

struct EventBody {
  std::string event;
  std::string key;
  json::Text data;  ///< null if absent
};
Result<EventBody> parse_event(const json::Text& body);

// Queries.
Result<store::Page> parse_page(const Query& query, std::size_t limit_max);
Result<store::RunFilter> parse_run_filter(const Query& query);

/// The etag of an If-Match field: nothing for "*"; kPreconditionFailed if it can match no draft.
Result<std::optional<std::uint64_t>> parse_if_match(std::string_view field);

}  // namespace troupe::http
