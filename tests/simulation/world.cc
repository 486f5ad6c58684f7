#include "tests/simulation/world.h"

#include <algorithm>

namespace troupe::simulation {
namespace {

memory::Options small_tables(std::uint64_t seed, bool cluster, bool fenced) {
  // Most seeds cut the journal often, so that marks, snapshots and history take part.
  constexpr std::size_t kBytes[] = {1 << 10, 4 << 10, 16 << 10, std::size_t{64} << 20};
  memory::Options options;
  options.journal_table_bytes = kBytes[seed % 4];
  options.journal_tables_kept = 1;
  options.can_resolve = cluster;
  options.fenced = fenced;
  return options;
}

bool is_member(const store::ClusterView& view, store::NodeNumber number) {
  return std::any_of(view.members.begin(), view.members.end(),
                     [number](const store::Member& member) { return member.number == number; });
}

}  // namespace

SimNode::SimNode(World& world, int life_in, std::string name_in)
    : life(life_in),
      name(std::move(name_in)),
      store(world.disk, world.random, world.watch),
      executor(world.clock, world.random, world.books),
      entropy(world.random.next()),
      events(world.published, static_cast<std::uint64_t>(life_in)) {
  store.faults = world.faults;
  events.faults = world.faults;
  executor.faults = world.faults;
  if (!world.cluster) return;
  bus = world.bus.connect(life);
  executor.is_gone = [this, &world] { return !is_member(world.disk.view(), store.number()); };
  executor.works_on = [this, &world](RunId run, bool item) {
    if (item && world.loops_are_shared) return;  // its group is elsewhere, and goes by its name
    const store::ClusterView view = world.disk.view();
    if (!is_member(view, store.number()) ||
        view.owners[cluster::slot_of(run)] == store.number()) {
      return;
    }
    world.complain("node " + name + " works on run " + run.to_string() + ", which another owns");
  };
}

World::World(std::uint64_t seed, bool cluster_in, bool fenced)
    : random(seed),
      disk(small_tables(seed, cluster_in, fenced), cluster_in, clock, random, watch),
      cluster(cluster_in) {
  log.note = disk.note = [this](const std::string& what) { note(what); };
  const auto complain_here = [this](std::string what) { complain(std::move(what)); };
  watch.complain = complain_here;
  books.complain = complain_here;
  watch.disturbed = [this] { return std::max({disturbed, clock.thrown_at(), books.lost_at}); };
  disk.declared_gone = [this] { disturbed = clock.peek(); };
  disk.trace = [this](std::string_view bytes) {
    for (const char c : bytes) trace = (trace ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  };
  books.start_is_durable = [this](const std::string& run, const std::string& step) {
    const auto id = Uuid::parse(run);
    const JournalWatch::Run* durable = id ? watch.find(RunId{*id}) : nullptr;
    if (durable == nullptr) return false;
    return durable->started.count(run::StepPath(
               static_cast<std::uint32_t>(std::stoul(step.substr(1))))) > 0;
  };
}

SimNode* World::find(int life) const {
  for (const auto& node : nodes) {
    if (node->life == life && node->lives()) return node.get();
  }
  return nullptr;
}

SimNode* World::any_node() {
  std::vector<SimNode*> alive;
  for (const auto& node : nodes) {
    if (node->lives()) alive.push_back(node.get());
  }
  return alive.empty() ? nullptr : alive[random.below(alive.size())];
}

Duration World::frozen_for(int life) const {
  const SimNode* const node = find(life);
  return node == nullptr ? Duration{} : Duration{std::max<std::int64_t>(
                                            (node->thaw_at - clock.peek()).us, 0)};
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

}  // namespace troupe::simulation
