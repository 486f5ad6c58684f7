#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/nats/node_bus.h"
#include "bench/rig.h"
#include "bench/sleeping_executor.h"

namespace troupe::bench {

/// One node of a cluster in this process. It shares nothing with the others: actors, committer,
/// connections to PostgreSQL and link to NATS are its own, as a process has them. Its steps wait in
/// an executor, up to 200 at a time. Used by the main thread; throws where it cannot begin.
class Member {
 public:
  Member(const Settings& settings, const std::string& url, int number, Duration step);
  ~Member() { executor_.stop(); }  ///< without `shutdown` as a crash would end it

  Engine& engine() { return node_->engine(); }
  double metric(const std::string& name) { return metric_in(parts_.metrics.exposition(), name); }
  std::uint64_t ended() const { return parts_.counting.runs_ended(); }
  /// Publishes a graph, and gives what starts it.
  StartRequest publish(const std::string& graph);
  /// Starts runs until so many of its own are open.
  void keep_busy(const StartRequest& request, std::uint64_t outstanding);
  bool is_idle() const { return parts_.counting.runs_ended() >= started_; }
  void shutdown() { node_->shutdown(); }

 private:
  // In the order in which they need each other.
  NodeParts parts_;
  SleepingExecutor executor_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<nats::Connection> broker_;
  std::unique_ptr<nats::NodeBus> bus_;
  std::unique_ptr<actors::Node> node_;
  std::uint64_t started_ = 0;
};

bool holds_within(double seconds, const std::function<bool()>& holds);

}  // namespace troupe::bench
