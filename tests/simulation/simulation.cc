#include "tests/simulation/simulation.h"

#include <algorithm>

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include "actors/messages.h"
#include "tests/simulation/final_check.h"
#include "tests/support/run_driver.h"

namespace troupe::simulation {
namespace {

constexpr std::uint64_t kStepsMax = 400'000;
constexpr Duration kLivenessMax = seconds(4 * 3600);

const testing::SmallHasher& hasher() {
  static const testing::SmallHasher one;
  return one;
}

/// The id of an actor: its address may come again, and differs between two runs of a seed.
std::uint64_t id_of(caf::resumable* job) {
  const auto* actor = dynamic_cast<caf::scheduled_actor*>(job);
  return actor == nullptr ? 0 : actor->id();
}

/// What an actor does at its end is no part of its work: a crash there would be one of the process.
bool is_to_end(caf::scheduled_actor& actor) {
  const caf::mailbox_element* next = actor.peek_at_next_mailbox_element();
  if (next == nullptr) return false;
  const caf::type_erased_tuple& message = next->content();
  return message.match_elements<caf::exit_msg>() ||
         message.match_elements<actors::CommitFailed>() || message.match_elements<actors::Leave>();
}

}  // namespace

Simulation::Simulation(std::uint64_t seed, const Setting& setting)
    : seed_(seed),
      setting_(setting),
      world_(seed, setting.nodes > 1, setting.fenced),
      client_(world_) {
  configure();
}

Simulation::~Simulation() {
  while (!world_.nodes.empty()) crash(*world_.nodes.front());
}

void Simulation::configure() {
  options_.simulated = true;
  options_.bugs = setting_.bugs;
  Random& random = world_.random;
  options_.strict = random.below(4) == 0;
  options_.active_runs_per_workspace = random.below(3) == 0 ? 2 : 512;
  options_.attempts_in_flight_max = random.below(3) == 0 ? 3 : 256;
  options_.run_ahead_records = random.below(3) == 0 ? 4 : 64;
  constexpr std::size_t kBatchBytes[] = {1, 600, 4 << 20, 4 << 20, 4 << 20, 4 << 20};
  options_.batch_bytes_max = kBatchBytes[random.below(6)];
  // In some seeds most of what is published is read from the journal.
  if (seed_ % 3 == 0) options_.publish_waiting_max = 3;
  world_.faults = random.below(8) != 0;
  store_faults_ = world_.faults && random.below(2) == 0;
  crashes_left_ = world_.faults ? random.below(5) : 0;
  next_crash_ = 20 + random.below(500);
  throws_left_ = world_.faults && random.below(3) == 0 ? 2 : 0;
  // In every fifth seed actors crash so often that runs are set aside, and have to be resumed.
  if (world_.faults && seed_ % 5 == 0) {
    throws_left_ = 12;
    throw_percent_ = 15;
  }
  faults_until_ = 600 + random.below(2500);
  if (!world_.cluster) return;
  if (seed_ % 2 == 0 || setting_.loops_are_shared) {
    options_.run.loop_spread_items = 2;
    options_.run.group_items_min = 1;
    world_.loops_are_shared = true;
  }
  options_.lease = random.below(2) == 0 ? seconds(6) : seconds(1);
  next_disturbance_ = 50 + random.below(600);
  const bool is_bad = random.below(2) == 0 || setting_.bus_is_bad;
  world_.bus.faults = world_.faults && is_bad;
  world_.bus.lost = static_cast<std::uint64_t>(setting_.lost);
  world_.bus.doubled = static_cast<std::uint64_t>(setting_.doubled);
}

// ---- beginning ----------------------------------------------------------------------------------

void Simulation::prepare() {
  const auto disk = world_.disk.open();
  // On a shared disk only a member writes.
  const auto membership = disk->open_membership();
  if (membership != nullptr) (void)membership->join({"setup", "", options_.lease}).ok();
  publish(disk->writer());
  if (membership != nullptr) (void)membership->leave().ok();
}

void Simulation::publish(store::Writer& writer) {
  Random& random = world_.random;
  world_.workspace = WorkspaceId{Uuid::v7(world_.clock.peek(), random.next(), random.next())};
  world_.project = ProjectId{Uuid::v7(world_.clock.peek(), random.next(), random.next())};
  const TimePoint now = world_.clock.peek();
  (void)writer.create_workspace({world_.workspace, "sim", "Sim", "troupe", now}).ok();
  (void)writer.create_project({world_.project, world_.workspace, "sim", "Sim", false, now}).ok();
  std::vector<std::string> ids;
  const int programs = static_cast<int>(1 + random.below(4));
  for (int number = 0; number < programs; ++number) {
    world_.programs.push_back(random_program(random, number));
    store::Workflow workflow;
    workflow.id = WorkflowId{Uuid::v7(now, random.next(), random.next())};
    workflow.workspace = world_.workspace;
    workflow.project = world_.project;
    workflow.name = "w" + std::to_string(number);
    workflow.graph = graph_of(world_.programs.back(), ids);
    const auto parsed = graph::parse(json::Text::trusted(workflow.graph), {syntax_, patterns_});
    if (parsed.graph == nullptr) {
      world_.complain("the generator made a graph that does not parse: " +
                      graph::to_error(parsed.issues).message + ": " + workflow.graph);
      return;
    }
    (void)writer.create_workflow(workflow).ok();
    (void)writer.publish(world_.scope(), {workflow.id, 0, workflow.graph, "", "", now}).ok();
    world_.workflows.push_back(workflow.id);
    ids.push_back(workflow.id.to_string());
  }
}

void Simulation::boot(const std::string& name) {
  world_.nodes.push_back(std::make_unique<SimNode>(world_, ++world_.last_life, name));
  SimNode& fresh = *world_.nodes.back();
  fresh.store.faults = store_faults_ && world_.faults;
  fresh.store.take_long = [this, &fresh] {
    const bool over_lease = world_.cluster && world_.chance(20);
    pass_beside(fresh, world_.up_to(over_lease ? options_.lease + options_.lease
                                               : milliseconds(300)));
  };
  world_.disturbed = world_.clock.peek();
  world_.note("node " + name + " starts, life " + std::to_string(fresh.life));
  actors::Options options = options_;
  options.node_name = name;
  actors::Ports ports{fresh.store,   fresh.executor, syntax_,    patterns_, world_.clock,
                            fresh.entropy, hasher(),       world_.log, metrics_,  nullptr,
                            [&fresh] { fresh.store.dead = true; }, fresh.bus.get()};
  ports.work = &fresh.executor.workers();
  ports.events = &fresh.events;
  auto node = actors::Node::start(options, ports);
  if (!node) {
    const bool again = world_.cluster && info(node.error().code).transient;
    if (!again) return world_.complain("the node does not start: " + node.error().message);
    world_.nodes.pop_back();
    return boot_later(name, milliseconds(100));
  }
  fresh.node = std::move(*node);
  fresh.scheduler =
      dynamic_cast<caf::scheduler::test_coordinator*>(&fresh.node->system().scheduler());
  client_.node_started();
}

void Simulation::boot_later(const std::string& name, Duration delay) {
  boots_.emplace(world_.clock.peek() + delay, name);
}

void Simulation::crash(SimNode& node) {
  world_.note("node " + node.name + " dies, life " + std::to_string(node.life));
  ++crashes_;
  world_.disturbed = world_.clock.peek();
  node.store.dead = true;
  client_.node_crashing(node.life);
  node.executor.closed = true;
  node.executor.clear();
  node.scheduler = nullptr;
  node.node.reset();
  const int life = node.life;
  std::erase_if(world_.nodes, [life](const auto& other) { return other->life == life; });
  client_.node_crashed(life);
}

/// Nodes that have died are cleared away, and those whose time has come start.
void Simulation::tend() {
  for (std::size_t i = 0; i < world_.nodes.size();) {
    SimNode& node = *world_.nodes[i];
    if (is_to_leave(node)) {
      leave(node);
      continue;
    }
    if (!node.store.dead) {
      ++i;
      continue;
    }
    const std::string name = node.name;
    crash(node);
    boot_later(name, world_.cluster ? world_.up_to(options_.lease + options_.lease) : Duration{});
  }
  while (!boots_.empty() && boots_.begin()->first <= world_.clock.peek() &&
         world_.violation.empty()) {
    const std::string name = boots_.extract(boots_.begin()).mapped();
    boot(name);
  }
}

// ---- steps --------------------------------------------------------------------------------------

bool Simulation::run_actor(const std::vector<SimNode*>& busy) {
  SimNode& node = *busy[busy.size() == 1 ? 0 : world_.random.below(busy.size())];
  auto& jobs = node.scheduler->jobs;
  // Actors of different nodes may have one number: then both get no turn, which does no harm.
  std::size_t chosen = world_.random.below(jobs.size());
  if (id_of(jobs[chosen]) == starved_ && steps_ < starved_until_ && jobs.size() > 1) {
    chosen = (chosen + 1) % jobs.size();
  }
  if (steps_ >= starved_until_ && world_.chance(2)) {
    starved_ = id_of(jobs[world_.random.below(jobs.size())]);
    starved_until_ = steps_ + 3 + world_.random.below(60);
  }
  std::swap(jobs[0], jobs[chosen]);
  auto* actor = dynamic_cast<caf::scheduled_actor*>(jobs[0]);
  const std::string_view name = actor != nullptr ? actor->name() : "";
  const bool arm = throws_left_ > 0 && name == "run" && steps_ < faults_until_ &&
                   !is_to_end(*actor) && world_.chance(throw_percent_);
  const int thrown = world_.clock.thrown();
  if (arm) world_.clock.arm(true);
  node.scheduler->run_once();
  world_.clock.arm(false);
  if (world_.clock.thrown() > thrown) {
    --throws_left_;
    world_.note("a run's actor crashes");
  }
  return true;
}

bool Simulation::do_deed() {
  auto node = world_.agenda.extract(world_.agenda.begin());
  node.mapped()();
  return true;
}

/// One thing that can happen now, but no turn of `except`. False: nothing can, until time passes.
bool Simulation::step(const SimNode* except) {
  std::vector<SimNode*> busy, done;
  for (const auto& node : world_.nodes) {
    if (!node->lives() || world_.is_frozen(*node)) continue;
    if (node.get() != except && node->scheduler->has_job()) busy.push_back(node.get());
    if (node->executor.ready()) done.push_back(node.get());
  }
  const bool deed =
      !world_.agenda.empty() && world_.agenda.begin()->first.first <= world_.clock.peek();
  if (busy.empty() && done.empty() && !deed) return false;
  const std::uint64_t pick = world_.random.below(10);
  if (!busy.empty() && (pick < 7 || (done.empty() && !deed))) return run_actor(busy);
  if (!done.empty() && (pick < 9 || !deed)) {
    done[done.size() == 1 ? 0 : world_.random.below(done.size())]->executor.complete_one();
    return true;
  }
  return deed ? do_deed() : run_actor(busy);
}

/// To the next instant at which something is due, and not beyond `until`.
void Simulation::advance(TimePoint until) {
  const TimePoint now = world_.clock.peek();
  TimePoint next = until;
  for (const auto& node : world_.nodes) {
    if (!node->lives()) continue;
    if (world_.is_frozen(*node)) {
      next = std::min(next, node->thaw_at);
      continue;
    }
    const auto& timeouts = node->scheduler->clock().schedule();
    if (!timeouts.empty()) {
      const auto left = timeouts.begin()->first - node->scheduler->clock().now();
      const auto us = std::chrono::duration_cast<std::chrono::microseconds>(left).count() + 1;
      next = std::min(next, now + Duration{std::max<std::int64_t>(us, 0)});
    }
    if (const TimePoint due = node->executor.next_due(); due.set()) next = std::min(next, due);
  }
  if (!world_.agenda.empty()) next = std::min(next, world_.agenda.begin()->first.first);
  if (!boots_.empty() && !nested_) next = std::min(next, boots_.begin()->first);
  for (const auto& node : world_.nodes) {
    const bool leaves = node->draining && !nested_ && !world_.is_frozen(*node);
    if (leaves) next = std::min(next, std::max(node->leaves_at, now));
  }
  pass({std::max<std::int64_t>((next - now).us, 0)});
}

void Simulation::pass(Duration time) {
  world_.clock.advance(time);
  world_.disk.pass(time);
  for (const auto& node : world_.nodes) {
    if (node->lives()) node->scheduler->advance_time(std::chrono::microseconds(time.us));
  }
}

/// Others go on while a commit of `busy` takes its time; but nobody dies or starts meanwhile.
void Simulation::pass_beside(const SimNode& busy, Duration time) {
  if (nested_) return pass(time);
  nested_ = true;
  const TimePoint until = world_.clock.peek() + time;
  while (world_.clock.peek() < until && world_.violation.empty()) {
    if (!step(&busy)) advance(until);
  }
  nested_ = false;
}

// ---- the whole ----------------------------------------------------------------------------------

std::string Simulation::describe() const {
  std::string text;
  std::vector<std::string> ids;
  for (const WorkflowId& id : world_.workflows) ids.push_back(id.to_string());
  for (const Program& program : world_.programs) {
    text += "program " + std::to_string(program.number) + " " + graph_of(program, ids) + "\n";
  }
  return text;
}

void Simulation::watch_logs() {
  if (!world_.log.complaint.empty()) world_.complain(world_.log.complaint);
  if (!world_.log.set_aside.empty() && world_.clock.thrown() < options_.crashes_max) {
    world_.complain("quarantined without enough crashes: " + world_.log.set_aside);
  }
}

void Simulation::run_to_end() {
  TimePoint limit;
  while (world_.violation.empty()) {
    if (++steps_ > kStepsMax) {
      world_.complain("I1: still busy after " + std::to_string(steps_) +
                      " steps: " + client_.unfinished());
    }
    maybe_fault();
    tend();
    if (!world_.violation.empty()) break;
    if (!step(nullptr)) {
      if (client_.satisfied() && boots_.empty()) break;
      if (steps_ >= faults_until_ && !limit.set()) limit = world_.clock.peek() + kLivenessMax;
      if (limit.set() && world_.clock.peek() > limit) {
        world_.complain("I1: not at an end long after the faults: " + client_.unfinished());
      }
      advance(TimePoint{INT64_MAX});
    }
    watch_logs();
  }
}

bool Simulation::drive(const std::function<bool()>& holds) {
  const TimePoint limit = world_.clock.peek() + seconds(60);
  while (!holds() && world_.violation.empty()) {
    tend();
    if (step(nullptr)) continue;
    if (world_.clock.peek() >= limit) return false;
    advance(limit);
    watch_logs();
  }
  return true;
}

/// Every slot has an owner that lives, and no share is greater than another by more than one.
bool Simulation::is_calm() const {
  if (!world_.cluster) return true;
  std::map<store::NodeNumber, int> shares;
  for (const auto& node : world_.nodes) {
    if (!node->draining) shares[node->store.number()] = 0;
  }
  for (const store::NodeNumber owner : world_.disk.view().owners) {
    const auto share = shares.find(owner);
    if (share == shares.end()) return false;
    ++share->second;
  }
  int least = INT32_MAX, most = 0;
  for (const auto& [number, share] : shares) {
    least = std::min(least, share);
    most = std::max(most, share);
  }
  return most - least <= 1;
}

void Simulation::check() {
  client_.rest();
  end_faults();
  if (!drive([this] { return is_calm(); })) {
    std::string text = "slots are not shared evenly:";
    for (const auto& member : world_.disk.view().members) text += " " + member.name;
    return world_.complain(text);
  }
  const Drive drive_here = [this](const std::function<bool()>& holds) { return drive(holds); };
  check_at_end(world_, client_, drive_here);
  if (!world_.violation.empty() || !world_.chance(30)) return;
  while (!world_.nodes.empty()) {
    boot_later(world_.nodes.front()->name, {});
    crash(*world_.nodes.front());
  }
  tend();
  if (world_.violation.empty()) check_at_end(world_, client_, drive_here);
}

Report Simulation::run() {
  prepare();
  for (int node = 0; node < setting_.nodes && world_.violation.empty(); ++node) {
    const std::string name = "n" + std::to_string(++names_);
    // The others come while the first one works already.
    if (node == 0) boot(name);
    else boot_later(name, world_.up_to(milliseconds(500)));
  }
  if (world_.violation.empty()) client_.begin();
  run_to_end();
  if (world_.violation.empty()) check();
  Report report{seed_, world_.violation, {}, {}, world_.trace, steps_, crashes_,
                world_.watch.runs().size()};
  if (!report.ok()) {
    report.programs = describe();
    for (const std::string& line : world_.last_notes) report.last_notes += line + "\n";
  }
  return report;
}

}  // namespace troupe::simulation
