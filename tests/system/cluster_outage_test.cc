// What nodes share goes away and comes back: nothing is accepted falsely, what can go on goes on,
// and everything is as before without anybody's help.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/system/cluster_fixture.h"
#include "tests/system/cluster_graphs.h"

namespace troupe::testing {
namespace {

constexpr int kLeaseMs = 2'000;
constexpr int kBackMs = 10'000;  ///< what is promised after the database is back

class ClusterOutage : public ::testing::Test {
 protected:
  ClusterOutage() : cluster_(3, {{"TROUPE_CLUSTER__LEASE_MS", std::to_string(kLeaseMs)}}) {
    cluster_.start_all();
  }
  ~ClusterOutage() override {
    if (HasFailure()) std::fprintf(stderr, "%s\n", cluster_.last_words().c_str());
  }

  /// Each node says that it is not ready, that it lives, and accepts nothing.
  void expect_refusals(const std::string& flow) {
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
      EXPECT_TRUE(cluster_.node(i).comes_to(503, 2 * kLeaseMs)) << "node " << i + 1;
      Api api = cluster_.api(i);
      EXPECT_EQ(api.get("/livez").status, 200);
      const long long asked = now_ms();
      const Answer start = api.command(flow, R"({"command":"start","params":{"n":1}})");
      EXPECT_EQ(start.status, 503) << start.text;
      EXPECT_LE(now_ms() - asked, 2'000) << "a refusal must not wait for what is away";
    }
  }

  /// The database goes by `away`, and comes back by `back`.
  void lose_database(const std::function<void()>& away, const std::function<void()>& back) {
    const std::string flow = cluster_.api(0).publish(ticking_graph(20, 0.2));
    const std::string gate = cluster_.api(0).publish(gate_graph());
    std::vector<std::string> runs;
    for (std::size_t i = 0; i < 3; ++i) {
      runs.push_back(cluster_.api(i).start(flow, R"({"n":1})"));
      runs.push_back(cluster_.api(i).start(gate, R"({"n":19})"));
    }
    cluster_.api(0).wait_for(runs[0], "step_completed", "w2");
    away();
    expect_refusals(flow);
    back();
    const long long returned = now_ms();
    for (std::size_t i = 0; i < 3; ++i) {
      const auto accepts = [&] {
        // Whoever heard of the return last may have been declared gone by then, and starts anew.
        cluster_.look_after();
        return cluster_.node(i).readiness() == 200 &&
               cluster_.api(i).command(gate, R"({"command":"start","params":{"n":19}})").status ==
                   200;
      };
      EXPECT_TRUE(eventually(kBackMs, accepts)) << "node " << i + 1;
    }
    std::fprintf(stderr, "all nodes accept again %lld ms after the database is back\n",
                 now_ms() - returned);
    EXPECT_LE(now_ms() - returned, kBackMs);
    EXPECT_EQ(cluster_.unasked_ends(), std::vector<std::string>());
    EXPECT_EQ(int_at(cluster_.api(1).post("/v1/events", R"({"event":"go","data":{"x":2}})").body,
                     "/delivered"),
              6);
    for (const std::string& run : runs) {
      EXPECT_EQ(int_at(cluster_.api(2).wait_end(run), "/output"), 21) << run;
    }
    EXPECT_EQ(cluster_.database().number("SELECT count(*) FROM runs"), 9)
        << "one that was refused is there";
  }

