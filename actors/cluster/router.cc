#include "actors/cluster/router.h"

#include "actors/node/always_answered.h"
#include "actors/store/load_run.h"

namespace troupe::actors {

namespace wire = cluster::wire;

namespace {

/// A takeover comes to its end within this, and with it most of what callers wait for.
constexpr Duration kPatience = seconds(15);
/// Of one try: an owner that is stopped is asked in vain.
constexpr Duration kTry = seconds(3);
/// Of all calls, once this node is about to end.
constexpr Duration kPatienceAtEnd = seconds(1);
constexpr std::chrono::milliseconds kAgain{50};

Error unreachable() {
  return {Code::kUnavailable, "the node that owns this run cannot be reached; try again shortly",
          {}};
}

/// What moves a slot's calls on: the new owner, or this node, is asked instead.
bool is_moved(const Error& error) { return error.code == Code::kStaleEpoch; }

constexpr std::chrono::seconds kAskFeedsEvery{5};

RouterActor::behavior_type router_actor(
    RouterActor::pointer self,
    const std::function<void(const std::shared_ptr<RemoteCall>&)>& attempt,
    const std::function<void()>& ask_feeds) {
  return {[attempt](const CallAgain& message) { attempt(message.call); },
          [self, ask_feeds](const AskFeedsAgain&) {
            ask_feeds();
            self->delayed_send(self, kAskFeedsEvery, AskFeedsAgain{});
          }};
}

}  // namespace

Router::Router(caf::actor_system& system, Services& services, Engine& engine)
    : services_(services),
      engine_(engine),
      bus_(*services.ports.bus),
      feeds_(services),
      later_(system.spawn(
          router_actor,
          [this](const std::shared_ptr<RemoteCall>& call) { attempt(call); },
          [this] { feeds_.ask_again(); })) {}

Status Router::listen() {
  caf::anon_send(later_, AskFeedsAgain{});
  return bus_.listen(services_.ownership.self(), [this](std::string body, Bus::Reply reply) {
    take(std::move(body), std::move(reply));
  });
}

void Router::hurry() {
  hurries_by_us_ = services_.ports.clock.since_boot().us + kPatienceAtEnd.us;
}

void Router::close() {
  if (closed_.exchange(true)) return;
  bus_.close();
  feeds_.close();
  caf::anon_send_exit(later_, caf::exit_reason::user_shutdown);
  later_ = RouterActor{};
}

// ---- outgoing -----------------------------------------------------------------------------------

void Router::send(WorkspaceId workspace, ToRun message) {
  if (std::holds_alternative<Ask>(message.message)) {
    const Ask& ask = std::get<Ask>(message.message);
    TROUPE_ENSURE(wire::may_travel(ask.event));
    RemoteCall call;
    call.entity = message.run;
    call.here = [this, workspace, message] { services_.reach(workspace, message); };
    call.body = wire::encode(wire::AskCall{message.run, message.scope, ask.event});
    call.done = [this, done = ask.done](Result<std::string> bytes) {
      if (!done) return;
      if (!bytes) return done(std::move(bytes).error());
      auto answer = wire::decode_answer<Answered>(services_.ports.hasher, *bytes);
      done(answer ? std::move(*answer) : Result<Answered>(unreachable()));
    };
    return this->call(std::move(call));
  }
  // What has ended changes no more: nobody needs to be asked.
  services_.read([this, workspace, message = std::move(message)](store::Reader& reader) {
    const auto row = reader.run_unscoped(message.run);
    if (!row || !*row || !store::ended((*row)->status)) return look(workspace, message);
    const Look& look = std::get<Look>(message.message);
    const store::TenantScope& scope = message.scope;
    const bool visible = (*row)->workspace == scope.workspace &&
                         (!scope.project || *scope.project == (*row)->project);
    if (!visible) return look.done(Error{Code::kNotFound, "there is no such run", {}});
    look.done(look_at_ended(services_, reader, **row, look.with_state));
  });
}

void Router::look(WorkspaceId workspace, const ToRun& message) {
  const Look& look = std::get<Look>(message.message);
  RemoteCall call;
  call.entity = message.run;
  call.here = [this, workspace, message] { services_.reach(workspace, message); };
  call.body = wire::encode(wire::LookCall{message.run, message.scope, look.with_state});
  call.may_repeat = true;
  call.done = [this, done = look.done](Result<std::string> bytes) {
    if (!bytes) return done(std::move(bytes).error());
    look_answered(*bytes, done);
  };
  this->call(std::move(call));
}

void Router::look_answered(const std::string& bytes, const Callback<RunLook>& done) {
  auto look = wire::decode_answer<RunLook>(services_.ports.hasher, bytes);
  if (!look) return done(unreachable());
  if (!look->ok()) return done(std::move(*look));
  // The graph stays at home: each node has the versions that it works with.
  services_.read([this, look = std::move(**look), done](store::Reader& reader) mutable {
    auto graph = graph_of_row(services_, reader, look.row);
    if (!graph) return done(std::move(graph).error());
    look.graph = std::move(*graph);
    done(std::move(look));
  });
}

Bus::Answer Router::started(Callback<Started> done) {
  return [this, done = std::move(done)](Result<std::string> bytes) {
    if (!bytes) return done(std::move(bytes).error());
    auto answer = wire::decode_answer<Started>(services_.ports.hasher, *bytes);
    done(answer ? std::move(*answer) : Result<Started>(unreachable()));
  };
}

void Router::retry(RunId run, const store::TenantScope& scope, RetryRequest request,
                   Callback<Started> done) {
  RemoteCall call;
  call.entity = run;
  call.body = wire::encode(wire::RetryCall{scope, request});
  call.may_repeat = true;  // its key is the same again
  call.here = [this, scope, request, done] { engine_.retry(scope, request, done); };
  call.done = started(done);
  this->call(std::move(call));
}

void Router::start(RunId run, StartRequest request, Callback<Started> done) {
  RemoteCall call;
  call.entity = run;
  call.body = wire::encode(wire::StartCall{request});
  call.may_repeat = true;  // its run id or key is the same again
  call.here = [this, request, done] { engine_.start(request, done); };
  call.done = started(done);
  this->call(std::move(call));
}

void Router::start_group(WorkspaceId workspace, StartGroup message) {
  RemoteCall call;
  call.entity = message.run;
  std::string spec;
  run::encode(run::Record(*message.spec), spec);
  call.body = wire::encode(wire::GroupCall{message.run, std::move(spec)});
  call.may_repeat = true;
  call.here = [this, workspace, message] { services_.start_group(workspace, message); };
  call.done = started(message.done);
  this->call(std::move(call));
}

void Router::call(RemoteCall call) {
  call.give_up_at = {services_.ports.clock.since_boot().us + kPatience.us};
  const auto count = [&services = services_](std::int64_t more) {
    services.metrics.remote_calls.set(static_cast<double>(services.remote_calls += more));
  };
  count(1);
  call.counted = std::shared_ptr<void>(nullptr, [count](void*) { count(-1); });
  attempt(std::make_shared<RemoteCall>(std::move(call)));
}

void Router::attempt(const std::shared_ptr<RemoteCall>& call) {
  if (closed_) return call->done(unreachable());
  if (services_.ownership.is_mine(call->entity)) return call->here();
  const Duration now = services_.ports.clock.since_boot();
  const Duration give_up_at{std::min(call->give_up_at.us, hurries_by_us_.load())};
  if (now >= give_up_at) return call->done(unreachable());
  const store::NodeNumber owner = services_.ownership.owner(call->entity);
  if (owner == 0 || owner == services_.ownership.self()) return again(call);
  const Duration patience{std::min(kTry.us, give_up_at.us - now.us)};
  bus_.request(owner, call->body, patience, [this, call](Result<std::string> answer) {
    const bool moved = answer.ok() && *answer == wire::encode_moved();
    const bool retry = moved || (!answer && (answer.error().code == Code::kUnavailable ||
                                             call->may_repeat));
    if (retry) return again(call);
    if (!answer && answer.error().code == Code::kTimeout) {
      return call->done(Error{Code::kOutcomeUnknown,
                              "the node that owns this run did not answer; look what happened, or "
                              "ask again",
                              {}});
    }
    call->done(std::move(answer));
  });
}

void Router::again(const std::shared_ptr<RemoteCall>& call) {
  if (closed_) return call->done(unreachable());
  caf::delayed_anon_send(later_, kAgain, CallAgain{call});
}

void Router::drain(store::NodeNumber node, Callback<Unit> done) {
  ask_node(node, wire::DrainCall{}, std::move(done));
}

void Router::tell_changed(store::NodeNumber node, std::vector<WorkflowId> workflows,
                          Callback<Unit> done) {
  ask_node(node, wire::ChangedCall{std::move(workflows)}, std::move(done));
}

void Router::ask_node(store::NodeNumber node, const wire::Call& call, Callback<Unit> done) {
  if (closed_) return done(unreachable());
  bus_.request(node, wire::encode(call), kTry,
               [this, done = std::move(done)](Result<std::string> bytes) {
                 if (!bytes) return done(std::move(bytes).error());
                 auto answer = wire::decode_answer<Unit>(services_.ports.hasher, *bytes);
                 done(answer ? std::move(*answer) : Result<Unit>(unreachable()));
               });
}

void Router::tell_to_look(store::NodeNumber node) {
  bus_.tell(node, wire::encode(wire::LookAroundCall{}));
}
void Router::tell_all_to_look() { bus_.tell_all(wire::encode(wire::LookAroundCall{})); }

// ---- incoming -----------------------------------------------------------------------------------

void Router::take(std::string body, Bus::Reply reply) {
  if (closed_) return;
  auto call = wire::decode(body);
  if (!call) {
    return services_.ports.log.warning("a message of another node was dropped",
                                       {{"message", call.error().message}});
  }
  struct Taker {
    Router& router;
    Bus::Reply& reply;
    void operator()(wire::AskCall& call) const { router.answer(std::move(call), reply); }
    void operator()(wire::LookCall& call) const { router.answer(call, reply); }
    void operator()(wire::StartCall& call) const { router.answer(call, reply); }
    void operator()(wire::GroupCall& call) const { router.answer(call, reply); }
    void operator()(wire::RetryCall& call) const { router.answer(call, reply); }
    void operator()(wire::LookAroundCall&) const {
      caf::anon_send(router.services_.cluster, LookAround{});
    }
    void operator()(wire::WatchCall& call) const { router.feeds_.serve(call); }
    void operator()(wire::NewsCall& call) const { router.feeds_.hear(std::move(call)); }
    void operator()(wire::WatchScopeCall& call) const { router.feeds_.serve(call); }
    void operator()(wire::ScopeNewsCall& call) const { router.feeds_.hear(std::move(call)); }
    void operator()(wire::DrainCall&) const {
      caf::anon_send(router.services_.cluster, Drain{[] {}});
      if (reply) reply(wire::encode(router.services_.ports.hasher, Result<Unit>(Unit{})));
    }
    void operator()(wire::ChangedCall& call) const {
      for (const WorkflowId workflow : call.workflows) router.services_.versions.doubt(workflow);
      if (reply) reply(wire::encode(router.services_.ports.hasher, Result<Unit>(Unit{})));
    }
  };
  std::visit(Taker{*this, reply}, *call);
}

void Router::answer(wire::AskCall call, Bus::Reply reply) {
  // Before it is asked whose the run is: when a copy comes the run may have moved on, and "moved"
  // would say that nothing was done.
  if (reply && !services_.options.bugs.take_asks_twice) {
    reply = asked_.begin(reply, services_.ports.clock.since_boot());
    if (!reply) return;
  }
  if (!services_.ownership.is_mine(call.run)) return reply ? reply(wire::encode_moved()) : void();
  const WorkspaceId workspace = call.scope.workspace;
  Ask ask{std::move(call.event),
          always_answered<Answered>([this, reply](Result<Answered> answer) {
            if (!reply) return;
            const bool moved = !services_.ownership.speaks_for(answer) ||
                               (!answer && is_moved(answer.error()));
            reply(moved ? wire::encode_moved() : wire::encode(services_.ports.hasher, answer));
          })};
  services_.send(workspace, ToRun{call.run, call.scope, std::move(ask)});
}

void Router::answer(const wire::LookCall& call, Bus::Reply reply) {
  if (!reply) return;
  if (!services_.ownership.is_mine(call.run)) return reply(wire::encode_moved());
  Look look{call.with_state, always_answered<RunLook>([this, reply](Result<RunLook> seen) {
              // What has been stopped meanwhile may be yesterday's truth.
              const bool stale = !services_.ownership.lease_holds() ||
                                 (!seen && is_moved(seen.error()));
              reply(stale ? wire::encode_moved() : wire::encode(services_.ports.hasher, seen));
            })};
  services_.send(call.scope.workspace, ToRun{call.run, call.scope, std::move(look)});
}

void Router::answer(const wire::StartCall& call, Bus::Reply reply) {
  if (!reply) return;
  engine_.start(call.request, [this, reply](Result<Started> started) {
    reply(!started && is_moved(started.error()) ? wire::encode_moved()
                                                : wire::encode(services_.ports.hasher, started));
  });
}

void Router::answer(const wire::RetryCall& call, Bus::Reply reply) {
  if (!reply) return;
  engine_.retry(call.scope, call.request, [this, reply](Result<Started> started) {
    reply(!started && is_moved(started.error()) ? wire::encode_moved()
                                                : wire::encode(services_.ports.hasher, started));
  });
}

void Router::answer(const wire::GroupCall& call, Bus::Reply reply) {
  if (!reply) return;
  if (!services_.ownership.is_mine(call.run)) return reply(wire::encode_moved());
  std::string_view bytes = call.spec;
  auto record = run::decode(&bytes);
  auto* const spec = record ? std::get_if<run::record::RunCreated>(&*record) : nullptr;
  if (spec == nullptr || !spec->group.set() || !bytes.empty()) {
    const Error error = record ? Error{Code::kCorrupt, "this is no group of a loop", {}}
                               : record.error();
    return reply(wire::encode(services_.ports.hasher, Result<Started>(error)));
  }
  const auto answered = [this, reply](Result<Started> started) {
    reply(!started && is_moved(started.error()) ? wire::encode_moved()
                                                : wire::encode(services_.ports.hasher, started));
  };
  const WorkspaceId workspace = spec->workspace;
  services_.start_group(workspace,
                        {call.run, std::make_shared<run::record::RunCreated>(std::move(*spec)),
                         always_answered<Started>(answered)});
}

}  // namespace troupe::actors
