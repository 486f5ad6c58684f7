#include "actors/step/attempt.h"

#include <set>

#include "actors/node/services.h"

namespace troupe::actors {
namespace {

std::shared_ptr<ScriptResult> lost() {
  auto result = std::make_shared<ScriptResult>();
  result->error = {Code::kSandboxLost, "the attempt's actor ended before its outcome", {}};
  return result;
}

/// Owes its run an AttemptDone for every token in `open`; pays the rest when it is destroyed.
struct AttemptState {
  static inline constexpr const char* name = "attempt";
  Services* services = nullptr;
  RunActor run;
  std::set<std::uint64_t> open;
  std::atomic<std::int64_t>* count = nullptr;

  void report(std::uint64_t token, std::shared_ptr<ScriptResult> result) {
    if (open.erase(token) > 0) caf::anon_send(run, AttemptDone{token, std::move(result)});
  }
  ~AttemptState() {
    for (const std::uint64_t token : open) caf::anon_send(run, AttemptDone{token, lost()});
    if (count != nullptr) count->fetch_sub(1);
  }
};

StepActor::behavior_type attempt_actor(StepActor::stateful_pointer<AttemptState> self,
                                       Services* services, RunActor run, std::uint64_t token,
                                       std::atomic<std::int64_t>* count) {
  AttemptState& state = self->state;
  state.services = services;
  state.run = std::move(run);
  state.count = count;
  const bool one_shot = token != 0;
  if (one_shot) state.open.insert(token);
  return {
      [=](const Launch& launch_job) {
        self->state.open.insert(launch_job.token);
        launch(*services, self, launch_job.token, std::move(*launch_job.job));
      },
      [=](const Outcome& outcome) {
        self->state.report(outcome.token, outcome.result);
        if (one_shot) self->quit();
      },
      [=](const Abandon& abandon) { services->ports.scripts.cancel(abandon.token); },
      [=](const Leave&) { self->quit(); },
  };
}

}  // namespace

StepActor spawn_step(caf::actor_system& system, Services& services, const RunActor& run,
                     std::uint64_t token) {
  services.step_actors.fetch_add(1, std::memory_order_relaxed);
  return system.spawn<caf::lazy_init + caf::hidden>(attempt_actor, &services, run, token,
                                                    &services.step_actors);
}

StepActor spawn_branch(caf::actor_system& system, Services& services, const RunActor& run) {
  services.branch_actors.fetch_add(1, std::memory_order_relaxed);
  return system.spawn<caf::lazy_init + caf::hidden>(attempt_actor, &services, run,
                                                    std::uint64_t{0}, &services.branch_actors);
}

void launch(Services& services, const StepActor& attempt, std::uint64_t token, ScriptJob job) {
  job.job = token;
  services.ports.scripts.submit(std::move(job), [attempt](std::uint64_t id, ScriptResult result) {
    caf::anon_send(attempt, Outcome{id, std::make_shared<ScriptResult>(std::move(result))});
  });
}

}  // namespace troupe::actors
