#include "actors/step/attempt.h"

#include "actors/node/services.h"

namespace troupe::actors {
namespace {

struct AttemptState {
  static inline constexpr const char* name = "attempt";
  std::atomic<std::int64_t>* count = nullptr;
  ~AttemptState() {
    if (count != nullptr) count->fetch_sub(1, std::memory_order_relaxed);
  }
};

StepActor::behavior_type attempt_actor(StepActor::stateful_pointer<AttemptState> self,
                                       Services* services, RunActor run,
                                       std::atomic<std::int64_t>* count) {
  self->state.count = count;
  return {
      [=](const Outcome& outcome) { self->send(run, AttemptDone{outcome.token, outcome.result}); },
      [=](const Abandon& abandon) { services->executors.cancel(abandon.token); },
      [=](const Leave&) { self->quit(); },
  };
}

StepActor spawn(caf::actor_system& system, Services& services, const RunActor& run,
                std::atomic<std::int64_t>& count) {
  count.fetch_add(1, std::memory_order_relaxed);
  return system.spawn<caf::lazy_init + caf::hidden>(attempt_actor, &services, run, &count);
}

}  // namespace

StepActor spawn_step(caf::actor_system& system, Services& services, const RunActor& run) {
  return spawn(system, services, run, services.step_actors);
}

StepActor spawn_branch(caf::actor_system& system, Services& services, const RunActor& run) {
  return spawn(system, services, run, services.branch_actors);
}

void launch(Services& services, const StepActor& attempt, std::uint64_t token, Job job) {
  services.executors.submit(token, std::move(job), [attempt](std::uint64_t id,
                                                             AttemptResult result) {
    caf::anon_send(attempt, Outcome{id, std::make_shared<AttemptResult>(std::move(result))});
  });
}

}  // namespace troupe::actors
