#pragma once

#include <memory>
#include <string>

#include "runtime/run/state.h"
#include "runtime/run/view.h"

// Hand-made graphs, times and values for tests that need no parser.

namespace troupe::run {

inline const RunId kRun{*Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057")};
/// 2026-11-22T03:00:00Z and some milliseconds.
inline TimePoint at_ms(std::int64_t ms) { return {1'795'316'400'000'000 + ms * 1000}; }

inline Value value(std::string json) { return {json::Text::trusted(std::move(json)), {}}; }
inline PayloadRef ref(std::uint8_t mark, std::uint64_t bytes) {
  PayloadRef ref;
  ref.hash.fill(mark);
  ref.bytes = bytes;
  return ref;
}
inline PayloadSource no_payloads() {
  return [](const PayloadRef&) -> Result<json::Text> {
    return {Code::kNotFound, "There is no such body."};
  };
}

inline graph::Step step(std::string id, graph::StepType type = graph::StepType::kLuaScript) {
  graph::Step step;
  step.id = std::move(id);
  step.type = type;
  return step;
}
inline std::shared_ptr<const graph::Graph> graph_of(std::vector<graph::Step> steps) {
  auto graph = std::make_shared<graph::Graph>();
  for (graph::Step& step : steps) {
    step.index = static_cast<std::uint32_t>(graph->steps.size());
    graph->by_id[step.id] = step.index;
    graph->steps.push_back(std::move(step));
  }
  return graph;
}
inline graph::Step for_each(std::string id, std::vector<graph::Step> body, int parallel_max = 10) {
  graph::Step made = step(std::move(id), graph::StepType::kForEach);
  graph::ForEach work;
  work.parallel_max = parallel_max;
  work.body = graph_of(std::move(body));
  made.work = std::move(work);
  return made;
}
inline graph::Step while_loop(std::string id, std::vector<graph::Step> body) {
  graph::Step made = step(std::move(id), graph::StepType::kWhile);
  graph::While work;
  work.body = graph_of(std::move(body));
  made.work = std::move(work);
  return made;
}
inline graph::Step human(std::string id, std::string task_type) {
  graph::Step made = step(std::move(id), graph::StepType::kHumanTask);
  graph::HumanTask work;
  work.task_type = std::move(task_type);
  work.form = json::Text::trusted(R"({"type":"object"})");
  made.work = std::move(work);
  return made;
}
inline graph::Step wait_event(std::string id, std::string event) {
  graph::Step made = step(std::move(id), graph::StepType::kWaitEvent);
  made.work = graph::WaitEvent{std::move(event), std::nullopt};
  return made;
}

inline Attempt attempt(std::uint32_t step, std::int64_t ms) {
  Attempt made;
  made.path = StepPath(step);
  made.scheduled = at_ms(ms);
  made.started = at_ms(ms + 1);
  made.finished = at_ms(ms + 5);
  return made;
}

/// A started run of this graph in which no step has begun.
inline State state_of(std::shared_ptr<const graph::Graph> graph) {
  State state;
  state.id = kRun;
  state.workspace = WorkspaceId(Uuid{1, 1});
  state.project = ProjectId(Uuid{2, 2});
  state.workflow = WorkflowId(Uuid{3, 3});
  state.version = 4;
  state.trigger_type = "api";
  state.status = store::RunStatus::kRunning;
  state.created = at_ms(0);
  state.started = at_ms(1);
  state.input = value(R"({"x":1})");
  state.root.steps.resize(graph->steps.size());
  state.graph = std::move(graph);
  return state;
}

}  // namespace troupe::run
