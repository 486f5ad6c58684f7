// Run actors that crash: brought back with a delay, and after too many crashes set aside.

#include "actors/store/load_run.h"
#include "actors/tenant/tenant.h"

namespace troupe::actors {

void Tenant::down(const caf::actor_addr& actor, const caf::error& reason) {
  const auto found = by_actor_.find(actor);
  if (found == by_actor_.end()) return;
  const RunId run = found->second;
  by_actor_.erase(found);
  const auto entry = runs_.find(run);
  if (entry == runs_.end()) return;
  give_turn(entry->second);
  if (entry->second.phase == Phase::kSettingAside) {
    entry->second.actor = RunActor{};
    return write_aside(run, entry->second.why);
  }
  if (!reason || services_.shutting_down) {  // refused at its creation
    runs_.erase(entry);
    gone(run);
    return take_turns();
  }
  services_.metrics.recoveries.add();
  const int crashes = ++crashes_[run];
  services_.ports.log.error("a run's actor crashed",
                            {{"run_id", run.to_string()}, {"crashes", crashes},
                             {"reason", caf::to_string(reason)}});
  Entry fresh;
  fresh.project = entry->second.project;
  entry->second = std::move(fresh);
  if (crashes >= services_.options.crashes_max) {
    return quarantine({run, "its actor crashed " + std::to_string(crashes) + " times: " +
                                caf::to_string(reason)});
  }
  outside_.later(milliseconds(50ll << crashes), Reload{run});
  take_turns();
}

void Tenant::reload(const Reload& message) {
  const auto found = runs_.find(message.run);
  if (found == runs_.end() || found->second.phase != Phase::kLoading) return;
  if (services_.options.bugs.forget_unacknowledged_on_crash) {
    return load(message.run, Origin::kRecovered);
  }
  // What the crashed actor had submitted must have landed before the store is read: an empty
  // submission goes behind it in the workspace's line and is tried again as long as it is.
  behind_submitted(message.run, loader(message.run, Origin::kRecovered));
}

void Tenant::quarantine(const QuarantineRun& message) {
  const RunId run = message.run;
  const std::string& why = message.why;
  if (!services_.ownership.may_work(run) && runs_.count(run) == 0) return;
  Entry& entry = runs_[run];
  if (message.project.set()) entry.project = message.project;
  if (entry.phase == Phase::kSettingAside) return;
  give_turn(entry);
  entry.state.reset();
  entry.in_queue = false;
  entry.phase = Phase::kSettingAside;
  entry.why = why;
  // An actor may be deciding still: not before it has ended has it submitted all it will. Only what
  // it had to commit brings a live one here; it may not have heard of that itself yet.
  if (entry.actor) caf::anon_send(entry.actor, CommitFailed{{Code::kCorrupt, why, {}}});
  else write_aside(run, why);
  take_turns();
}

void Tenant::write_aside(RunId run, const std::string& why) {
  // As for a reload: what its actor had submitted must have landed before the store is read.
  behind_submitted(run, [tenant = outside_.self(), &services = services_, run, why](
                            store::Reader& reader) {
    write_quarantine(services, reader, run, why, [tenant, run](Aside outcome, ProjectId project) {
      caf::anon_send(tenant, SetAside{run, outcome, project});
    });
  });
}

void Tenant::set_aside(const SetAside& message) {
  const auto found = runs_.find(message.run);
  if (found == runs_.end() || found->second.phase != Phase::kSettingAside) return;
  if (message.outcome == Aside::kEnded) {
    found->second.phase = Phase::kLoading;
    return outside_.later(seconds(1), Reload{message.run});
  }
  if (message.project.set()) found->second.project = message.project;
  const auto pending = std::move(found->second.pending);
  found->second.pending.clear();
  if (message.outcome == Aside::kWritten && services_.ownership.may_work(message.run)) {
    found->second.phase = Phase::kQuarantined;
  } else {
    crashes_.erase(message.run);
    runs_.erase(found);
    gone(message.run);
  }
  for (const auto& [scope, wanted] : pending) route({message.run, scope, wanted});
}

void Tenant::behind_submitted(RunId run, std::function<void(store::Reader&)> work) {
  auto barrier = std::make_shared<Submission>();
  barrier->reopens = run;
  barrier->tenant = caf::actor_cast<caf::strong_actor_ptr>(outside_.self());
  barrier->done = [&services = services_, work = std::move(work)](const Status&) {
    services.read(work);
  };
  services_.submit(std::move(barrier));
}

void Tenant::look_aside(RunId run, const store::TenantScope& scope, const Look& look) {
  services_.read([&services = services_, run, scope, look](store::Reader& reader) {
    const auto row = reader.run_unscoped(run);
    if (!row) return look.done(row.error());
    const bool visible = *row && (*row)->workspace == scope.workspace &&
                         (!scope.project || *scope.project == (*row)->project);
    if (!visible) return look.done(Error{Code::kNotFound, "there is no such run", {}});
    look.done(look_at_ended(services, reader, **row, look.with_state));
  });
}

}  // namespace troupe::actors