  TestCluster cluster_;
};

TEST_F(ClusterOutage, ADatabaseThatIsKilledIsMissedAndFoundAgain) {
  lose_database([this] { cluster_.database().end(SIGKILL); },
                [this] { cluster_.database().start(); });
}

TEST_F(ClusterOutage, ADatabaseThatStopsAtOnceIsMissedAndFoundAgain) {
  lose_database([this] { cluster_.database().end(SIGQUIT); },
                [this] { cluster_.database().start(); });
}

TEST_F(ClusterOutage, ADatabaseThatIsSilentIsMissedAndFoundAgain) {
  const auto cut = [this] {
    for (std::size_t i = 0; i < 3; ++i) {
      cluster_.database().machine().cut(cluster_.node(i).machine());
    }
    for (std::size_t i = 0; i < 3; ++i) {
      cluster_.node(i).machine().cut(cluster_.database().machine());
    }
  };
  const auto heal = [this] {
    cluster_.database().machine().heal();
    for (std::size_t i = 0; i < 3; ++i) cluster_.node(i).machine().heal();
  };
  lose_database(cut, heal);
}

TEST_F(ClusterOutage, WithoutABrokerEachNodeGoesOnWithItsOwn) {
  const std::string gate = cluster_.api(0).publish(gate_graph());
  const std::string flow = cluster_.api(0).publish(ticking_graph(30, 0.1));
  std::vector<std::string> ticking;
  for (std::size_t i = 0; i < 3; ++i) {
    ticking.push_back(cluster_.api(i).start(flow, R"({"n":2})"));
  }
  cluster_.broker().end_with(SIGKILL, 10'000);
  cluster_.broker().delete_store();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cluster_.node(i).readiness(), 200);
    Api api = cluster_.api(i);
    const std::string own = api.start(gate, R"({"n":1})");
    api.wait_for(own, "step_waiting", "w");
    EXPECT_EQ(api.post("/v1/runs/" + own + "/events", R"({"event":"go","data":{"x":1}})").status,
              200);
    EXPECT_EQ(int_at(api.wait_end(own), "/output"), 2);
    EXPECT_EQ(int_at(api.wait_end(ticking[i]), "/output"), 32);
    EXPECT_EQ(int_at(cluster_.api((i + 1) % 3).wait_end(own), "/output"), 2)
        << "what has ended is in the store";
    EXPECT_EQ(cluster_.node(i).readiness(), 200);
  }
  // A node that ends in order needs no broker to be heard, nor do those that take its place.
  EXPECT_EQ(cluster_.node(0).terminate(), 0);
  EXPECT_TRUE(eventually(2 * kLeaseMs, [&] { return cluster_.shares().size() == 2; }));

  cluster_.broker().start();
  cluster_.node(0).start();
  EXPECT_TRUE(eventually(kBackMs, [&] {
    const std::string run = cluster_.api(1).start(gate, R"({"n":4})");
    Api other = cluster_.api(2);
    return other.post("/v1/runs/" + run + "/events", R"({"event":"go","data":{"x":4}})").status ==
               200 &&
           int_at(other.wait_end(run), "/output") == 8;
  }));
}

TEST_F(ClusterOutage, AnIdleClusterRenewsLeasesAndDoesNothingElse) {
  const std::string gate = cluster_.api(0).publish(gate_graph());
  for (std::size_t i = 0; i < 12; ++i) {
    cluster_.api(i % 3).wait_for(cluster_.api(i % 3).start(gate, R"({"n":1})"), "step_waiting");
  }
  Database& database = cluster_.database();
  database.query("CREATE EXTENSION pg_stat_statements SCHEMA public");
  const std::string version = database.query("SELECT version FROM cluster");
  const auto owners = cluster_.owners_by_slot();
  // What the last calls have left to do is done once a whole lease has gone by.
  EXPECT_FALSE(cluster_.node(0).ends_within(kLeaseMs));
  database.query("SELECT public.pg_stat_statements_reset()");
  constexpr int kIdleMs = 6'000;
  EXPECT_FALSE(cluster_.node(0).ends_within(kIdleMs));
  const std::string not_ours =
      " FROM public.pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%' AND query NOT "
      "LIKE 'SET search_path%'";
  const std::string renewals = not_ours + " AND query LIKE '%SET lease_until=%'";
  EXPECT_EQ(database.query("SELECT calls, query" + not_ours +
                           " AND query NOT LIKE '%SET lease_until=%'"), "");
  // Each node renews three times per lease; one more, because the window begins anywhere.
  const long long count = database.number("SELECT coalesce(sum(calls), 0)" + renewals);
  std::fprintf(stderr, "3 idle nodes, %d ms, lease %d ms: %lld renewals, nothing else\n", kIdleMs,
               kLeaseMs, count);
  EXPECT_LE(count, 3 * (3 * kIdleMs / kLeaseMs + 1));
  EXPECT_GE(count, 3 * (2 * kIdleMs / kLeaseMs));
  EXPECT_EQ(database.query("SELECT version FROM cluster"), version);
  EXPECT_EQ(cluster_.owners_by_slot(), owners) << "slots have moved while nothing happened";
}

}  // namespace
}  // namespace troupe::testing
