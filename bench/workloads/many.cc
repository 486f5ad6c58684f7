// W6-many: thousands of workspaces, one of which floods; the others start a three-step run now and
// then. Their times alone and beside the flood.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "bench/workloads/crowd.h"

namespace troupe::bench {
namespace {

constexpr int kRunsPerSecond = 200;  ///< of all others together
constexpr std::size_t kAlone = 400;
constexpr std::size_t kTouchedAtOnce = 200;

struct Times {
  std::vector<double> accepted_ms;  ///< until the durable answer to the start
  std::vector<double> ended_ms;     ///< until the last event has come
};

/// Runs that are started without waiting for each other, each timed from its start request. Must
/// outlive the node's callbacks: call `wait` before it goes.
class Stopwatch {
 public:
  explicit Stopwatch(Engine& engine) : engine_(engine) {}

  void start(const StartRequest& request) {
    {
      const std::lock_guard lock(mutex_);
      ++open_;
    }
    const store::TenantScope scope{request.workspace, request.project};
    const double begun = monotonic_s();
    engine_.start(request, [this, scope, begun](Result<Started> started) {
      const double took = (monotonic_s() - begun) * 1e3;
      if (!started) return finish(nullptr);
      const std::shared_ptr<Feed> feed = engine_.open_feed({scope, started->run, std::nullopt, 0});
      {
        // An answer may not end its own feed, so they all stay until the end.
        const std::lock_guard lock(mutex_);
        feeds_.push_back(feed);
        times_.accepted_ms.push_back(took);
      }
      follow(*feed, begun);
    });
  }
  /// Waits until at most `open` runs are still open.
  void wait(std::size_t open = 0) {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return open_ <= open; });
  }
  /// Once nothing is open.
  Times take() { return std::move(times_); }

 private:
  void follow(Feed& feed, double begun) {
    feed.next([this, &feed, begun](Result<FeedPage> page) {
      if (page && !page->ended) return follow(feed, begun);
      const double took = (monotonic_s() - begun) * 1e3;
      finish(page ? &took : nullptr);
    });
  }
  void finish(const double* took) {
    const std::lock_guard lock(mutex_);
    if (took != nullptr) times_.ended_ms.push_back(*took);
    --open_;
    ended_.notify_all();
  }

  Engine& engine_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t open_ = 0;
  Times times_;
  std::vector<std::shared_ptr<Feed>> feeds_;
};

/// Runs at an even pace, each in the next workspace, until there are enough of them.
Times paced(Rig& rig,
            const std::vector<StartRequest>& others,
            const std::function<bool(std::size_t)>& enough) {
  Stopwatch watch(rig.engine());
  const double begun = monotonic_s();
  for (std::size_t i = 0; !enough(i); ++i) {
    watch.start(others[i % others.size()]);
    const double due = begun + static_cast<double>(i + 1) / kRunsPerSecond;
    const double rest = due - monotonic_s();
    if (rest > 0) std::this_thread::sleep_for(std::chrono::duration<double>(rest));
  }
  watch.wait();
  return watch.take();
}

void submit(Rig& rig, const StartRequest& request, std::uint64_t count) {
  for (std::uint64_t sent = 0; sent < count; sent += 1000) {
    std::vector<BatchItem> items(std::min<std::uint64_t>(1000, count - sent));
    (void)await<std::vector<RunId>>([&](Callback<std::vector<RunId>> done) {
      rig.engine().start_batch(request, items, std::move(done));
    });
  }
}

/// The others' times while the flood comes in, while it is worked off, and both together.
void measure_beside(Rig& rig,
                    const std::vector<StartRequest>& others,
                    const StartRequest& of_a,
                    std::uint64_t flood,
                    Figures* figures) {
  const std::uint64_t before = rig.ended();
  const std::uint64_t commits = rig.commits();
  const double commit_s = rig.commit_s();
  const double begun = monotonic_s();
  std::atomic<bool> submitted{false};
  std::thread flooder([&] {
    submit(rig, of_a, flood);
    submitted = true;
  });
  Times all = paced(rig, others, [&](std::size_t) { return submitted.load(); });
  flooder.join();
  figures->more.emplace_back("flood_submit_s", monotonic_s() - begun);
  figures->more.emplace_back("while_submitted_p99_ms", quantile(all.ended_ms, 0.99));
  // What ends beside the flood is a few in a hundred: near enough to tell that the flood is over.
  Times later =
      paced(rig, others, [&](std::size_t) { return rig.ended() - before >= flood * 95 / 100; });
  figures->more.emplace_back("then_p99_ms", quantile(later.ended_ms, 0.99));
  all.accepted_ms.insert(all.accepted_ms.end(), later.accepted_ms.begin(), later.accepted_ms.end());
  all.ended_ms.insert(all.ended_ms.end(), later.ended_ms.begin(), later.ended_ms.end());
  rig.wait_ended(before + flood + all.ended_ms.size(), 600);
  figures->seconds = monotonic_s() - begun;
  figures->runs_per_s = static_cast<double>(flood) / figures->seconds;
  figures->p50_ms = quantile(all.ended_ms, 0.5);
  figures->p99_ms = quantile(all.ended_ms, 0.99);
  figures->max_ms = quantile(all.ended_ms, 1);
  figures->more.emplace_back("accepted_p50_ms", quantile(all.accepted_ms, 0.5));
  figures->more.emplace_back("accepted_p99_ms", quantile(all.accepted_ms, 0.99));
  // A start waits for the commit that is under way and for its own.
  figures->more.emplace_back("commit_mean_ms", (rig.commit_s() - commit_s) * 1e3 /
                                                   static_cast<double>(rig.commits() - commits));
  figures->more.emplace_back("runs_beside", static_cast<double>(all.ended_ms.size()));
}

}  // namespace

Figures run_crowd(Rig& rig, const Settings& settings) {
  const std::uint64_t flood = settings.n > 0 ? settings.n : 100'000;
  const std::uint64_t workspaces = settings.workspaces > 0 ? settings.workspaces : 10'000;
  Figures figures;
  figures.n = flood;
  const double making = monotonic_s();
  const auto others =
      make_workspaces(rig, std::max<std::uint64_t>(workspaces, 2) - 1, chain_graph(3));
  const StartRequest of_a = rig.request(rig.publish(chain_graph(10)));
  figures.more.emplace_back("make_workspaces_s", monotonic_s() - making);

  // Each workspace's first run, so that all of them are there.
  const double touching = monotonic_s();
  Stopwatch touch(rig.engine());
  for (const StartRequest& request : others) {
    touch.wait(kTouchedAtOnce);
    touch.start(request);
  }
  touch.wait();
  figures.more.emplace_back("first_runs_per_s",
                            static_cast<double>(others.size()) / (monotonic_s() - touching));
  figures.more.emplace_back("rss_workspaces_mb", usage().rss_mb);

  auto alone = paced(rig, others, [](std::size_t started) { return started == kAlone; });
  figures.more.emplace_back("alone_p50_ms", quantile(alone.ended_ms, 0.5));
  figures.more.emplace_back("alone_p99_ms", quantile(alone.ended_ms, 0.99));

  measure_beside(rig, others, of_a, flood, &figures);
  figures.more.emplace_back("workspaces", static_cast<double>(workspaces));
  return figures;
}

}  // namespace troupe::bench
