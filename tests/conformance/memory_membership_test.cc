#include "adapters/memory/memory_cluster.h"
#include "tests/conformance/membership_suite.h"

namespace troupe::testing {
namespace {

class MemoryCluster final : public ClusterHarness {
 public:
  std::unique_ptr<store::Store> open_store() override { return cluster_.open_store(); }
  void pass(Duration time) override { cluster_.advance(time); }

 private:
  memory::Cluster cluster_{{4096, 0}};
};

}  // namespace

std::unique_ptr<ClusterHarness> make_cluster() { return std::make_unique<MemoryCluster>(); }

}  // namespace troupe::testing
