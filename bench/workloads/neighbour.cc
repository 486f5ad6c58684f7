// W6: workspace A floods; B starts one three-step run every 100 ms. B's times alone and beside A.

#include <thread>

#include "bench/rig.h"

namespace troupe::bench {
namespace {

std::vector<double> paced_runs(Rig& rig, const StartRequest& request, int count) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const double begun = monotonic_s();
    const auto started = await<Started>(
        [&](Callback<Started> done) { rig.engine().start(request, std::move(done)); });
    if (!started) continue;
    const auto feed = rig.engine().open_feed(
        {{request.workspace, request.project}, started->run, std::nullopt, 0});
    for (;;) {
      const auto page =
          await<FeedPage>([&](Callback<FeedPage> done) { feed->next(std::move(done)); });
      if (!page || page->ended) break;
    }
    times.push_back((monotonic_s() - begun) * 1e3);
    const double rest = 0.1 - (monotonic_s() - begun);
    if (rest > 0) std::this_thread::sleep_for(std::chrono::duration<double>(rest));
  }
  return times;
}

}  // namespace

Figures run_neighbour(Rig& rig, const Settings& settings) {
  const std::uint64_t flood = settings.n > 0 ? settings.n : 100'000;
  const store::TenantScope b = rig.new_workspace("neighbour");
  StartRequest of_b = rig.request(rig.publish(chain_graph(3), b));
  of_b.workspace = b.workspace;
  of_b.project = *b.project;
  const StartRequest of_a = rig.request(rig.publish(chain_graph(10)));
  Figures figures;
  figures.n = flood;
  auto alone = paced_runs(rig, of_b, 50);
  figures.more.emplace_back("alone_p50_ms", quantile(alone, 0.5));
  figures.more.emplace_back("alone_p99_ms", quantile(alone, 0.99));
  const std::uint64_t before = rig.ended();
  const double begun = monotonic_s();
  std::thread flooder([&] {
    for (std::uint64_t sent = 0; sent < flood; sent += 1000) {
      std::vector<BatchItem> items(1000);
      (void)await<std::vector<RunId>>([&](Callback<std::vector<RunId>> done) {
        rig.engine().start_batch(of_a, items, std::move(done));
      });
    }
  });
  auto beside = paced_runs(rig, of_b, 100);
  const bool flooded_throughout = rig.ended() - before < flood;
  flooder.join();
  rig.wait_ended(before + flood + beside.size(), 600);
  figures.seconds = monotonic_s() - begun;
  figures.runs_per_s = static_cast<double>(flood) / figures.seconds;
  figures.p50_ms = quantile(beside, 0.5);
  figures.p99_ms = quantile(beside, 0.99);
  figures.max_ms = beside.back();
  figures.more.emplace_back("flooded_throughout", flooded_throughout ? 1 : 0);
  return figures;
}

}  // namespace troupe::bench
