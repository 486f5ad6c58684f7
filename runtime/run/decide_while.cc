#include <utility>

#include "runtime/json/read.h"
#include "runtime/json/write.h"
#include "runtime/run/machine.h"
#include "runtime/run/result_json.h"

// while: one body at a time, its test behind it. Body steps are journaled like steps at the top.

namespace troupe::run {

void Machine::begin_while(const StepPath& path, const Located& at) {
  record::LoopStarted started;
  started.attempt = attempt_of(path, at);
  started.attempt.finished = {};
  emit_at(path, std::move(started));
  start_roots(*body_of(*at.step), path, 0);
}

void Machine::iteration_done(const StepPath& path) {
  const Located at = locate(state_, path);
  // During a pause nothing is tested: the test may start a script, or the next body.
  if (!may_start() || at.state->loop->testing || changes_ >= kChangesMax) return;
  const auto& work = std::get<graph::While>(at.step->work);
  if (work.eval_script) return command_test(path);
  const Surroundings around(state_, path.inner(at.state->loop->iteration, 0));
  const Expanded condition = expand(*work.condition, around);
  if (condition.later) return;
  if (condition.failure) return fail(path, *condition.failure);
  tested(path, json::truthy(condition.text));
}

void Machine::test_finished(const StepPath& path, const event::AttemptFinished& e) {
  const Located at = locate(state_, path);
  if (at.state->loop == nullptr || !at.state->loop->testing) return;
  if (static_cast<std::uint16_t>(at.state->loop->iteration + 1) != e.attempt) return;
  {
    const Tally tally(state_, path, at);
    at.state->loop->testing = false;
  }
  if (!e.ok) return fail(path, e.failure);
  const auto pass = json::member(e.result.view(), "pass");
  if (!pass) {
    return fail(path, {Code::kLoopConditionInvalid, "The test returned no field `pass`."});
  }
  const json::Kind kind = json::kind(*pass);
  if (kind == json::Kind::kArray || kind == json::Kind::kObject) {
    return fail(path, {Code::kLoopConditionInvalid, "The field `pass` is neither true nor false."});
  }
  tested(path, json::truthy(*pass));
}

void Machine::tested(const StepPath& path, bool pass) {
  const Located at = locate(state_, path);
  const auto& work = std::get<graph::While>(at.step->work);
  const Loop& loop = *at.state->loop;
  const std::uint32_t iteration = loop.iteration;
  std::string results = results_by_id(*work.body, *loop.body);
  const bool met = pass == work.until;
  const bool last = iteration + 1 >= static_cast<std::uint32_t>(work.iterations_max);
  if (!met && !last && !draining()) {
    emit_at(path, record::IterationFinished{path, iteration, value(std::move(results)),
                                            context_.now});
    return start_roots(*work.body, path, iteration + 1);
  }
  json::Writer out;
  out.begin_object();
  out.member("iteration_count", iteration + 1);
  out.member("stopped_reason", met ? "condition_met" : "max_iterations");
  out.member_raw("last", results);
  out.key("iterations").begin_array();
  // The one that just ended is the newest of the hundred.
  const std::size_t kept = loop.iterations.size() == kIterationsKept ? 1 : 0;
  for (std::size_t i = kept; i < loop.iterations.size(); ++i) {
    out.raw(loop.iterations[i].second.text.view());
  }
  out.raw(results);
  out.end_array();
  out.end_object();
  std::string text = out.take();
  if (text.size() > context_.limits.result_bytes_max) {
    return fail_for_good(path, {Code::kResultTooLarge, "The results of the loop are too large."});
  }
  complete(path, value(std::move(text)), {});
}

}  // namespace troupe::run
