#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/lua_sandbox/pool.h"
#include "adapters/postgres/postgres_store.h"
#include "adapters/sqlite/sqlite_store.h"
#include "bench/node_parts.h"
#include "bench/server_probe.h"
#include "bench/usage.h"

namespace troupe::bench {

/// What the command line asks for.
struct Settings {
  std::string workload;
  std::string store = "sqlite";  ///< or "postgres": a server of its own, on a socket
  std::string conninfo;          ///< of that server
  bool strict = false;
  std::uint64_t n = 0;     ///< 0: the workload's own
  std::uint64_t workspaces = 0;  ///< 0: the workload's own
  double seconds = 10;
  bool json = false;
  std::string dir;         ///< a fresh folder; removed at the end
  std::string command;
};

/// One result, as the performance paper names its keys. `more` holds figures of single workloads.
struct Figures {
  double runs_per_s = 0, steps_per_s = 0;
  double p50_ms = 0, p99_ms = 0, max_ms = 0;
  double seconds = 0;
  std::uint64_t n = 0;
  // What it cost. Filled in for workloads that run on a rig.
  double cpu_s = 0, rss_peak_mb = 0;
  std::uint64_t commits = 0, bytes_written = 0;
  double commits_per_step = 0, wal_bytes_per_step = 0;
  std::vector<std::pair<std::string, double>> more;
};

/// What a node has done, and what that has cost its store.
struct Work {
  std::uint64_t steps = 0, commits = 0, wal_bytes = 0, wal_page_images = 0;
};

/// A whole node on a real store with real sandboxes, driven through the Engine port, as the edges
/// do.
class Rig {
 public:
  explicit Rig(const Settings& settings, lua_sandbox::Zygote zygote);
  ~Rig();

  Engine& engine() { return node_->engine(); }
  const store::TenantScope& scope() const { return scope_; }
  /// Publishes a graph and gives its workflow.
  WorkflowId publish(const std::string& graph) { return publish(graph, scope_); }
  WorkflowId publish(const std::string& graph, const store::TenantScope& scope);
  store::TenantScope new_workspace(const std::string& slug);
  StartRequest request(WorkflowId workflow, const std::string& input = "{}") const;

  /// Runs that have ended so far. Blocks until there are at least `count`, or `seconds` have
  /// passed.
  std::uint64_t ended() const { return parts_.counting.runs_ended(); }
  bool wait_ended(std::uint64_t count, double seconds);
  /// Starts and waits for the durable end; milliseconds.
  double timed_run(const StartRequest& request);

  const Hasher& hasher() const { return parts_.hasher; }
  const Clock& clock() const { return parts_.clock; }
  Entropy& entropy() { return parts_.entropy; }
  Metrics& metrics() { return parts_.metrics; }

  /// Costs count from here: what came before was only to warm up, or to see it idle.
  void count_from_here() { counted_from_ = work(); }
  /// Since then.
  Work counted();
  std::uint64_t bytes_written();

  std::uint64_t commits();
  double commit_s();  ///< time that all commits together have taken
  store::Store& store() { return *store_; }
  /// Ends the node and begins a new one on the same store, as a restart of the process would;
  /// seconds.
  double restart();
  void stop();  ///< at once, as a crash

 private:
  Status begin();
  Work work();  ///< since this began, or of WAL since the server was made

  const Settings settings_;
  NodeParts parts_;
  std::unique_ptr<lua_sandbox::Pool> scripts_;
  std::unique_ptr<ServerProbe> probe_;  ///< null on SQLite
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<actors::Node> node_;
  store::TenantScope scope_;
  Work counted_from_;
  std::uint64_t wal_bytes_at_start_ = 0;
};

/// Blocks for an answer of the engine.
template <class T>
Result<T> await(const std::function<void(Callback<T>)>& call);

Figures run_seq(Rig& rig, const Settings& settings);        // W1, W10
Figures run_fan(Rig& rig, const Settings& settings);        // W2
Figures run_jobs(Rig& rig, const Settings& settings);       // W3
Figures run_sleepers(Rig& rig, const Settings& settings);   // W4
Figures run_neighbour(Rig& rig, const Settings& settings);  // W6
Figures run_crowd(Rig& rig, const Settings& settings);      // W6-many
Figures run_equals(Rig& rig, const Settings& settings);     // W6-equal
Figures run_ingest(Rig& rig, const Settings& settings);     // W7
Figures run_slow(Rig& rig, const Settings& settings);       // W7-slow
Figures run_submit(Rig& rig, const Settings& settings);     // W7-nats
Figures run_recovery(Rig& rig, const Settings& settings);   // W8
Figures run_scale(const Settings& settings);                // W9
Figures run_takeover(const Settings& settings);             // W8-takeover
Figures run_overhead(Rig& rig, const Settings& settings);   // W10
Figures run_program(const Settings& settings);              // W11
Figures run_bulk(Rig& rig, const Settings& settings);       // W12

/// Until so many runs are parked: no run actor holds one any more.
void wait_parked(Rig& rig, std::uint64_t count);

/// The workspace and project that a new store begins with.
Result<store::TenantScope> first_scope(store::Store& store);
/// Publishes a graph and gives its workflow.
Result<WorkflowId> publish(Engine& engine, const store::TenantScope& scope,
                           const std::string& graph);
StartRequest request_of(const store::TenantScope& scope, WorkflowId workflow,
                        const std::string& input = "{}");

/// A graph of `steps` trivial scripts in a chain.
std::string chain_graph(int steps);

/// The sum over all labels of one metric in an exposition; `name` without prefix.
double metric_in(const std::string& exposition, const std::string& name);

// ---- implementation -----------------------------------------------------------------------------

template <class T>
Result<T> await(const std::function<void(Callback<T>)>& call) {
  auto answer = std::make_shared<std::promise<Result<T>>>();
  call([answer](Result<T> result) { answer->set_value(std::move(result)); });
  return answer->get_future().get();
}

}  // namespace troupe::bench
