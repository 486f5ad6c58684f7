#include "runtime/run/state.h"

#include "runtime/run/change.h"
#include "runtime/run/decide.h"

namespace troupe::run {
namespace {

bool counts_active(const StepState& step) {
  switch (step.status) {
    case StepStatus::kScheduled:
    case StepStatus::kRetrying:
      return true;
    case StepStatus::kRunning:
      // A loop is as busy as what lies inside it, and busy itself only while its test runs.
      return step.loop == nullptr || step.loop->testing || !step.loop->groups.empty();
    default:
      return false;
  }
}

Located locate_in(State& state, const StepPath& path, bool make_branches) {
  Located at;
  if (path.size == 0) return at;
  at.graph = state.graph.get();
  at.scope = &state.root;
  for (int i = 0;; i += 2) {
    const std::uint32_t index = path.part[i];
    if (index >= at.graph->steps.size() || index >= at.scope->steps.size()) return {};
    at.step = &at.graph->steps[index];
    at.state = &at.scope->steps[index];
    if (i + 1 >= path.size) return at;
    Loop* const loop = at.state->loop.get();
    at.graph = body_of(*at.step);
    if (loop == nullptr || at.graph == nullptr || at.state->ended()) return {};
    const std::uint32_t item = path.part[i + 1];
    if (std::holds_alternative<graph::While>(at.step->work)) {
      if (item != loop->iteration || loop->body == nullptr) return {};
      at.scope = loop->body.get();
      continue;
    }
    auto found = loop->active.find(item);
    if (found == loop->active.end()) {
      if (!make_branches || item < loop->first || item >= loop->end) return {};
      found = loop->active.emplace(item, std::make_unique<Scope>(make_scope(*at.graph))).first;
    }
    at.scope = found->second.get();
  }
}

void absent_in(Scope& scope, std::vector<Value*>& out) {
  const auto look = [&out](Value& value) {
    if (!value.resident()) out.push_back(&value);
  };
  for (StepState& step : scope.steps) {
    look(step.input);
    look(step.result);
    Loop* const loop = step.loop.get();
    if (loop == nullptr) continue;
    look(loop->items);
    look(loop->prev);
    for (auto& [iteration, value] : loop->iterations) look(value);
    for (auto& [item, branch] : loop->active) absent_in(*branch, out);
    if (loop->body != nullptr) absent_in(*loop->body, out);
  }
}

/// Sizes a decoded scope and makes again what snapshots leave out. `path` names any step of it.
void attach_scope(const State& run, const graph::Graph& graph, Scope& scope, StepPath path) {
  scope.steps.resize(graph.steps.size());
  scope.ended = 0;
  for (const graph::Step& step : graph.steps) {
    path.part[path.size - 1] = step.index;
    StepState& state = scope.steps[step.index];
    state.in_flight = false;
    if (state.ended()) ++scope.ended;
    state.deps_open = 0;
    for (const std::uint32_t dependency : step.depends_on) {
      if (!scope.steps[dependency].ended()) ++state.deps_open;
    }
    Loop* const loop = state.loop.get();
    const graph::Graph* const body = body_of(step);
    if (loop == nullptr || body == nullptr) continue;
    shape(run, path, *loop);
    // Branches that a snapshot leaves out lie below `next`; they are looked for from the first on.
    loop->next = state.ended() ? loop->end : loop->first;
    loop->testing = false;
    loop->result_bytes = 0;
    for (const PayloadRef& chunk : loop->chunks) loop->result_bytes += chunk.bytes;
    for (const auto& [number, chunk] : loop->open) {
      for (const auto& [item, entry] : chunk.entries) loop->result_bytes += entry.size();
    }
    for (auto& [item, branch] : loop->active) {
      attach_scope(run, *body, *branch, path.inner(item, 0));
    }
    if (loop->body == nullptr) continue;
    attach_scope(run, *body, *loop->body, path.inner(loop->iteration, 0));
  }
}

}  // namespace

const graph::Graph* body_of(const graph::Step& step) {
  if (const auto* loop = std::get_if<graph::ForEach>(&step.work)) return loop->body.get();
  if (const auto* loop = std::get_if<graph::While>(&step.work)) return loop->body.get();
  return nullptr;
}

Scope make_scope(const graph::Graph& graph) {
  Scope scope;
  scope.steps.resize(graph.steps.size());
  for (const graph::Step& step : graph.steps) {
    scope.steps[step.index].deps_open = static_cast<std::uint32_t>(step.depends_on.size());
  }
  return scope;
}

Located locate(State& state, const StepPath& path) { return locate_in(state, path, false); }
Located reach(State& state, const StepPath& path) { return locate_in(state, path, true); }

const graph::Step& step_at(const graph::Graph& graph, const StepPath& path) {
  const graph::Graph* inside = &graph;
  for (int i = 0; i + 2 < path.size; i += 2) {
    inside = body_of(inside->steps[path.part[i]]);
    TROUPE_ENSURE(inside != nullptr);
  }
  return inside->steps[path.step()];
}

bool silent(const graph::Graph& graph, const StepPath& path) {
  const graph::Graph* inside = &graph;
  for (int i = 0; i + 2 < path.size; i += 2) {
    const graph::Step& loop = inside->steps[path.part[i]];
    if (std::holds_alternative<graph::ForEach>(loop.work)) return true;
    inside = body_of(loop);
  }
  return false;
}

std::string event_step_id(const graph::Graph& graph, const StepPath& path) {
  std::string id;
  const graph::Graph* inside = &graph;
  for (int i = 0; i < path.size; i += 2) {
    const graph::Step& step = inside->steps[path.part[i]];
    id += step.id;
    if (i + 1 >= path.size) break;
    id += '#' + std::to_string(path.part[i + 1]) + '#';
    inside = body_of(step);
  }
  return id;
}

bool pure_body(const graph::Graph& body) {
  for (const graph::Step& step : body.steps) {
    if (!std::holds_alternative<graph::LuaScript>(step.work)) return false;
    if (step.effect != graph::Effect::kNone) return false;
  }
  return true;
}

std::vector<Value*> absent_values(State& state) {
  std::vector<Value*> out;
  const auto look = [&out](Value& value) {
    if (!value.resident()) out.push_back(&value);
  };
  look(state.input);
  look(state.output);
  look(state.group.items);
  for (auto& [step, value] : state.overlays) look(value);
  for (StoredEvent& event : state.mailbox) look(event.data);
  absent_in(state.root, out);
  return out;
}

void Loop::sum_groups() {
  under_way_done = under_way_failed = 0;
  for (const auto& [number, far] : groups) {
    under_way_done += far.first;
    under_way_failed += far.second;
  }
}

RunId shown_id(const State& state) { return state.group.set() ? state.parent.run : state.id; }

void shape(const State& state, const StepPath& path, Loop& loop) {
  const bool part = state.group.set() && path.top_level() && path.step() == state.group.step;
  loop.first = part ? state.group.first : 0;
  loop.end = part ? state.group.end : loop.count;
  loop.chunk_items = loop.spread.set() ? loop.spread.group_items : Loop::kChunkItems;
}

void count_step(State& state, const StepPath& path, const StepState& step, int sign) {
  const auto delta = static_cast<std::uint32_t>(sign);  // -1 wraps, and so subtracts
  if (counts_active(step)) state.active += delta;
  if (step.status == StepStatus::kRetrying) state.retrying += delta;
  const bool waits = step.status == StepStatus::kWaiting && step.waiting != nullptr;
  if (waits) state.waiting[static_cast<std::size_t>(step.waiting->kind)] += delta;
  if (step.ended()) return;
  const auto timer = [&](TimePoint at) {
    if (!at.set()) return;
    if (sign > 0) state.timers.emplace(at, path);
    else state.timers.erase({at, path});
  };
  timer(step.deadline);
  if (step.status == StepStatus::kRetrying) timer(step.retry_at);
  if (waits) timer(step.waiting->until);
}

void count_scope(State& state, const graph::Graph& graph, StepPath path, const Scope& scope,
                 int sign) {
  for (std::uint32_t i = 0; i < scope.steps.size(); ++i) {
    const StepState& step = scope.steps[i];
    path.part[path.size - 1] = i;
    count_step(state, path, step, sign);
    if (step.loop == nullptr || step.ended()) continue;
    const graph::Graph* const body = body_of(graph.steps[i]);
    for (const auto& [item, branch] : step.loop->active) {
      count_scope(state, *body, path.inner(item, 0), *branch, sign);
    }
    if (step.loop->body != nullptr) {
      count_scope(state, *body, path.inner(step.loop->iteration, 0), *step.loop->body, sign);
    }
  }
}

void drop_inside(State& state, const StepPath& path, const graph::Step& step, Loop& loop) {
  const graph::Graph* const body = body_of(step);
  for (const auto& [item, branch] : loop.active) {
    count_scope(state, *body, path.inner(item, 0), *branch, -1);
  }
  loop.active.clear();
  if (loop.body == nullptr) return;
  count_scope(state, *body, path.inner(loop.iteration, 0), *loop.body, -1);
  loop.body.reset();
}

void attach(State& state, std::shared_ptr<const graph::Graph> graph) {
  TROUPE_ENSURE(graph != nullptr);
  state.graph = std::move(graph);
  attach_scope(state, *state.graph, state.root, StepPath(0));
  state.active = state.retrying = 0;
  for (std::uint32_t& waiting : state.waiting) waiting = 0;
  state.timers.clear();
  if (store::ended(state.status)) return;
  count_scope(state, *state.graph, StepPath(0), state.root, 1);
  if (state.status == store::RunStatus::kDraining) {
    state.timers.emplace(state.drain_deadline, StepPath());
  }
}

State new_state(RunId id, std::shared_ptr<const graph::Graph> graph) {
  TROUPE_ENSURE(graph != nullptr);
  State state;
  state.id = id;
  state.root = make_scope(*graph);
  state.graph = std::move(graph);
  return state;
}

}  // namespace troupe::run
