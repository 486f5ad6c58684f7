#pragma once

#include <memory>

#include "adapters/memory/memory_store.h"

namespace troupe::memory {

/// One disk that several nodes share, each through a MemoryStore of its own, with the membership
/// and the fence of `adapters/postgres`. Leases run by a clock that only `advance` moves. Any
/// thread; outlives its stores' users in no way: a store keeps the disk alive.
class Cluster {
 public:
  explicit Cluster(Options options = {});
  /// A process's store: it joins before it writes.
  std::unique_ptr<MemoryStore> open_store();
  void advance(Duration time);
  /// Who is there and who owns what, as a member would be told now.
  store::ClusterView view() const;

 private:
  const Options options_;
  std::shared_ptr<Disk> disk_;
};

}  // namespace troupe::memory
