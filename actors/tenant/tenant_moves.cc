// Slots that go to another node: what a tenant has of them is laid down in the store.

#include "actors/store/load_run.h"
#include "actors/tenant/tenant.h"

namespace troupe::actors {

Error Tenant::moved() {
  return {Code::kStaleEpoch, "another node goes on with this run", {}};
}

void Tenant::relinquish(const Relinquish& message) {
  // New groups of runs get their ids in other slots; those begun before may have ids in these.
  ++generation_;
  std::vector<RunId> here;
  for (const auto& [run, entry] : runs_) {
    if (message.slots.test(cluster::slot_of(run))) here.push_back(run);
  }
  // All of them before the first one goes: a run that is set aside goes at once, and the order must
  // not seem done with it.
  moves_.push_back({message, generation_, {here.begin(), here.end()}});
  for (const RunId run : here) let_go(run);
  tell_relinquished();
}

void Tenant::let_go(RunId run) {
  for (Move& move : moves_) {
    if (move.order.slots.test(cluster::slot_of(run))) move.left.insert(run);
  }
  Entry& entry = runs_.at(run);
  entry.in_queue = false;
  switch (entry.phase) {
    case Phase::kQueued:
      return lay_down(run, entry);
    case Phase::kActive:
      ++entry.delivered;
      caf::anon_send(entry.actor, HandOver{});
      return;
    case Phase::kQuarantined:
      return erase(run);
    case Phase::kLoading:
    case Phase::kSettingAside:
    case Phase::kLayingDown:
      return;  // goes when that has come to its end
  }
}

/// A state without an actor: its snapshot goes behind whatever was submitted of it before.
void Tenant::lay_down(RunId run, Entry& entry) {
  auto submission = std::make_shared<Submission>();
  submission->tenant = caf::actor_cast<caf::strong_actor_ptr>(outside_.self());
  submission->closes = true;
  store::Snapshot& snapshot = submission->batch.snapshots.emplace_back();
  snapshot.entity = run;
  snapshot.workspace = workspace_;
  snapshot.pos = entry.state->chain.head();
  snapshot.runnable = true;
  snapshot.bytes = run::encode_snapshot(*entry.state);
  submission->done = [tenant = outside_.self(), run](const Status&) {
    caf::anon_send(tenant, HandedOver{run});
  };
  entry.state.reset();
  entry.phase = Phase::kLayingDown;
  services_.submit(std::move(submission));
}

/// Its slot went while it was being read.
void Tenant::loaded_too_late(
    const Loaded& message, Entry& entry,
    const std::vector<std::pair<store::TenantScope, Message>>& pending) {
  for (const auto& [scope, wanted] : pending) refuse(wanted, moved());
  // What was asleep lies in its snapshot. What had crashed may have frames behind it.
  if (message.state != nullptr && message.origin == Origin::kRecovered) {
    entry.state = message.state;
    return lay_down(message.run, entry);
  }
  if (message.error && message.error->code != Code::kCorrupt) {
    return outside_.later(seconds(1), Reload{message.run});
  }
  erase(message.run);
}

void Tenant::handed_over(const HandedOver& message) {
  const auto found = runs_.find(message.run);
  if (found == runs_.end() || services_.ownership.may_work(message.run)) return;
  if (found->second.actor) caf::anon_send(found->second.actor, Leave{});
  erase(message.run);
  take_turns();
}

void Tenant::bulk_ended(std::uint64_t generation) {
  const auto found = bulks_.find(generation);
  if (found != bulks_.end() && --found->second == 0) bulks_.erase(found);
  tell_relinquished();
}

void Tenant::gone(RunId run) {
  for (Move& move : moves_) move.left.erase(run);
  tell_relinquished();
}

void Tenant::tell_relinquished() {
  std::erase_if(moves_, [this](const Move& move) {
    const bool has_bulks = !bulks_.empty() && bulks_.begin()->first < move.generation &&
                           !services_.options.bugs.forget_bulk_on_move;
    if (has_bulks || !move.left.empty()) return false;
    move.order.done();
    return true;
  });
}

}  // namespace troupe::actors
