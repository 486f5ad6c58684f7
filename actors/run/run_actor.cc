#include "actors/run/run_actor.h"

#include "actors/run/run.h"

namespace troupe::actors {
namespace {

struct RunActorState {
  static inline constexpr const char* name = "run";
  std::unique_ptr<Run> run;
  Services* services = nullptr;
  ~RunActorState() {
    if (services != nullptr) services->run_actors.fetch_sub(1, std::memory_order_relaxed);
  }
};

RunActor::behavior_type run_actor(RunActor::stateful_pointer<RunActorState> self,
                                  Services* services, TenantActor tenant,
                                  std::shared_ptr<run::State> state, Origin origin) {
  self->state.services = services;
  const auto watch = [self](const StepActor& step) { self->monitor(step); };
  self->state.run = std::make_unique<Run>(self->system(), *services, std::move(tenant),
                                          self->ctrl(), std::move(*state), origin, watch);
  self->set_down_handler([self](const caf::down_msg& message) {
    self->state.run->attempt_actor_down(caf::actor_cast<caf::actor_addr>(message.source));
  });
  state.reset();
  const auto run = [self]() -> Run& { return *self->state.run; };
  return {
      [=](const Ask& message) { run().ask(message); },
      [=](const Look& message) { run().look(message); },
      [=](const Inner& message) { run().inner(message); },
      [=](const Granted& message) { run().granted(message.token); },
      [=](const SlowAttempt& message) { run().slow(message.token); },
      [=](const AttemptDone& message) { run().attempt_done(message); },
      [=](const Committed& message) { run().committed(message.pos); },
      [=](const CommitFailed& message) {
        run().refused(message.error);
        self->quit();
      },
      [=](const SnapshotWanted&) { run().snapshot_wanted(); },
      [=](const HandOver&) { run().hand_over(); },
      [=](const Leave&) { self->quit(); },
      [=](const GroupAnswered& message) { run().group_answered(message); },
      [=](const TellGroupAgain& message) { run().tell_group_again(message.group); },
      [=](const AskParent&) { run().ask_parent_again(); },
  };
}

}  // namespace

RunActor spawn_run(caf::actor_system& system, Services& services, const TenantActor& tenant,
                   std::shared_ptr<run::State> state, Origin origin) {
  services.run_actors.fetch_add(1, std::memory_order_relaxed);
  return system.spawn<caf::lazy_init>(run_actor, &services, tenant, std::move(state), origin);
}

}  // namespace troupe::actors
