#include <utility>

#include "runtime/json/read.h"
#include "runtime/run/machine.h"

// From the first event of a run to its running steps: creation, which steps begin and which are
// skipped, and the expansion of templates.

namespace troupe::run {

Status Machine::on(const event::Created& e) {
  TROUPE_ENSURE(state_.records == 0);
  record::RunCreated created = e.spec;
  if (created.group.set()) {
    // What it brings along is stored where its parent's is. It begins when its parent says that
    // it waits.
    emit(std::move(created));
    return ok();
  }
  json::Text input = created.input.text;
  if (input.empty()) input = state_.graph->params;
  if (input.empty()) input = json::Text::trusted("{}");
  created.input = value(std::move(input));
  for (auto& [step, overlay] : created.overlays) {
    if (!overlay.text.empty()) overlay = value(overlay.text);
  }
  // A run carried forward stores its bodies again: those of the old run go when that run goes.
  for (Carried& carried : created.carried) {
    if (!carried.result.text.empty()) carried.result = value(carried.result.text);
    if (!carried.input.text.empty()) carried.input = value(carried.input.text);
  }
  emit(std::move(created));
  if (!e.start) return ok();
  return on(event::Started{});
}

Status Machine::on(const event::Started&) {
  if (ended() || state_.started.set()) return ok();
  emit(record::RunStarted{context_.now});
  look_everywhere();
  return ok();
}

void Machine::start(const StepPath& path) {
  const Located at = locate(state_, path);
  if (!at || !may_start()) return;
  if (at.state->status != StepStatus::kPending || at.state->deps_open != 0) return;
  // The parent of a group has seen that the loop is to begin.
  if (state_.group.set() && path.top_level()) return begin(path, at);
  if (const auto reason = skip_reason(path, at)) return skip(path, *reason);
  if (at.step->condition) {
    const Expanded condition = expand(*at.step->condition, Surroundings(state_, path));
    if (condition.later) return;
    // A missing path is as good as false here; other mistakes are the step's failure.
    if (condition.failure && condition.failure->code != Code::kTemplateUnresolved) {
      return fail(path, *condition.failure);
    }
    if (condition.failure || !json::truthy(condition.text)) {
      return skip(path, SkipReason::kCondition);
    }
  }
  begin(path, at);
}

std::optional<SkipReason> Machine::skip_reason(const StepPath& path, const Located& at) const {
  bool rejected = false;
  bool all_out_of_scope = !at.step->depends_on.empty();
  for (const std::uint32_t dependency : at.step->depends_on) {
    const StepState& state = at.scope->steps[dependency];
    const SkipReason reason = state.skip;
    if (reason == SkipReason::kBlocked || reason == SkipReason::kRejected ||
        reason == SkipReason::kStopped) {
      return reason;
    }
    rejected = rejected || state.rejected;
    all_out_of_scope = all_out_of_scope && reason == SkipReason::kOutOfScope;
  }
  if (all_out_of_scope) return SkipReason::kOutOfScope;
  if (path.top_level()) {
    for (const std::uint32_t excluded : state_.out_of_scope) {
      if (excluded == at.step->index) return SkipReason::kOutOfScope;
    }
  }
  if (!at.step->enabled) return SkipReason::kStepDisabled;
  if (rejected && !at.step->condition) return SkipReason::kRejected;
  return std::nullopt;
}

void Machine::skip(const StepPath& path, SkipReason reason) {
  emit_at(path, record::StepsSkipped{{path}, reason, context_.now, silent(*state_.graph, path)});
  after_end(path);
}

void Machine::begin(const StepPath& path, const Located& at) {
  switch (at.step->type) {
    case graph::StepType::kLuaScript:
    case graph::StepType::kWorkerTask:
    case graph::StepType::kHttpRequest:
    case graph::StepType::kLlmCall:
      return schedule(path);
    case graph::StepType::kForEach:
      return begin_for_each(path, at);
    case graph::StepType::kWhile:
      return begin_while(path, at);
    case graph::StepType::kHumanTask:
      return begin_human(path, at);
    case graph::StepType::kWait:
      return begin_wait(path, at);
    case graph::StepType::kWaitEvent:
      return begin_event(path, at);
    case graph::StepType::kRunWorkflow:
      return begin_child(path, at);
    case graph::StepType::kMcpCall:
    case graph::StepType::kAgentCall:
      return fail_for_good(path, {Code::kStepTypeUnavailable,
                                  "Steps of type " + std::string(graph::name(at.step->type)) +
                                      " do not run yet."});
  }
}

Machine::Expanded Machine::expand(const graph::Template& source, const Surroundings& around) {
  Expanded expanded;
  const RunEnvironment environment(around);
  Result<std::string> text = source.expand(environment);
  if (const auto loop = environment.absent_loop()) {
    if (unreadable_ && unreadable_->first == *loop) {
      expanded.failure = unreadable_->second;
    } else {
      load_results(*loop);
      expanded.later = true;
    }
    return expanded;
  }
  if (text.ok()) {
    expanded.text = *std::move(text);
  } else {
    expanded.failure = Failure{text.error().code, text.error().message};
  }
  return expanded;
}

void Machine::load_results(std::uint32_t step) {
  Loop& loop = *state_.root.steps[step].loop;
  if (loop.loading) return;
  loop.loading = true;
  decision_.commands.push_back(command::LoadResults{step, loop.chunks});
}

Status Machine::on(const event::ResultsLoaded& e) {
  if (e.step >= state_.root.steps.size()) return ok();
  Loop* const loop = state_.root.steps[e.step].loop.get();
  if (loop == nullptr || !loop->loading) return ok();
  loop->loading = false;
  if (e.ok) loop->joined = e.result;
  else unreadable_.emplace(e.step, e.failure);
  look_everywhere();
  return ok();
}

}  // namespace troupe::run
