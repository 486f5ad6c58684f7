#include "runtime/run/result_json.h"

#include "runtime/json/write.h"

namespace troupe::run {

std::string failure_json(const Failure& failure) {
  json::Writer out;
  out.begin_object();
  out.member("code", info(failure.code).name);
  out.member("message", failure.message);
  out.end_object();
  return out.take();
}

std::string continued_json(const Failure& failure) {
  return "{\"error\":" + failure_json(failure) + '}';
}

std::string skipped_json(SkipReason reason) {
  return "{\"skipped\":true,\"reason\":" + json::quote(name(reason)) + '}';
}

std::string item_entry(std::uint32_t item, const Failure* failure, std::string_view result) {
  std::string entry = "{\"index\":" + std::to_string(item);
  if (failure != nullptr) {
    entry += ",\"error\":" + failure_json(*failure);
  } else {
    entry += ",\"result\":";
    entry += result.empty() ? std::string_view("null") : result;
  }
  entry += '}';
  return entry;
}

std::string_view visible_result(const StepState& step, std::string* storage) {
  if (step.status == StepStatus::kSkipped) return *storage = skipped_json(step.skip);
  if (!step.result.text.empty()) return step.result.text.view();
  if (step.status == StepStatus::kCompleted) return "null";
  return {};
}

std::string results_by_id(const graph::Graph& graph, const Scope& scope) {
  json::Writer out;
  out.begin_object();
  for (const graph::Step& step : graph.steps) {
    std::string storage;
    const std::string_view result = visible_result(scope.steps[step.index], &storage);
    if (!result.empty()) out.member_raw(step.id, result);
  }
  out.end_object();
  return out.take();
}

}  // namespace troupe::run
