#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/memory/memory_cluster.h"
#include "runtime/base/random.h"
#include "tests/simulation/journal_watch.h"
#include "tests/simulation/ports.h"

namespace troupe::simulation {

/// What outlives every node: a memory store that belongs to one node at a time, or a disk that
/// several share. Whatever is written lands here; it is shown to the watch, and on a shared disk
/// only the owner of a run may have written it. Owned by the world; one thread.
class Disk {
 public:
  Disk(memory::Options options, bool shared, const SimClock& clock, Random& random,
       JournalWatch& watch);

  bool shared() const { return cluster_ != nullptr; }
  /// For the next life of a node.
  std::shared_ptr<memory::MemoryStore> open();
  /// For whoever looks from outside, in any state of the nodes.
  std::unique_ptr<store::Reader> open_reader() { return outside_->open_reader(); }
  store::ClusterView view() const;
  /// Until then nobody reaches it.
  TimePoint out_of_reach_until;
  bool out_of_reach() const { return clock_.peek() < out_of_reach_until; }
  TimePoint now() const { return clock_.peek(); }
  /// Leases run out by this.
  void pass(Duration time);

  Status land(memory::MemoryStore& through, store::NodeNumber by, const store::Batch& batch);
  /// The connection broke in a commit: the batch lands later or never, as `settle` decides at the
  /// latest.
  void leave_in_flight(std::shared_ptr<memory::MemoryStore> through, store::NodeNumber by,
                       store::Batch batch);
  /// No commit of this node is under way any more.
  void settle(store::NodeNumber by);
  void settle_one();  ///< some node's

  /// Called with the bytes of every frame that lands, for the trace.
  std::function<void(std::string_view)> trace;
  std::function<void(const std::string&)> note;
  /// Called when a node has been declared gone.
  std::function<void()> declared_gone;

 private:
  struct InFlight {
    std::shared_ptr<memory::MemoryStore> through;
    store::Batch batch;
  };
  void check_writer(const store::ClusterView& view, store::NodeNumber by,
                    const store::Batch& batch);

  const memory::Options options_;
  const SimClock& clock_;
  Random& random_;
  JournalWatch& watch_;
  std::unique_ptr<memory::Cluster> cluster_;
  std::shared_ptr<memory::MemoryStore> outside_;
  std::multimap<store::NodeNumber, InFlight> in_flight_;
};

}  // namespace troupe::simulation
