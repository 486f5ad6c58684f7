// W1: runs of ten trivial steps in a row, at saturation and one after another when idle.
// W10: the time from step to step inside one run.

#include "bench/rig.h"

#include <thread>

namespace troupe::bench {
namespace {

constexpr int kSteps = 10;
constexpr std::uint64_t kOutstanding = 2000;
constexpr int kIdleRuns = 200;

}  // namespace

Figures run_seq(Rig& rig, const Settings& settings) {
  const WorkflowId workflow = rig.publish(chain_graph(kSteps));
  const StartRequest request = rig.request(workflow);
  Figures figures;
  std::vector<double> idle;
  for (int i = 0; i < kIdleRuns; ++i) idle.push_back(rig.timed_run(request));
  figures.p50_ms = quantile(idle, 0.5);
  figures.p99_ms = quantile(idle, 0.99);
  figures.max_ms = idle.back();

  rig.count_from_here();
  const std::uint64_t before = rig.ended();
  const double begun = monotonic_s();
  std::uint64_t started = 0;
  const std::uint64_t limit = settings.n > 0 ? settings.n : UINT64_MAX;
  while (monotonic_s() - begun < settings.seconds && started < limit) {
    const std::uint64_t done = rig.ended() - before;
    while (started < std::min(done + kOutstanding, limit)) {
      rig.engine().start(request, [](Result<Started>) {});
      ++started;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  if (settings.n > 0) rig.wait_ended(before + started, 600);
  figures.seconds = monotonic_s() - begun;
  figures.n = rig.ended() - before;
  figures.runs_per_s = static_cast<double>(figures.n) / figures.seconds;
  figures.steps_per_s = figures.runs_per_s * kSteps;
  rig.wait_ended(before + started, 60);
  return figures;
}

Figures run_overhead(Rig& rig, const Settings& settings) {
  const int steps = settings.n > 0 ? static_cast<int>(settings.n) : 500;
  const WorkflowId workflow = rig.publish(chain_graph(steps));
  const StartRequest request = rig.request(workflow);
  Figures figures;
  figures.n = static_cast<std::uint64_t>(steps);
  std::vector<double> per_step;
  const double begun = monotonic_s();
  for (int i = 0; i < 21; ++i) per_step.push_back(rig.timed_run(request) / steps);
  figures.seconds = monotonic_s() - begun;
  figures.p50_ms = quantile(per_step, 0.5);
  figures.p99_ms = quantile(per_step, 0.99);
  figures.max_ms = per_step.back();
  figures.steps_per_s = 1000 / figures.p50_ms;
  return figures;
}

}  // namespace troupe::bench
