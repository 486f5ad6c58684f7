// W9: steps that wait 50 ms, 200 of them in flight on each node; one node, then two, then three,
// the further ones joining while the cluster lives. The nodes share this process, but nothing in
// it: each has its actors, committer, connections to PostgreSQL and link to a real NATS server of
// its own, as processes would. Steps wait in an executor that uses no processor, because waiting is
// what is measured; so the sandbox is not in these figures.

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "bench/member.h"
#include "tests/support/nats_server.h"

namespace troupe::bench {
namespace {

constexpr int kSteps = 10;
constexpr Duration kStep = milliseconds(50);
constexpr std::uint64_t kOutstanding = 250;  ///< runs per node: some begin, some end
constexpr double kWarm_s = 1.5;
constexpr double kSpread_s = 60;

using Members = std::vector<std::unique_ptr<Member>>;

double total(const Members& members, const std::string& name) {
  double sum = 0;
  for (const auto& member : members) sum += member->metric(name);
  return sum;
}

void wait_spread(const Members& members) {
  const double share = 0.9 * cluster::kSlotCount / static_cast<double>(members.size());
  const bool is_spread = holds_within(kSpread_s, [&] {
    return std::all_of(members.begin(), members.end(),
                       [&](const auto& member) { return member->metric("slots_owned") >= share; });
  });
  if (!is_spread) throw std::runtime_error("the slots have not been spread");
}

/// Steps per second of all members together.
double measure(const Members& members, const StartRequest& request, double seconds) {
  const auto drive = [&](double until) {
    while (monotonic_s() < until) {
      for (const auto& member : members) member->keep_busy(request, kOutstanding);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  };
  drive(monotonic_s() + kWarm_s);
  const double before = total(members, "steps_finished_total");
  const double begun = monotonic_s();
  drive(begun + seconds);
  const double steps = total(members, "steps_finished_total") - before;
  const double rate = steps / (monotonic_s() - begun);
  const bool is_over = holds_within(30, [&] {
    return std::all_of(members.begin(), members.end(),
                       [](const auto& member) { return member->is_idle(); });
  });
  if (!is_over) throw std::runtime_error("runs have not ended");
  return rate;
}

}  // namespace

Figures run_scale(const Settings& settings) {
  if (settings.store != "postgres") throw std::runtime_error("W9 takes --store postgres");
  const std::uint64_t nodes = settings.n > 0 ? settings.n : 3;
  const testing::NatsServer broker;
  ServerProbe probe(settings.conninfo);
  const Usage used = usage();
  const std::uint64_t wal = probe.wal_bytes();
  const double begun = monotonic_s();
  Figures figures;
  Members members;
  StartRequest request;
  double alone = 0;
  for (std::uint64_t count = 1; count <= nodes; ++count) {
    members.push_back(
        std::make_unique<Member>(settings, broker.url(), static_cast<int>(count), kStep));
    if (count == 1) request = members.front()->publish(chain_graph(kSteps));
    wait_spread(members);
    figures.steps_per_s = measure(members, request, settings.seconds);
    if (count == 1) alone = figures.steps_per_s;
    const std::string name = std::to_string(count);
    figures.more.emplace_back("steps_per_s_" + name, figures.steps_per_s);
    if (count > 1) figures.more.emplace_back("ratio_" + name, figures.steps_per_s / alone);
  }
  const double steps = total(members, "steps_finished_total");
  figures.n = nodes;
  figures.seconds = monotonic_s() - begun;
  figures.runs_per_s = figures.steps_per_s / kSteps;
  figures.commits = static_cast<std::uint64_t>(total(members, "commit_duration_seconds_count"));
  figures.bytes_written = probe.wal_bytes() - wal;
  figures.commits_per_step = static_cast<double>(figures.commits) / steps;
  figures.wal_bytes_per_step = static_cast<double>(figures.bytes_written) / steps;
  figures.cpu_s = usage().cpu_s - used.cpu_s;
  figures.rss_peak_mb = usage().rss_peak_mb;
  for (const auto& member : members) member->shutdown();
  return figures;
}

}  // namespace troupe::bench
