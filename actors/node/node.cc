#include "actors/node/node.h"

#include <condition_variable>
#include <future>

#include <caf/scheduler/test_coordinator.hpp>

#include "actors/cluster/acquire.h"
#include "actors/cluster/cluster.h"
#include "actors/cluster/cluster_actor.h"
#include "actors/cluster/router.h"
#include "actors/committer/committer_actor.h"
#include "actors/events/publisher.h"
#include "actors/node/engine.h"
#include "actors/node/recovery.h"
#include "actors/node/services.h"
#include "actors/store/reader_actor.h"
#include "actors/tenant/tenant_actor.h"
#include "actors/timers/timer_actor.h"

namespace troupe::actors {
namespace {

/// At an orderly end, for events that nobody may be listening to.
constexpr Duration kPublishPatience = seconds(2);

caf::actor_system_config& configure(caf::actor_system_config& config, const Options& options) {
  // Sharing wakes an idle worker at once; stealing lets it sleep up to 10 ms first.
  config.set("scheduler.policy", options.simulated ? caf::atom("testing") : caf::atom("sharing"));
  const auto cores = std::max(1u, std::thread::hardware_concurrency());
  config.set("scheduler.max-threads",
             static_cast<std::size_t>(options.workers > 0 ? options.workers : cores));
  config.set("logger.verbosity", caf::atom("quiet"));
  return config;
}

/// A fresh store gets its first workspace and project. Another node may be giving it the same at
/// this moment: what it has made is as good, and what it has left unmade is made here.
Status ensure_defaults(Services& services, store::Reader& reader) {
  auto workspaces = reader.workspaces();
  if (!workspaces) return std::move(workspaces).error();
  store::Writer& writer = services.ports.store.writer();
  if (workspaces->empty()) {
    const auto made = writer.create_workspace(
        {WorkspaceId{services.new_id()}, "default", "Default", "troupe", services.now()});
    if (!made && made.error().code != Code::kConflict) return made.error();
    workspaces = reader.workspaces();
    if (!workspaces) return std::move(workspaces).error();
  }
  if (workspaces->size() != 1 || workspaces->front().slug != "default") return ok();
  const WorkspaceId workspace = workspaces->front().id;
  const auto projects = reader.projects(workspace);
  if (!projects) return projects.error();
  if (!projects->empty()) return ok();
  const auto made = writer.create_project(
      {ProjectId{services.new_id()}, workspace, "default", "Default", false, services.now()});
  if (!made && made.error().code != Code::kConflict) return made.error();
  return ok();
}

/// Tenants by workspace, spawned when they are first spoken to.
class Directory {
 public:
  Directory(caf::actor_system& system, Services& services) : system_(system), services_(services) {}

  TenantActor tenant(WorkspaceId workspace) {
    const std::lock_guard lock(mutex_);
    TenantActor& actor = tenants_[workspace];
    if (!actor) actor = spawn_tenant(system_, services_, workspace);
    // Whoever speaks to a tenant after the end must not leave behind one that never ends.
    if (ended_) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    return actor;
  }
  std::vector<TenantActor> all() {
    const std::lock_guard lock(mutex_);
    std::vector<TenantActor> actors;
    for (const auto& [workspace, actor] : tenants_) actors.push_back(actor);
    return actors;
  }
  void end_all() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    for (auto& [workspace, actor] : tenants_) {
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    }
    tenants_.clear();
  }

 private:
  caf::actor_system& system_;
  Services& services_;
  std::mutex mutex_;
  std::unordered_map<WorkspaceId, TenantActor> tenants_;
  bool ended_ = false;
};

}  // namespace

struct Node::Parts {
  Parts(const Options& options, const Ports& ports)
      : services(options, ports),
        system(configure(config, options)),
        directory(system, services),
        engine(services) {
    services.tenant = [this](WorkspaceId workspace) { return directory.tenant(workspace); };
    services.tenants = [this] { return directory.all(); };
  }

