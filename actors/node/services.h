#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "actors/dispatch/gate.h"
#include "actors/events/hub.h"
#include "actors/messages.h"
#include "actors/node/node.h"
#include "actors/options.h"
#include "actors/step/jobs.h"
#include "actors/store/version_cache.h"

namespace troupe::actors {

/// References to the metrics that hot paths touch, looked up once.
struct HotMetrics {
  explicit HotMetrics(Metrics& metrics);
  Counter& runs_started;
  Counter* runs_finished[3];            ///< completed, failed, stopped
  Counter* steps_finished[12][4];       ///< by type; completed, failed, cancelled, skipped
  Histogram* step_duration[12];
  Histogram& step_queue_wait;
  Histogram& run_duration;
  Histogram& commit_duration;
  Histogram& commit_records;
  Histogram& submit_latency;
  Gauge& commit_queue_depth;
  Counter& journal_bytes;
  Counter& recoveries;
};

/// What all actors of a node share. Everything in it is thread-safe or set before the first actor
/// works.
struct Services {
  Services(const Options& options, const Ports& ports);

  const Options options;
  const Ports ports;
  HotMetrics metrics;
  Gate gate;
  Hub hub;
  Jobs jobs;
  VersionCache versions;

  CommitterActor committer;
  TimerActor timers;
  std::vector<ReaderActor> readers;

  /// Spawns the tenant of a workspace where there is none yet.
  std::function<TenantActor(WorkspaceId)> tenant;

  std::uint64_t epoch = 0;
  std::atomic<std::uint64_t> counter{0};
  std::atomic<std::size_t> commit_queue_bytes{0};
  std::atomic<bool> store_failing{false};     ///< the last commit failed; new runs are refused
  std::atomic<bool> shutting_down{false};
  std::atomic<std::int64_t> run_actors{0}, step_actors{0}, branch_actors{0}, tenant_actors{0};

  store::Pos next_pos() { return (epoch << 40) | (counter.fetch_add(1) + 1); }
  TimePoint now() const { return ports.clock.now(); }
  RunId new_run_id() {
    return RunId{Uuid::v7(now(), ports.entropy.next(), ports.entropy.next())};
  }
  void read(std::function<void(store::Reader&)> work);
  void write(std::function<void(store::Writer&)> work);
  void submit(std::shared_ptr<Submission> submission);
  void send(WorkspaceId workspace, ToRun message);

 private:
  std::atomic<std::size_t> next_reader_{0};
};

}  // namespace troupe::actors
