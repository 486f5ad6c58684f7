#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "actors/cluster/ownership.h"
#include "actors/dispatch/gate.h"
#include "actors/events/hub.h"
#include "actors/messages.h"
#include "actors/node/node.h"
#include "actors/options.h"
#include "actors/step/executors.h"
#include "actors/bulk/bulk_actor.h"
#include "actors/store/expiry_actor.h"
#include "actors/store/retention.h"
#include "actors/store/scope_names.h"
#include "actors/store/version_cache.h"

namespace troupe::actors {

class Publisher;
class Router;

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
  Gauge& slots_owned;
  Gauge& cluster_members;
  Gauge& tail_slots;
  Gauge& lease_left;
  Gauge& remote_calls;
  Counter& takeovers;
  Counter& handovers;
  Counter& fenced_commits;
  Counter& late_answers;
};

/// What all actors of a node share. Everything in it is thread-safe or set before the first actor
/// works.
struct Services {
  Services(const Options& options, const Ports& ports);
  ~Services();

  const Options options;
  const Ports ports;
  HotMetrics metrics;
  Gate gate;
  Hub hub;
  ScopeNames names;
  Retention retention;
  Executors executors;
  VersionCache versions;

  CommitterActor committer;
  TimerActor timers;
  // Null where nobody keeps house.
  ExpiryActor expiry;
  BulkActor bulk;
  std::vector<ReaderActor> readers;

  /// Spawns the tenant of a workspace where there is none yet.
  std::function<TenantActor(WorkspaceId)> tenant;
  std::function<std::vector<TenantActor>()> tenants;

  Ownership ownership;
  /// The cluster as its actor saw it last, for those who ask.
  struct {
    mutable std::mutex mutex;
    store::ClusterView view;
    int failures = 0;  ///< renewals of the lease that failed in a row
  } cluster_seen;
  ClusterActor cluster;                ///< null: this node has the store for itself
  std::unique_ptr<Router> router;      ///< null: no other node is spoken to
  std::unique_ptr<Publisher> publisher;  ///< null: events stay here
  std::atomic<std::size_t> commit_queue_bytes{0};
  std::atomic<bool> store_failing{false};     ///< the last commit failed; new runs are refused
  std::atomic<bool> store_full{false};        ///< it failed because there was no room
  std::atomic<bool> shutting_down{false};
  std::atomic<std::int64_t> remote_calls{0};  ///< wait for other nodes' answers
  std::atomic<std::int64_t> runs_going{0};  ///< being laid down for other nodes
  std::atomic<std::int64_t> run_actors{0}, step_actors{0}, branch_actors{0}, tenant_actors{0};

  store::Pos next_pos() { return pos_.fetch_add(1) + 1; }
  /// Frames decided from now on have addresses in it.
  void begin_epoch(std::uint64_t epoch) { pos_ = epoch << 40; }
  std::uint64_t epoch() const { return pos_ >> 40; }
  /// For what was published, here or elsewhere.
  graph::Tools tools() const { return {ports.syntax, ports.patterns}; }
  TimePoint now() const { return ports.clock.now(); }
  Uuid new_id() { return Uuid::v7(now(), ports.entropy.next(), ports.entropy.next()); }
  /// In a slot of this node's own; unset if it has none.
  RunId new_run_id();
  static Error no_slots() {
    return {Code::kUnavailable, "this node owns no part of the cluster at the moment", {}};
  }
  void read(std::function<void(store::Reader&)> work);
  void write(std::function<void(store::Writer&)> work);
  void submit(std::shared_ptr<Submission> submission);
  /// Between runs of one slot, and of timers: refused where another node goes on with the run.
  void send(WorkspaceId workspace, ToRun message);
  /// On behalf of somebody outside: to whichever node owns the run.
  void reach(WorkspaceId workspace, ToRun message);
  /// On whichever node owns it.
  void start_group(WorkspaceId workspace, StartGroup message);
  /// This life of the node has ended, as the store says: nothing it does counts any more.
  void fenced(std::string_view why);
  void tell_to_look(store::NodeNumber node);
  void tell_all_to_look();

 private:
  std::atomic<std::uint64_t> pos_{0};
  std::atomic<std::size_t> next_reader_{0};
};

}  // namespace troupe::actors
