// Nodes whose wall clocks are wrong by hours, or jump: they stay members, lose nothing, and what
// they time by themselves takes its time.
#include <gtest/gtest.h>

#include "tests/system/cluster_fixture.h"
#include "tests/system/cluster_graphs.h"

namespace troupe::testing {
namespace {

constexpr int kLeaseMs = 2'000;
constexpr long long kHourMs = 3'600'000;

class ClusterClocks : public ::testing::Test {
 protected:
  ClusterClocks() : cluster_(3, {{"TROUPE_CLUSTER__LEASE_MS", std::to_string(kLeaseMs)}}, true) {}
  ~ClusterClocks() override {
    if (HasFailure()) std::fprintf(stderr, "%s\n", cluster_.last_words().c_str());
  }
  /// Which lives there are: none of them has been declared gone.
  std::string lives() {
    return cluster_.database().query(
        "SELECT string_agg(name || number || state, ',' ORDER BY number) FROM nodes");
  }
  /// On each node a run that waits three times 800 ms, by the clock of the test.
  void expect_timers(const std::string& flow, const std::string& when) {
    constexpr int kTicks = 3;
    std::vector<std::string> runs;
    const long long began = now_ms();
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
      runs.push_back(cluster_.api(i).start(flow, R"({"n":1})"));
    }
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
      EXPECT_EQ(int_at(cluster_.api(i).wait_end(runs[i]), "/output"), 1 + kTicks);
      const long long took = now_ms() - began;
      EXPECT_GE(took, kTicks * 800) << "node " << i + 1 << ", " << when;
      EXPECT_LE(took, kTicks * 800 + 3'000) << "node " << i + 1 << ", " << when;
    }
  }

  TestCluster cluster_;
};

TEST_F(ClusterClocks, HoursAheadOrBehindCostNoLeaseAndNoTimer) {
  cluster_.node(0).set_clock(2 * kHourMs);
  cluster_.node(1).set_clock(-2 * kHourMs);
  cluster_.start_all();
  const std::string before = lives();
  const std::string flow = cluster_.api(2).publish(ticking_graph(3, 0.8));
  expect_timers(flow, "one clock two hours ahead, one behind");
  for (const long long ahead : {2 * kHourMs, 0LL, -2 * kHourMs, 0LL}) {
    cluster_.node(2).set_clock(ahead);
    EXPECT_FALSE(cluster_.node(2).ends_within(kLeaseMs)) << "at " << ahead;
    expect_timers(flow, "the third has jumped to " + std::to_string(ahead));
  }
  EXPECT_EQ(lives(), before) << "somebody was declared gone";
}

}  // namespace
}  // namespace troupe::testing
