#include "actors/cluster/acquire.h"

#include "actors/cluster/router.h"
#include "actors/store/new_runs.h"

namespace troupe::actors {

void bring_up(Services& services, Recovered& recovered, const cluster::SlotSet& slots) {
  OpenEntities open{slots, std::make_shared<std::vector<OpenEntities::Entity>>(
      std::move(recovered.uncovered))};
  for (OpenEntities::Entity& entity : *open.entities) {
    entity.tenant = caf::actor_cast<caf::strong_actor_ptr>(
        services.tenant(recovered.workspace_of.at(entity.id)));
  }
  caf::anon_send(services.committer, std::move(open));
  for (const auto& [workspace, rows] : recovered.rows) {
    const auto tenant = services.tenant(workspace);
    submit_rows(services, caf::actor_cast<caf::strong_actor_ptr>(tenant), rows, [] {});
  }
  for (const auto& [workspace, message] : recovered.quarantined) {
    caf::anon_send(services.tenant(workspace), message);
  }
  for (auto& [workspace, states] : recovered.states) {
    services.ports.log.info("runs recovered", {{"workspace", workspace.to_string()},
                                               {"runs", std::uint64_t{states->size()}}});
    services.metrics.recoveries.add(static_cast<double>(states->size()));
    caf::anon_send(services.tenant(workspace), Enqueue{states, Origin::kRecovered});
  }
}

void acquire(Services& services, const cluster::SlotSet& slots, Callback<store::Pos> done) {
  services.write([&services, slots, done = std::move(done)](store::Writer& writer) {
    // The addresses that an entity gets here must be greater than those it had elsewhere.
    const bool keep = services.options.bugs.keep_epoch_on_acquire;
    const auto epoch = keep ? Result<std::uint64_t>(services.epoch()) : writer.next_epoch();
    if (!epoch) return done(epoch.error());
    if (!keep) services.begin_epoch(*epoch);
    services.read([&services, slots, done, before = *epoch << 40](store::Reader& reader) {
      auto recovered = recover(services, reader, slots);
      if (!recovered) return done(std::move(recovered).error());
      bring_up(services, *recovered, slots);
      // Whoever asks from now on finds its run behind what has just been sent to its tenant.
      services.ownership.set(slots, Ownership::Hold::kMine);
      if (services.router != nullptr) services.router->feeds().taken_up(slots);
      caf::anon_send(services.timers, BeginTimers{});
      if (services.bulk) caf::anon_send(services.bulk, LookForJobs{});
      done(before);
    });
  });
}

}  // namespace troupe::actors