  Services services;
  caf::actor_system_config config;
  caf::actor_system system;
  Directory directory;
  NodeEngine engine;
  std::shared_ptr<store::Membership> membership;  ///< null: the store is this node's alone
  ClusterActor cluster;  ///< null: as above. As in the services, and stays when they forget it
  bool ended = false;

  Status begin();
  /// What is this node's from the beginning; in a cluster it joins first.
  Result<store::ClusterView> take_place();
  void end();
};

Result<store::ClusterView> Node::Parts::take_place() {
  membership = services.ports.store.open_membership();
  if (membership != nullptr) return join_cluster(services, *membership);
  services.ownership.set(cluster::all_slots(), Ownership::Hold::kMine);
  return store::ClusterView{};
}

Status Node::Parts::begin() {
  auto view = take_place();
  if (!view) return std::move(view).error();
  auto epoch = services.ports.store.writer().next_epoch();
  if (!epoch) return std::move(epoch).error();
  services.begin_epoch(*epoch);
  const auto reader = services.ports.store.open_reader();
  if (Status made = ensure_defaults(services, *reader); !made) return made;
  for (std::size_t slot = 0; slot < view->owners.size(); ++slot) {
    if (view->owners[slot] != services.ownership.self()) continue;
    services.ownership.set(cluster::SlotSet().set(slot), Ownership::Hold::kMine);
  }
  const cluster::SlotSet own = services.ownership.held(Ownership::Hold::kMine);
  auto recovered = recover(services, *reader, own);
  if (!recovered) return std::move(recovered).error();

  const bool detached = !services.options.simulated;
  store::Writer& writer = services.ports.store.writer();
  Status publishes = ok();
  if (EventSink* const events = services.ports.events) {
    services.publisher = std::make_unique<Publisher>(
        services, *events, spawn_reader(system, services.ports.store, detached));
    publishes = services.publisher->begin(writer, *epoch << store::kEpochShift);
  } else {
    publishes = stop_publishing(services, writer, *reader);
  }
  if (!publishes) return publishes;
  services.committer = spawn_committer(system, services, detached);
  for (int i = 0; i < std::max(1, services.options.readers); ++i) {
    services.readers.push_back(spawn_reader(system, services.ports.store, detached));
  }
  services.timers = spawn_timers(system, services);
  bring_up(services, *recovered, own);
  if (services.options.keeps_house) {
    services.expiry = spawn_expiry(system, services);
    services.bulk = spawn_bulk(system, services, engine);
  }
  // Not before: a run with frames behind its snapshot must not be woken from the snapshot alone.
  caf::anon_send(services.timers, BeginTimers{});
  if (membership == nullptr) return ok();
  services.cluster =
      spawn_cluster(system, services, membership, std::move(*view), detached);
  cluster = services.cluster;
  caf::anon_send(services.cluster, Acquired{own, *epoch << 40, true});
  if (services.ports.bus == nullptr) return ok();
  services.router = std::make_unique<Router>(system, services, engine);
  return services.router->listen();
}

