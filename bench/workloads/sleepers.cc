// W4: many runs that wait for a person: memory while parked, store queries while idle, time to
// resume.

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "bench/rig.h"

namespace troupe::bench {
namespace {

const char* kGraph =
    R"({"steps":[{"id":"ok","name":"ok","type":"human_task","task_type":"approve",)"
    R"("task_payload":{"a":1}},)"
    R"({"id":"then","name":"then","type":"lua_script","depends_on":["ok"],)"
    R"("script":"return {done=true}"}]})";

/// The store gives its caches back a second after the last commit, and the allocator what is free a
/// second after that: memory as it stays. Of the node alone: what a database server keeps of a
/// sleeping run's row is its own business.
double settled_rss_mb() {
  double least = resident_mb(getpid());
  for (int same = 0, rounds = 0; same < 3 && rounds < 20; ++rounds) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const double now = resident_mb(getpid());
    same = now < 0.99 * least ? 0 : same + 1;
    least = std::min(least, now);
  }
  return resident_mb(getpid());
}

}  // namespace

void wait_parked(Rig& rig, std::uint64_t count) {
  for (;;) {
    const auto open =
        await<std::vector<std::uint64_t>>([&](Callback<std::vector<std::uint64_t>> done) {
          rig.engine().read([done](store::Reader& reader) { done(reader.open_runs()); });
        });
    if (open && (*open)[static_cast<int>(store::RunStatus::kPaused)] >= count) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Figures run_sleepers(Rig& rig, const Settings& settings) {
  const std::uint64_t sleepers = settings.n > 0 ? settings.n : 10'000;
  const StartRequest request = rig.request(rig.publish(kGraph));
  rig.timed_run(rig.request(rig.publish(chain_graph(1))));
  Figures figures;
  figures.n = sleepers;
  std::vector<RunId> runs;
  runs.reserve(sleepers);
  const auto park = [&](std::uint64_t until) {
    while (runs.size() < until) {
      std::vector<BatchItem> items(std::min<std::uint64_t>(1000, until - runs.size()));
      const auto accepted = await<std::vector<RunId>>([&](Callback<std::vector<RunId>> done) {
        rig.engine().start_batch(request, items, std::move(done));
      });
      if (!accepted) return;
      runs.insert(runs.end(), accepted->begin(), accepted->end());
    }
    wait_parked(rig, until);
  };
  // The first tenth warms caches and pools, which do not grow with the number of runs.
  park(sleepers / 10);
  const double rss_before = settled_rss_mb();
  const double begun = monotonic_s();
  park(sleepers);
  figures.more.emplace_back("park_s", monotonic_s() - begun);
  const double rss_parked = settled_rss_mb();
  figures.more.emplace_back("rss_parked_mb", rss_parked);
  figures.more.emplace_back("parked_bytes_per_run", (rss_parked - rss_before) * 1e6 /
                                                        static_cast<double>(sleepers) / 0.9);
  const double cpu_idle = usage().cpu_s;
  std::this_thread::sleep_for(std::chrono::seconds(2));
  figures.more.emplace_back("idle_cpu_percent", (usage().cpu_s - cpu_idle) / 2 * 100);

  const std::uint64_t before = rig.ended();
  const double resumed = monotonic_s();
  for (const RunId run : runs) {
    rig.engine().complete_task(rig.scope(), {run, "ok", true, {}, "", "bench"},
                               [](Result<TaskDecided>) {});
  }
  rig.wait_ended(before + sleepers, 600);
  figures.seconds = monotonic_s() - resumed;
  figures.runs_per_s = static_cast<double>(sleepers) / figures.seconds;
  figures.more.emplace_back("resume_all_s", figures.seconds);
  return figures;
}

}  // namespace troupe::bench
