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

memory::Options small_tables(std::uint64_t seed) {
  // Most seeds cut the journal often, so that marks, snapshots and history take part.
  constexpr std::size_t kBytes[] = {1 << 10, 4 << 10, 16 << 10, std::size_t{64} << 20};
  return {kBytes[seed % 4], 1};
}

const testing::SmallHasher& hasher() {
  static const testing::SmallHasher one;
  return one;
}

}  // namespace

// ---- world --------------------------------------------------------------------------------------

World::World(std::uint64_t seed)
    : random(seed),
      entropy(seed ^ 0x9E3779B97F4A7C15ull),
      store(small_tables(seed), random, watch),
      executor(clock, random) {
  const auto complain_here = [this](std::string what) { complain(std::move(what)); };
  watch.complain = complain_here;
  executor.complain = complain_here;
  watch.disturbed = [this] { return std::max({born, clock.thrown_at(), executor.lost_at()}); };
  store.trace = [this](std::string_view bytes) {
    for (const char c : bytes) trace = (trace ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  };
  executor.start_is_durable = [this](const std::string& run, const std::string& step) {
    const auto id = Uuid::parse(run);
    const JournalWatch::Run* durable = id ? watch.find(RunId{*id}) : nullptr;
    if (durable == nullptr) return false;
    return durable->started.count(run::StepPath(
               static_cast<std::uint32_t>(std::stoul(step.substr(1))))) > 0;
  };
}

void World::complain(std::string what) {
  if (violation.empty()) violation = std::move(what);
}

void World::note(const std::string& what) {
  for (const char c : what) trace = (trace ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  last_notes.push_back(to_rfc3339(clock.peek()).substr(11) + " " + what);
  if (last_notes.size() > 400) last_notes.pop_front();
}

void World::later(Duration delay, std::function<void()> deed) {
  agenda.emplace(std::pair(clock.peek() + delay, agenda_number++), std::move(deed));
}

// ---- simulation ---------------------------------------------------------------------------------

Simulation::Simulation(std::uint64_t seed, const actors::PlantedBugs& bugs)
    : seed_(seed), world_(seed), client_(world_) {
  options_.simulated = true;
  options_.bugs = bugs;
  Random& random = world_.random;
  options_.strict = random.below(4) == 0;
  options_.active_runs_per_workspace = random.below(3) == 0 ? 2 : 512;
  options_.attempts_in_flight_max = random.below(3) == 0 ? 3 : 256;
  options_.run_ahead_records = random.below(3) == 0 ? 4 : 64;
  constexpr std::size_t kBatchBytes[] = {1, 600, 4 << 20, 4 << 20, 4 << 20, 4 << 20};
  options_.batch_bytes_max = kBatchBytes[random.below(6)];
  world_.faults = random.below(8) != 0;
  world_.store.faults = world_.faults && random.below(2) == 0;
  world_.executor.faults = world_.faults;
  crashes_left_ = world_.faults ? random.below(5) : 0;
  next_crash_ = 20 + random.below(500);
  throws_left_ = world_.faults && random.below(3) == 0 ? 2 : 0;
  // In every fifth seed actors crash so often that runs are set aside, and have to be resumed.
  if (world_.faults && seed % 5 == 0) {
    throws_left_ = 12;
    throw_percent_ = 15;
  }
  faults_until_ = 600 + random.below(2500);
  world_.store.take_long = [this] {
    const Duration length = milliseconds(static_cast<std::int64_t>(world_.random.below(300)));
    world_.clock.advance(length);
    scheduler_->advance_time(std::chrono::microseconds(length.us));
  };
}

Simulation::~Simulation() {
  if (node_) crash();
}

void Simulation::prepare() {
  Random& random = world_.random;
  world_.workspace = WorkspaceId{Uuid::v7(world_.clock.peek(), random.next(), random.next())};
  world_.project = ProjectId{Uuid::v7(world_.clock.peek(), random.next(), random.next())};
  store::Writer& writer = world_.store.writer();
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

void Simulation::boot() {
  world_.store.dead = false;
  world_.executor.closed = false;
  actors::Ports ports{world_.store,   world_.executor, syntax_,    patterns_, world_.clock,
                      world_.entropy, hasher(),        world_.log, metrics_,  nullptr,
                      [this] { world_.store.dead = true; }};
  ports.work = &world_.executor.workers();
  ++world_.life;
  world_.born = world_.clock.peek();
  world_.note("a node starts");
  auto node = actors::Node::start(options_, ports);
  if (!node) return world_.complain("the node does not start: " + node.error().message);
  node_ = std::move(*node);
  scheduler_ = dynamic_cast<caf::scheduler::test_coordinator*>(&node_->system().scheduler());
  world_.engine = &node_->engine();
  client_.node_started();
}

void Simulation::crash() {
  world_.note("the node dies");
  ++crashes_;
  world_.store.dead = true;
  world_.store.crash_in_commit = false;
  world_.store.outcome_unknown = false;
  client_.node_crashing();
  world_.engine = nullptr;
  world_.executor.closed = true;
  world_.executor.clear();
  scheduler_ = nullptr;
  node_.reset();
  client_.node_crashed();
}

/// The id of an actor: its address may come again, and differs between two runs of a seed.
static std::uint64_t id_of(caf::resumable* job) {
  const auto* actor = dynamic_cast<caf::scheduled_actor*>(job);
  return actor == nullptr ? 0 : actor->id();
}

/// What an actor does at its end is no part of its work: a crash there would be one of the process.
static bool is_to_end(caf::scheduled_actor& actor) {
  const caf::mailbox_element* next = actor.peek_at_next_mailbox_element();
  if (next == nullptr) return false;
  const caf::type_erased_tuple& message = next->content();
  return message.match_elements<caf::exit_msg>() ||
         message.match_elements<actors::CommitFailed>() || message.match_elements<actors::Leave>();
}

void Simulation::run_actor() {
  auto& jobs = scheduler_->jobs;
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
  scheduler_->run_once();
  world_.clock.arm(false);
  if (world_.clock.thrown() > thrown) {
    --throws_left_;
    world_.note("a run's actor crashes");
  }
}

/// One thing that can happen now. False: nothing can, until time passes.
bool Simulation::step() {
  const bool job = scheduler_->has_job();
  const bool done = world_.executor.ready();
  const bool deed =
      !world_.agenda.empty() && world_.agenda.begin()->first.first <= world_.clock.peek();
  if (!job && !done && !deed) return false;
  const std::uint64_t pick = world_.random.below(10);
  if (job && (pick < 7 || (!done && !deed))) {
    run_actor();
  } else if (done && (pick < 9 || !deed)) {
    world_.executor.complete_one();
  } else if (deed) {
    auto node = world_.agenda.extract(world_.agenda.begin());
    node.mapped()();
  } else {
    run_actor();
  }
  return true;
}

void Simulation::maybe_fault() {
  if (steps_ == faults_until_) {
    world_.note("no more faults");
    world_.faults = world_.store.faults = world_.executor.faults = false;
    crashes_left_ = 0;
  }
  if (crashes_left_ == 0) return;
  // Between the frames of a group and its rows, a moment that chance alone would hardly hit.
  const bool in_group = !world_.watch.rowless().empty() && world_.chance(20);
  if (!in_group && steps_ < next_crash_) return;
  --crashes_left_;
  next_crash_ = steps_ + 1 + world_.random.below(700);
  if (world_.chance(40)) {
    world_.store.crash_in_commit = true;
    return;
  }
  crash();
  boot();
}

/// To the next instant at which something is due.
void Simulation::advance() {
  const TimePoint now = world_.clock.peek();
  TimePoint next{INT64_MAX};
  const auto& timeouts = scheduler_->clock().schedule();
  if (!timeouts.empty()) {
    const auto left = timeouts.begin()->first - scheduler_->clock().now();
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(left).count() + 1;
    next = now + Duration{std::max<std::int64_t>(us, 0)};
  }
  if (const TimePoint due = world_.executor.next_due(); due.set()) next = std::min(next, due);
  if (!world_.agenda.empty()) next = std::min(next, world_.agenda.begin()->first.first);
  const Duration length{std::max<std::int64_t>((next - now).us, 0)};
  world_.clock.advance(length);
  scheduler_->advance_time(std::chrono::microseconds(length.us));
}

/// Lets everything that can happen without time happen.
void Simulation::settle() {
  while (scheduler_->has_job()) scheduler_->run_once();
}

std::string Simulation::describe() const {
  std::string text;
  std::vector<std::string> ids;
  for (const WorkflowId& id : world_.workflows) ids.push_back(id.to_string());
  for (const Program& program : world_.programs) {
    text += "program " + std::to_string(program.number) + " " + graph_of(program, ids) + "\n";
  }
  return text;
}

Report Simulation::run() {
  prepare();
  if (world_.violation.empty()) {
    boot();
    client_.begin();
  }
  TimePoint limit;
  while (world_.violation.empty()) {
    if (++steps_ > kStepsMax) {
      world_.complain("I1: still busy after " + std::to_string(steps_) +
                      " steps: " + client_.unfinished());
    }
    maybe_fault();
    if (!world_.violation.empty()) break;
    const bool moved = step();
    if (world_.store.dead) {
      crash();
      boot();
    } else if (!moved) {
      if (client_.satisfied()) break;
      if (steps_ >= faults_until_ && !limit.set()) limit = world_.clock.peek() + kLivenessMax;
      if (limit.set() && world_.clock.peek() > limit) {
        world_.complain("I1: not at an end long after the faults: " + client_.unfinished());
      }
      advance();
    }
    if (!world_.log.complaint.empty()) world_.complain(world_.log.complaint);
    if (!world_.log.set_aside.empty() && world_.clock.thrown() < options_.crashes_max) {
      world_.complain("quarantined without enough crashes: " + world_.log.set_aside);
    }
  }
  if (world_.violation.empty()) {
    const Drive drive{[this] { settle(); }, [this] {
                        scheduler_->trigger_timeout();
                        settle();
                      }};
    check_at_end(world_, client_, drive);
    if (world_.violation.empty() && world_.chance(30)) {
      crash();
      boot();
      if (world_.violation.empty()) check_at_end(world_, client_, drive);
    }
  }
  Report report{seed_, world_.violation, {}, {}, world_.trace, steps_, crashes_,
                world_.watch.runs().size()};
  if (!report.ok()) {
    report.programs = describe();
    for (const std::string& line : world_.last_notes) report.last_notes += line + "\n";
  }
  return report;
}

}  // namespace troupe::simulation