void Node::Parts::end() {
  if (ended) return;
  ended = true;
  services.shutting_down = true;
  if (services.router != nullptr) services.router->close();
  if (services.cluster) caf::anon_send_exit(services.cluster, caf::exit_reason::user_shutdown);
  directory.end_all();
  if (services.committer) caf::anon_send_exit(services.committer, caf::exit_reason::user_shutdown);
  for (const ReaderActor& reader : services.readers) {
    caf::anon_send_exit(reader, caf::exit_reason::user_shutdown);
  }
  if (services.publisher != nullptr) {
    caf::anon_send_exit(services.publisher->reader(), caf::exit_reason::user_shutdown);
  }
  if (services.timers) caf::anon_send_exit(services.timers, caf::exit_reason::user_shutdown);
  if (services.expiry) caf::anon_send_exit(services.expiry, caf::exit_reason::user_shutdown);
  if (services.bulk) caf::anon_send_exit(services.bulk, caf::exit_reason::user_shutdown);
  services.gate.on_busy({});
  if (services.options.simulated) {
    // Nobody else runs the actors, and each of them sees its exit before anything else. Delayed
    // messages keep their receivers, so they have to come as well.
    auto& scheduler = static_cast<caf::scheduler::test_coordinator&>(system.scheduler());
    while (scheduler.try_run_once() || scheduler.trigger_timeout()) {}
  }
  system.await_all_actors_done();
  if (!services.options.simulated) {
    services.executors.cancel_all();
    services.executors.wait_empty(seconds(2));
  }
  services.committer = CommitterActor{};
  services.publisher = nullptr;
  services.cluster = ClusterActor{};
  services.readers.clear();
  services.timers = TimerActor{};
  services.expiry = ExpiryActor{};
  services.bulk = BulkActor{};
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Node::~Node() { parts_->end(); }

Result<std::unique_ptr<Node>> Node::start(const Options& options, const Ports& ports) {
  auto parts = std::make_unique<Parts>(options, ports);
  auto node = std::unique_ptr<Node>(new Node(std::move(parts)));
  if (Status begun = node->parts_->begin(); !begun) return std::move(begun).error();
  return node;
}

Engine& Node::engine() { return parts_->engine; }
caf::actor_system& Node::system() { return parts_->system; }

void Node::hurry() {
  if (parts_->services.router != nullptr) parts_->services.router->hurry();
}

void Node::leave_now(Duration patience) {
  if (!parts_->cluster) return;
  auto left = std::make_shared<std::promise<void>>();
  auto done = left->get_future();
  // Where the actor has ended, the promise goes with the message, and nobody waits.
  caf::anon_send(parts_->cluster, LeaveNow{[left = std::move(left)] { left->set_value(); }});
  done.wait_for(std::chrono::microseconds(patience.us));
}

void Node::shutdown(Duration patience) {
  Services& services = parts_->services;
  Duration before = services.ports.clock.since_boot();
  const auto took_ms = [&before, &clock = services.ports.clock] {
    const Duration now = clock.since_boot();
    return (now.us - std::exchange(before, now).us) / 1000;
  };
  if (services.cluster) {
    // While others take over what is here, this node still answers and forwards.
    auto drained = std::make_shared<std::promise<void>>();
    auto done = drained->get_future();
    caf::anon_send(services.cluster, Drain{[drained] { drained->set_value(); }});
    done.wait_for(std::chrono::microseconds(services.options.hand_over_patience.us));
  }
  const std::int64_t hand_over_ms = took_ms();
  services.shutting_down = true;
  services.gate.close();
  services.gate.wait_empty(patience);
  const std::int64_t attempts_ms = took_ms();
  // Two rounds through the committer: what the last outcomes decided, and what that released. A
  // store that cannot commit keeps nobody from ending: what is not durable has been told to no one.
  for (int round = 0; round < 2; ++round) {
    auto reached = std::make_shared<std::promise<void>>();
    auto done = reached->get_future();
    caf::anon_send(services.committer, WhenEmpty{[reached] { reached->set_value(); }});
    if (done.wait_for(std::chrono::microseconds(patience.us)) != std::future_status::ready) break;
  }
  const std::int64_t commits_ms = took_ms();
  if (services.publisher != nullptr) services.publisher->wait_empty(kPublishPatience);
  const std::int64_t events_ms = took_ms();
  parts_->end();
  const std::int64_t actors_ms = took_ms();
  leave();
  services.ports.log.info("the node has ended", {{"hand_over_ms", hand_over_ms},
                                                 {"attempts_ms", attempts_ms},
                                                 {"commits_ms", commits_ms},
                                                 {"events_ms", events_ms},
                                                 {"actors_ms", actors_ms},
                                                 {"leave_ms", took_ms()}});
}

void Node::leave() {
  // The last word, when nothing can be written any more: what is left is nobody's now, and need not
  // wait for the lease to run out.
  if (parts_->membership == nullptr) return;
  if (const Status left = parts_->membership->leave(); !left) {
    parts_->services.ports.log.warning("the cluster was not told of the end",
                                       {{"message", left.error().message}});
  }
}

}  // namespace troupe::actors
