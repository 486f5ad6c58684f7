#include "actors/tenant/tenant_actor.h"

#include "actors/run/run_actor.h"
#include "actors/tenant/tenant.h"

namespace troupe::actors {
namespace {

struct TenantState {
  static inline constexpr const char* name = "tenant";
  std::unique_ptr<Tenant> tenant;
};

TenantActor::behavior_type tenant_actor(TenantActor::stateful_pointer<TenantState> self,
                                        Services* services, WorkspaceId workspace) {
  Tenant::Outside outside;
  outside.self = [self] {
    return caf::actor_cast<TenantActor>(caf::strong_actor_ptr{self->ctrl()});
  };
  outside.spawn = [self, services, me = outside.self](std::shared_ptr<run::State> state,
                                                      Origin origin) {
    const RunActor run = spawn_run(self->system(), *services, me(), std::move(state), origin);
    self->monitor(run);
    return run;
  };
  outside.later = [self](Duration delay, Reload message) {
    self->delayed_send(self, std::chrono::microseconds(delay.us), message);
  };
  self->state.tenant = std::make_unique<Tenant>(*services, workspace, std::move(outside));
  self->set_down_handler([self](const caf::down_msg& message) {
    self->state.tenant->down(message.source, message.reason);
  });
  const auto tenant = [self]() -> Tenant& { return *self->state.tenant; };
  return {
      [=](const StartRun& message) { tenant().start(message); },
      [=](const StartRuns& message) { tenant().start_all(message); },
      [=](const StartMade& message) { tenant().start_made(message); },
      [=](const StartGroup& message) { tenant().start_group(message); },
      [=](const ToRun& message) { tenant().route(message); },
      [=](const Loaded& message) { tenant().loaded(message); },
      [=](const Exists& message) { tenant().exists(message); },
      [=](const Enqueue& message) { tenant().enqueue(message); },
      [=](const Asleep& message) { tenant().asleep(message); },
      [=](const Reload& message) { tenant().reload(message); },
      [=](const TimerFired& message) { tenant().timer(message); },
      [=](const ChildWanted& message) { tenant().child(message); },
      [=](const QuarantineRun& message) { tenant().quarantine(message); },
      [=](const SetAside& message) { tenant().set_aside(message); },
      [=](const SnapshotWanted& message) { tenant().snapshot_wanted(message.run); },
      [=](const Relinquish& message) { tenant().relinquish(message); },
      [=](const HandedOver& message) { tenant().handed_over(message); },
      [=](const BulkEnded& message) { tenant().bulk_ended(message.generation); },
  };
}

}  // namespace

TenantActor spawn_tenant(caf::actor_system& system, Services& services, WorkspaceId workspace) {
  return system.spawn<caf::lazy_init>(tenant_actor, &services, workspace);
}

}  // namespace troupe::actors
