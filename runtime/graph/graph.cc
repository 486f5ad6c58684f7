#include "runtime/graph/graph.h"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::graph {
namespace {

constexpr std::array<std::pair<StepType, std::string_view>, 12> kTypes = {{
    {StepType::kLuaScript, "lua_script"},
    {StepType::kForEach, "for_each"},
    {StepType::kWhile, "while"},
    {StepType::kHumanTask, "human_task"},
    {StepType::kWait, "wait"},
    {StepType::kWaitEvent, "wait_event"},
    {StepType::kRunWorkflow, "run_workflow"},
    {StepType::kLlmCall, "llm_call"},
    {StepType::kMcpCall, "mcp_call"},
    {StepType::kAgentCall, "agent_call"},
    {StepType::kHttpRequest, "http_request"},
    {StepType::kWorkerTask, "worker_task"},
}};

}  // namespace

std::string_view name(StepType type) {
  for (const auto& [known, text] : kTypes) {
    if (known == type) return text;
  }
  return {};
}

std::optional<StepType> parse_step_type(std::string_view name) {
  for (const auto& [type, text] : kTypes) {
    if (text == name) return type;
  }
  return std::nullopt;
}

bool Retry::retries(Code code) const {
  if (on.empty()) return info(code).transient;
  return std::find(on.begin(), on.end(), code) != on.end();
}

std::optional<std::uint32_t> Graph::find(std::string_view id) const {
  const auto found = by_id.find(std::string(id));
  if (found == by_id.end()) return std::nullopt;
  return found->second;
}

Error to_error(const std::vector<Issue>& issues) {
  std::vector<Issue> errors;
  for (const Issue& issue : issues) {
    if (!issue.warning) errors.push_back(issue);
  }
  std::string message =
      std::to_string(errors.size()) + (errors.size() == 1 ? " problem" : " problems");
  if (!errors.empty()) message += ": " + errors.front().message;
  return Error{Code::kValidationFailed, std::move(message), std::move(errors)};
}

}  // namespace troupe::graph
