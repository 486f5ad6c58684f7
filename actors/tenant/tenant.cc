#include "actors/tenant/tenant.h"

#include "actors/node/always_answered.h"
#include "actors/store/load_run.h"
#include "actors/store/start_group.h"
#include "actors/tenant/admission.h"
#include "runtime/journal/frame.h"

namespace troupe::actors {
namespace {

Error not_found() { return {Code::kNotFound, "there is no such run", {}}; }

/// What a run that was set aside is woken for, if it is an `AskedFor`.
template <class AskedFor, class Pending>
bool woken_by(const run::State& state, const Pending& pending) {
  if (state.pause_reason != store::PauseReason::kQuarantine || pending.empty()) return false;
  const auto* ask = std::get_if<Ask>(&pending.front().second);
  return ask != nullptr && std::holds_alternative<AskedFor>(ask->event);
}

Started started_of(const store::RunRow& row) {
  return {row.id, row.status, row.workflow, row.version, row.created};
}

}  // namespace

Tenant::Tenant(Services& services, WorkspaceId workspace, Outside outside)
    : services_(services), workspace_(workspace), outside_(std::move(outside)) {
  services_.tenant_actors.fetch_add(1);
}

Tenant::~Tenant() {
  for (const auto& [run, entry] : runs_) {
    if (entry.actor) caf::anon_send_exit(entry.actor, caf::exit_reason::user_shutdown);
  }
  services_.tenant_actors.fetch_sub(1);
}

// ---- admission ----------------------------------------------------------------------------------

void Tenant::start(const StartRun& message) {
  const StartRequest& request = message.request;
  if (Status admitted = may_admit(services_, queue_.size()); !admitted) {
    return message.done(std::move(admitted).error());
  }
  auto spec = spec_of(request, *message.published, services_.now(),
                      services_.retention.days(request.project));
  if (!spec) return message.done(std::move(spec).error());
  Making making{message.published,
                std::make_shared<run::record::RunCreated>(std::move(*spec)), message.done};
  const bool keyed =
      !request.idempotency_key.empty() && !services_.options.bugs.ignore_idempotency_key;
  if (request.run_id) make_unless_exists(*request.run_id, std::move(making));
  else if (keyed)
    make_unless_exists(keyed_run_id(services_.ports.hasher, request), std::move(making));
  else make(services_.new_run_id(), making);
}

void Tenant::start_made(const StartMade& message) {
  Making making{message.published, message.spec, message.done};
  if (message.idempotent) make_unless_exists(message.run, std::move(making));
  else make(message.run, making);
}

void Tenant::make_unless_exists(RunId run, Making making) {
  if (!services_.ownership.may_work(run)) return making.done(moved());
  if (const auto found = runs_.find(run); found != runs_.end()) {
    // It is here: what it was asked for with decides, once that is durable.
    const auto compare = [tenant = outside_.self(), run, making](Result<RunLook> seen) {
      if (!seen && seen.error().code == Code::kNotFound) {
        // Its actor crashed before the creation was durable: it does not exist after all.
        return caf::anon_send(
            tenant, StartMade{run, making.published, making.spec, true, making.done});
      }
      if (!seen) return making.done(std::move(seen).error());
      if (seen->row.request != making.spec->request) {
        return making.done(Error{Code::kIdempotencyMismatch,
                                 "this key or run id was used with another request", {}});
      }
      making.done(started_of(seen->row));
    };
    return deliver(run, found->second, {workspace_, std::nullopt},
                   Look{false, always_answered<RunLook>(compare)});
  }
  auto& waiting = making_[run];
  waiting.push_back(std::move(making));
  if (waiting.size() > 1) return;
  services_.read([tenant = outside_.self(), run](store::Reader& reader) {
    auto row = reader.run_unscoped(run);
    Exists answer{run, nullptr, std::nullopt};
    if (!row) answer.error = row.error();
    else if (*row) answer.row = std::make_shared<store::RunRow>(std::move(**row));
    caf::anon_send(tenant, std::move(answer));
  });
}

void Tenant::exists(const Exists& message) {
  auto node = making_.extract(message.run);
  if (node.empty()) return;
  std::vector<Making>& waiting = node.mapped();
  bool first = true;
  for (Making& making : waiting) {
    if (message.error) {
      making.done(*message.error);
    } else if (message.row != nullptr) {
      answer_existing(*message.row, making);
    } else if (first && runs_.count(message.run) == 0) {
      make(message.run, making);
      first = false;
    } else {
      make_unless_exists(message.run, std::move(making));
    }
  }
}

void Tenant::answer_existing(const store::RunRow& row, const Making& making) {
  if (row.request != making.spec->request || row.workspace != workspace_) {
    return making.done(Error{Code::kIdempotencyMismatch,
                             "this key or run id was used with another request", {}});
  }
  making.done(started_of(row));
}

void Tenant::make(RunId run, const Making& making) {
  if (!run.set()) return making.done(services_.no_slots());
  if (!services_.ownership.may_work(run)) return making.done(moved());
  Entry& entry = runs_[run];
  entry.project = making.spec->project;
  // A group works in its parent's turn: parents that wait for groups in line behind others that
  // wait for theirs would wait for ever.
  const bool group =
      making.spec->group.set() && !services_.options.bugs.groups_take_turns;
  const bool now =
      !group && turns_ < services_.options.active_runs_per_workspace && queue_.empty();
  entry.state = std::make_shared<run::State>(run::new_state(run, making.published->graph));
  entry.phase = Phase::kQueued;
  activate(run, entry);
  if (now) {
    hold_turn(entry);
  } else if (!group) {
    entry.in_queue = true;
    queue_.push_back(run);
  }
  run::event::Created created{*making.spec, now};
  const auto accepted = [done = making.done](Result<Answered> answer) {
    if (!answer) return done(std::move(answer).error());
    done(started_of(answer->row));
  };
  forward(entry, Ask{std::move(created), accepted});
}

// ---- turns --------------------------------------------------------------------------------------

void Tenant::enqueue(const Enqueue& message) {
  for (run::State& state : *message.states) {
    const RunId run = state.id;
    const auto [found, inserted] = runs_.try_emplace(run);
    Entry& entry = found->second;
    if (!inserted && entry.phase != Phase::kLoading) continue;  // it is here already
    entry.phase = Phase::kQueued;
    entry.project = state.project;
    entry.origin = message.origin;
    const bool group = state.group.set();
    entry.state = std::make_shared<run::State>(std::move(state));
    if (group) {
      activate(run, entry);
    } else {
      entry.in_queue = true;
      queue_.push_back(run);
    }
    if (!entry.pending.empty()) {
      const auto pending = std::move(entry.pending);
      entry.pending.clear();
      for (const auto& [scope, wanted] : pending) deliver(run, entry, scope, wanted);
    }
    if (!services_.ownership.may_work(run)) let_go(run);
  }
  take_turns();
}

void Tenant::take_turns() {
  while ((!queue_.empty() || !due_.empty()) &&
         turns_ < services_.options.active_runs_per_workspace && !services_.shutting_down) {
    // New runs and those whose timer is due take turns by turns.
    due_is_next_ = !due_is_next_;
    std::deque<RunId>& line = due_.empty() || (!due_is_next_ && !queue_.empty()) ? queue_ : due_;
    const RunId run = line.front();
    line.pop_front();
    if (&line == &due_) wake(run);
    else begin(run);
  }
}

void Tenant::hold_turn(Entry& entry) {
  if (entry.holds_turn) return;
  entry.holds_turn = true;
  ++turns_;
}

void Tenant::give_turn(Entry& entry) {
  if (!entry.holds_turn) return;
  entry.holds_turn = false;
  --turns_;
}

void Tenant::begin(RunId run) {
  const auto found = runs_.find(run);
  if (found == runs_.end() || !found->second.in_queue) return;
  Entry& entry = found->second;
  entry.in_queue = false;
  hold_turn(entry);
  activate(run, entry);
  forward(entry, Ask{run::event::Started{}, {}});
}

void Tenant::wake(RunId run) {
  // Its next owner reads its timer as well. While the run is on its way here, it may be in what is
  // being read back: that must not meet a run that has gone on since.
  if (!services_.ownership.is_mine(run)) return;
  const auto [found, inserted] = runs_.try_emplace(run);
  if (inserted) {
    hold_turn(found->second);
    load(run, Origin::kAsleep);
  }
  deliver(run, found->second, {workspace_, std::nullopt}, Ask{run::event::TimerDue{}, {}});
}

Tenant::Entry& Tenant::activate(RunId run, Entry& entry, const Message* first) {
  if (entry.phase != Phase::kQueued) return entry;
  entry.actor = outside_.spawn(std::move(entry.state), entry.origin);
  entry.state.reset();
  entry.phase = Phase::kActive;
  by_actor_[entry.actor.address()] = run;
  if (first != nullptr) forward(entry, *first);
  if (entry.origin == Origin::kRecovered) forward(entry, Ask{run::event::Recovered{}, {}});
  return entry;
}

void Tenant::asleep(const Asleep& message) {
  const auto found = runs_.find(message.run);
  if (found == runs_.end() || found->second.phase != Phase::kActive) return;
  Entry& entry = found->second;
  // something is on its way to it: it will ask again
  if (entry.delivered != message.received) return;
  caf::anon_send(entry.actor, Leave{});
  erase(message.run);
  take_turns();
}

void Tenant::erase(RunId run) {
  const auto found = runs_.find(run);
  if (found == runs_.end()) return;
  if (found->second.actor) by_actor_.erase(found->second.actor.address());
  give_turn(found->second);
  runs_.erase(found);
  gone(run);
}

// ---- messages to runs ---------------------------------------------------------------------------

void Tenant::route(const ToRun& message) {
  if (!services_.ownership.may_work(message.run)) return refuse(message.message, moved());
  const auto [found, inserted] = runs_.try_emplace(message.run);
  if (inserted) load(message.run, Origin::kAsleep);
  deliver(message.run, found->second, message.scope, message.message);
}

void Tenant::deliver(RunId run, Entry& entry, const store::TenantScope& scope,
                     const Message& message) {
  if (entry.phase == Phase::kLoading || entry.phase == Phase::kSettingAside) {
    entry.pending.emplace_back(scope, message);
    return;
  }
  const bool aside = entry.phase == Phase::kQuarantined;
  if (aside && !entry.project.set() && std::holds_alternative<Look>(message)) {
    return look_aside(run, scope, std::get<Look>(message));  // looks at the row's project
  }
  if (!sees(scope, entry)) return refuse(message, not_found());
  if (aside) {
    const auto* ask = std::get_if<Ask>(&message);
    if (ask != nullptr && (std::holds_alternative<run::event::ResumeAsked>(ask->event) ||
                           std::holds_alternative<run::event::StopAsked>(ask->event))) {
      crashes_.erase(run);
      entry.phase = Phase::kLoading;
      entry.pending.emplace_back(scope, message);
      return reload({run});
    }
    if (ask != nullptr) return refuse(message, {Code::kQuarantined, entry.why, {}});
    return look_aside(run, scope, std::get<Look>(message));
  }
  activate(run, entry);
  forward(entry, message);
}

bool Tenant::sees(const store::TenantScope& scope, const Entry& entry) const {
  const bool visible = scope.workspace == workspace_ &&
                       (!scope.project || *scope.project == entry.project);
  return visible || services_.options.bugs.drop_tenant_filter;
}

void Tenant::forward(Entry& entry, const Message& message) {
  ++entry.delivered;
  std::visit([&](const auto& m) { caf::anon_send(entry.actor, m); }, message);
}

void Tenant::refuse(const Message& message, const Error& error) {
  std::visit([&](const auto& m) { if (m.done) m.done(error); }, message);
}

void Tenant::timer(const TimerFired& message) {
  if (runs_.count(message.run) > 0) return wake(message.run);
  // Thousands may be due at once, and each takes room while it is awake.
  due_.push_back(message.run);
  take_turns();
}

void Tenant::snapshot_wanted(RunId run) {
  const auto found = runs_.find(run);
  if (found == runs_.end()) return;
  Entry& entry = found->second;
  if (entry.phase == Phase::kQueued) activate(run, entry);
  if (entry.phase != Phase::kActive) return;
  ++entry.delivered;
  caf::anon_send(entry.actor, SnapshotWanted{run});
}

// ---- loading ------------------------------------------------------------------------------------

void Tenant::load(RunId run, Origin origin) {
  services_.read([answer = loader(run, origin)](store::Reader& reader) { answer(reader); });
}

std::function<void(store::Reader&)> Tenant::loader(RunId run, Origin origin) {
  const std::uint64_t number = ++loads_;
  runs_.at(run).load = number;
  return [tenant = outside_.self(), &services = services_, run, origin, number,
          workspace = workspace_](store::Reader& reader) {
    Loaded loaded = load_run(services, reader, workspace, run, origin);
    loaded.number = number;
    caf::anon_send(tenant, std::move(loaded));
  };
}

void Tenant::loaded(const Loaded& message) {
  const auto found = runs_.find(message.run);
  if (found == runs_.end() || found->second.phase != Phase::kLoading) return;
  if (found->second.load != message.number) return;  // read before something that has changed it
  Entry& entry = found->second;
  const auto pending = std::move(entry.pending);
  entry.pending.clear();
  if (!services_.ownership.may_work(message.run)) return loaded_too_late(message, entry, pending);
  // A crashed actor may have kept to itself what it had committed.
  if (message.origin == Origin::kRecovered) services_.hub.tell(message.run, {});
  if (message.state != nullptr) {
    entry.project = message.state->project;
    entry.state = message.state;
    entry.origin = message.origin;
    // Just to be stopped it is not to work again.
    if (woken_by<run::event::StopAsked>(*message.state, pending)) entry.origin = Origin::kAsleep;
    entry.phase = Phase::kQueued;
    const bool queued = !message.state->started.set() && !message.state->group.set();
    // It may end as soon as it goes on working, and a resume must not be answered with that end.
    const bool first = woken_by<run::event::ResumeAsked>(*message.state, pending) &&
                       sees(pending.front().first, entry);
    activate(message.run, entry, first ? &pending.front().second : nullptr);
    for (std::size_t i = first ? 1 : 0; i < pending.size(); ++i) {
      deliver(message.run, entry, pending[i].first, pending[i].second);
    }
    if (!queued) return;
    entry.in_queue = true;
    queue_.push_back(message.run);
    return take_turns();
  }
  if (message.error) {
    // The run is there and cannot be read: damaged, or the store is silent. It is not dropped.
    services_.ports.log.error(
        "a run cannot be loaded",
        {{"run_id", message.run.to_string()}, {"message", message.error->message}});
    if (message.project.set()) entry.project = message.project;
    for (const auto& [scope, wanted] : pending) {
      // A row that cannot be read is told: it would be so without a run of this id, too.
      const bool foreign = entry.project.set() && !sees(scope, entry);
      refuse(wanted, foreign ? not_found() : *message.error);
    }
    if (message.error->code == Code::kCorrupt) {
      return quarantine({message.run, message.error->message, message.project});
    }
    return outside_.later(seconds(1), Reload{message.run});
  }
  erase(message.run);
  for (const auto& [scope, wanted] : pending) {
    if (message.row == nullptr) refuse(wanted, not_found());
    else answer_ended(*message.row, scope, wanted);
  }
  take_turns();
}

void Tenant::answer_ended(const store::RunRow& row, const store::TenantScope& scope,
                          const Message& message) {
  if (row.workspace != scope.workspace || (scope.project && *scope.project != row.project)) {
    return refuse(message, not_found());
  }
  if (std::holds_alternative<Ask>(message)) {
    return refuse(message, {Code::kRunEnded,
                            "the run has ended: " + std::string(store::name(row.status)), {}});
  }
  services_.read([&services = services_, row, look = std::get<Look>(message)](
                     store::Reader& reader) {
    look.done(look_at_ended(services, reader, row, look.with_state));
  });
}

// ---- children -----------------------------------------------------------------------------------

void Tenant::child(const ChildWanted& message) {
  if (!services_.ownership.may_work(message.child.child)) return;  // the parent asks again there
  services_.read([tenant = outside_.self(), &services = services_, message](store::Reader& reader) {
    start_child_run(services, reader, tenant, message);
  });
}

void Tenant::start_group(const StartGroup& message) {
  if (!services_.ownership.may_work(message.run)) return message.done(moved());
  services_.read([tenant = outside_.self(), &services = services_, message](store::Reader& reader) {
    start_group_run(services, reader, tenant, message);
  });
}

}  // namespace troupe::actors
