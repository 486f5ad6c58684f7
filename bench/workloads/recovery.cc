// W8: a node with many open runs, half of them runnable, ends at once; time until a new one is
// ready and until every interrupted run has progressed (here: ended).

#include <thread>

#include "bench/rig.h"

namespace troupe::bench {
namespace {

const char* kWaiting =
    R"({"steps":[{"id":"ok","name":"ok","type":"human_task","task_type":"approve",)"
    R"("task_payload":{}}]})";

}  // namespace

Figures run_recovery(Rig& rig, const Settings& settings) {
  const std::uint64_t open = settings.n > 0 ? settings.n : 100'000;
  const StartRequest waiting = rig.request(rig.publish(kWaiting));
  const StartRequest runnable = rig.request(rig.publish(chain_graph(3)));
  const auto submit = [&](const StartRequest& request, std::uint64_t count) {
    for (std::uint64_t sent = 0; sent < count; sent += 1000) {
      std::vector<BatchItem> items(std::min<std::uint64_t>(1000, count - sent));
      (void)await<std::vector<RunId>>([&](Callback<std::vector<RunId>> done) {
        rig.engine().start_batch(request, items, std::move(done));
      });
    }
  };
  submit(waiting, open / 2);
  for (;;) {
    const auto counts =
        await<std::vector<std::uint64_t>>([&](Callback<std::vector<std::uint64_t>> done) {
          rig.engine().read([done](store::Reader& reader) { done(reader.open_runs()); });
        });
    if (counts && (*counts)[static_cast<int>(store::RunStatus::kPaused)] >= open / 2) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  submit(runnable, open / 2);
  const std::uint64_t interrupted = open / 2;
  Figures figures;
  figures.n = open;
  const double begun = monotonic_s();
  const std::uint64_t before = rig.ended();
  const double ready_s = rig.restart();
  rig.wait_ended(before + 1, 60);
  figures.more.emplace_back("ready_s", ready_s);
  figures.more.emplace_back("first_progress_s", monotonic_s() - begun);
  for (;;) {
    const auto counts =
        await<std::vector<std::uint64_t>>([&](Callback<std::vector<std::uint64_t>> done) {
          rig.engine().read([done](store::Reader& reader) { done(reader.open_runs()); });
        });
    if (counts && (*counts)[0] + (*counts)[1] == 0) break;
    if (monotonic_s() - begun > 120) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  figures.seconds = monotonic_s() - begun;
  figures.more.emplace_back("all_ended_s", figures.seconds);
  figures.runs_per_s = static_cast<double>(interrupted) / figures.seconds;
  return figures;
}

}  // namespace troupe::bench
