#include "runtime/run/view.h"

#include <algorithm>

#include "runtime/json/write.h"
#include "runtime/run/result_json.h"
#include "runtime/run/shown.h"

namespace troupe::run {
namespace {

constexpr std::size_t kRowOutputBytesMax = 64 << 10;
constexpr std::size_t kLoopResultBytesMax = 64 << 20;

void time_member(json::Writer& json, std::string_view key, TimePoint time) {
  json.key(key);
  if (time.set())
    json.string(to_rfc3339(time));
  else
    json.null();
}

void text_member(json::Writer& json, std::string_view key, const json::Text& text) {
  json.key(key);
  if (text.empty())
    json.null();
  else
    json.raw(text.view());
}

/// A for_each whose results lie in chunks: all of them, joined.
Result<json::Text> joined(const graph::Step& step,
                          const StepState& state,
                          const PayloadSource& payloads) {
  std::vector<json::Text> chunks;
  for (const PayloadRef& ref : state.loop->chunks) {
    if (!ref.set()) continue;
    Result<json::Text> chunk = payloads(ref);
    if (!chunk.ok()) return chunk;
    chunks.push_back(*std::move(chunk));
  }
  const int max_parallel = std::get<graph::ForEach>(step.work).parallel_max;
  return join_results(state, max_parallel, chunks, kLoopResultBytesMax);
}

Result<json::Text> result_of(const graph::Step& step,
                             const StepState& state,
                             const PayloadSource& payloads) {
  if (state.status == StepStatus::kSkipped) {
    return json::Text::trusted(skipped_json(state.skip));
  }
  const bool loop = step.type == graph::StepType::kForEach && state.loop != nullptr;
  if (loop && state.status == StepStatus::kCompleted && !state.loop->chunks.empty()) {
    return joined(step, state, payloads);
  }
  if (state.result.present()) return text_of(state.result, payloads);
  if (!loop || state.ended()) return json::Text();
  json::Writer json;
  json.begin_object();
  json.member("done", state.loop->done + state.loop->under_way_done);
  json.member("failed", state.loop->failed + state.loop->under_way_failed);
  json.member("count", state.loop->count).end_object();
  return json.take_text();
}

Status step_json(json::Writer& json,
                 const graph::Step& step,
                 const StepState& state,
                 const PayloadSource& payloads) {
  const Result<json::Text> input = text_of(state.input, payloads);
  if (!input.ok()) return input.error();
  const Result<json::Text> result = result_of(step, state, payloads);
  if (!result.ok()) return result.error();
  json.key(step.id).begin_object();
  json.member("status", name(state.status));
  if (state.status == StepStatus::kSkipped) json.member("reason", name(state.skip));
  text_member(json, "input", *input);
  text_member(json, "result", *result);
  json.key("error");
  if (state.failure != nullptr)
    json.raw(failure_json(*state.failure));
  else
    json.null();
  json.member("attempts", state.attempts);
  time_member(json, "started_at", state.started);
  time_member(json, "finished_at", state.finished);
  json.end_object();
  return ok();
}

std::string row_error(const State& state) {
  if (!state.failure.has_value()) return {};
  json::Writer json;
  json.begin_object();
  json.member("code", info(state.failure->code).name);
  json.member("message", state.failure->message);
  if (!state.failed_step.empty()) json.member("step_id", state.failed_step);
  json.end_object();
  return json.take();
}

std::string row_output(const State& state) {
  const Value& output = state.output;
  const bool small = output.bytes() <= kRowOutputBytesMax && output.resident();
  if (small || !output.ref.set()) return std::string(output.text.view());
  return reference_json(state.id.to_string(), output.ref);
}

}  // namespace

Result<json::Text> context_json(State& state, const PayloadSource& payloads) {
  const Result<json::Text> input = text_of(state.input, payloads);
  if (!input.ok()) return input.error();
  const Result<json::Text> output = text_of(state.output, payloads);
  if (!output.ok()) return output.error();
  json::Writer json;
  json.begin_object();
  text_member(json, "input", *input);
  text_member(json, "output", *output);
  json.key("steps").begin_object();
  for (std::size_t i = 0; i < state.root.steps.size(); ++i) {
    Status status = step_json(json, state.graph->steps[i], state.root.steps[i], payloads);
    if (!status.ok()) return std::move(status).error();
  }
  json.end_object().end_object();
  return json.take_text();
}

store::RunRow row_of(const State& state) {
  store::RunRow row;
  row.id = state.id;
  row.workspace = state.workspace;
  row.project = state.project;
  row.workflow = state.workflow;
  row.version = state.version;
  row.status = state.status;
  row.pause_reason = state.pause_reason;
  row.trigger_type = state.trigger_type;
  row.external_id = state.external_id;
  row.created = state.created;
  row.started = state.started;
  row.finished = state.finished;
  row.steps_total = static_cast<std::uint32_t>(state.root.steps.size());
  row.steps_done =
      static_cast<std::uint32_t>(std::count_if(state.root.steps.begin(), state.root.steps.end(),
                                               [](const StepState& step) { return step.ended(); }));
  row.error = row_error(state);
  row.output = row_output(state);
  row.retried_from = state.retried_from;
  row.parent = state.parent.run;
  row.part = state.group.set();
  row.request = state.request;
  row.head = state.chain.head();
  row.bucket = state.bucket;
  row.usage = state.usage;
  return row;
}

}  // namespace troupe::run
