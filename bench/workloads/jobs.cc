// W3: runs of one trivial step, submitted in bulk (1,000 a call) and processed.

#include "bench/rig.h"

namespace troupe::bench {

Figures run_jobs(Rig& rig, const Settings& settings) {
  const std::uint64_t jobs = settings.n > 0 ? settings.n : 200'000;
  const StartRequest request = rig.request(rig.publish(chain_graph(1)));
  const std::uint64_t before = rig.ended();
  Figures figures;
  figures.n = jobs;
  const double begun = monotonic_s();
  for (std::uint64_t sent = 0; sent < jobs; sent += 1000) {
    std::vector<BatchItem> items(std::min<std::uint64_t>(1000, jobs - sent));
    const auto accepted = await<std::vector<RunId>>([&](Callback<std::vector<RunId>> done) {
      rig.engine().start_batch(request, items, std::move(done));
    });
    if (!accepted) return figures;
  }
  figures.more.emplace_back("submit_s", monotonic_s() - begun);
  rig.wait_ended(before + jobs, 600);
  figures.seconds = monotonic_s() - begun;
  figures.runs_per_s = static_cast<double>(rig.ended() - before) / figures.seconds;
  figures.steps_per_s = figures.runs_per_s;
  return figures;
}

}  // namespace troupe::bench
