// Rows of the fault matrix that need a cluster to themselves: a full disk, damaged bytes, timers
// that fall due while nobody is there, starts that are killed while they make the schema.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <sstream>

#include "tests/system/cluster_fixture.h"
#include "tests/system/cluster_graphs.h"
#include "tests/system/cluster_history.h"

namespace troupe::testing {
namespace {

constexpr int kLeaseMs = 2'000;
constexpr int kBackMs = 10'000;
/// Of a program that lacks something for now, so that whoever looks after it tries again.
constexpr int kUnreachableExit = 5;

class ClusterFault : public ::testing::Test {
 protected:
  ClusterFault() : cluster_(3, {{"TROUPE_CLUSTER__LEASE_MS", std::to_string(kLeaseMs)}}, true) {}
  ~ClusterFault() override {
    if (HasFailure()) std::fprintf(stderr, "%s\n", cluster_.last_words().c_str());
  }
  Database& database() { return cluster_.database(); }
  void kill_all_nodes() {
    for (std::size_t i = 0; i < cluster_.size(); ++i) cluster_.node(i).signal(SIGKILL);
    for (std::size_t i = 0; i < cluster_.size(); ++i) {
      EXPECT_TRUE(cluster_.node(i).ends_within(kBackMs));
    }
  }

  TestCluster cluster_;
};

std::string noise(std::size_t bytes) {
  static std::mt19937_64 random(1);
  std::string text;
  while (text.size() < bytes) text += static_cast<char>('a' + random() % 26);
  return text;
}

TEST_F(ClusterFault, AFullDiskOfTheDatabaseAcceptsNothingThatItCannotKeepAndRecovers) {
  cluster_.start_all();
  const std::string flow =
      cluster_.api(0).publish(graph_with(lua("a", "return {v=input.n}"), "steps.a.result.v"));
  std::vector<std::string> accepted;
  database().disk().fill();
  Answer refused;
  for (int i = 0; i < 2'000 && refused.status == 0; ++i) {
    const std::string n = std::to_string(i);
    const Answer answer = cluster_.api(static_cast<std::size_t>(i) % 3).command(
        flow, R"({"command":"start","params":{"n":)" + n + R"(,"x":")" + noise(100'000) + R"("}})");
    if (answer.status == 200) accepted.push_back(text_at(answer.body, "/run_id"));
    else refused = answer;
  }
  EXPECT_TRUE(refused.status == 507 || refused.status == 503) << refused.status << refused.text;
  for (std::size_t i = 0; i < 3; ++i) {
    Api api = cluster_.api(i);
    EXPECT_EQ(api.get("/livez").status, 200);
    EXPECT_EQ(api.get("/v1/workflows/" + flow).status, 200) << "reads must go on";
  }
  database().disk().make_room();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(eventually(kBackMs, [&] {
      const Answer answer =
          cluster_.api(i).command(flow, R"({"command":"start","params":{"n":7}})");
      if (answer.status == 200) accepted.push_back(text_at(answer.body, "/run_id"));
      return answer.status == 200;
    })) << "node " << i + 1;
  }
  std::fprintf(stderr, "%zu runs were accepted\n", accepted.size());
  for (const std::string& run : accepted) {
    EXPECT_EQ(text_at(cluster_.api(1).wait_end(run), "/status"), "completed") << run;
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(cluster_.node(i).running()) << i + 1;
  EXPECT_EQ(database().number("SELECT count(*) FROM runs"),
            static_cast<long long>(accepted.size()));
}

TEST_F(ClusterFault, AFullDiskOfANodeStopsNothingButItsNextStart) {
  cluster_.start_all();
  Node& one = cluster_.node(0);
  const std::string lives =
      "SELECT string_agg(number || ',' || state, ' ' ORDER BY number) FROM nodes";
  const std::string before = database().query(lives);
  Api api = cluster_.api(0);
  // Large enough to lie outside the run's own rows.
  const std::string flow = api.publish(
      graph_with(lua("a", "print('x') return {v=input.n,x=input.x}"), "steps.a.result.v"));
  one.disk().fill();
  const std::string input = R"({"n":5,"x":")" + noise(200'000) + R"("})";
  const long long began = now_ms();
  for (int i = 0; i < 20 || now_ms() - began < 2 * kLeaseMs; ++i) {
    EXPECT_EQ(int_at(api.run(flow, input), "/output"), 5);
  }
  EXPECT_EQ(one.readiness(), 200);
  EXPECT_EQ(database().query(lives), before) << "somebody was declared gone";
  one.kill_hard();
  one.launch();
  // Clients on its own machine could not be told where it listens.
  ASSERT_TRUE(one.ends_within(kBackMs));
  EXPECT_EQ(one.exit_code(), kUnreachableExit);
  one.disk().make_room();
  EXPECT_TRUE(cluster_.heals_within(20'000));
  EXPECT_EQ(int_at(cluster_.api(0).run(flow, input), "/output"), 5);
}

TEST_F(ClusterFault, DamagedRowsAreToldAndHurtNobodyElse) {
  cluster_.start_all();
  const std::string gate = cluster_.api(0).publish(gate_graph());
  std::vector<std::string> runs;
  for (std::size_t i = 0; i < 12; ++i) {
    runs.push_back(cluster_.api(i % 3).start(gate, R"({"n":19})"));
    cluster_.api(i % 3).wait_for(runs.back(), "step_waiting");
  }
  const auto flip = [&](const std::string& table, const std::string& column,
                        const std::string& row) {
    const std::string place = column + ", length(" + column + ")/2";
    database().query("UPDATE " + table + " SET " + column + "=set_byte(" + place + ", get_byte(" +
                     place + ") # 4) WHERE " + row);
  };
  // One of each: what it goes on from, what is behind that, what lists show of it.
  flip("snapshots", "body", "entity='" + runs[0] + "'");
  std::istringstream tables(database().query("SELECT n FROM journal_tables"));
  for (std::string n; tables >> n;) flip("journal_" + n, "bytes", "entity='" + runs[1] + "'");
  flip("runs", "body", "id='" + runs[2] + "'");
  kill_all_nodes();
  EXPECT_TRUE(cluster_.heals_within(20'000));
  cluster_.api(0).post("/v1/events", R"({"event":"go","data":{"x":2}})");
  for (std::size_t i = 3; i < runs.size(); ++i) {
    EXPECT_EQ(int_at(cluster_.api(i % 3).wait_end(runs[i]), "/output"), 21) << runs[i];
  }
  for (std::size_t i = 0; i < 3; ++i) {
    Api api = cluster_.api(0);
    const Answer row = api.get("/v1/runs/" + runs[i] + "/summary");
    const Answer events = api.get("/v1/runs/" + runs[i] + "/events");
    const Json& output = at(row.body, "/output");
    EXPECT_TRUE(output.is_null() || output == Json(21)) << row.text;
    const bool is_told = row.text.find("corrupt") != std::string::npos ||
                         events.text.find("corrupt") != std::string::npos ||
                         text_at(row.body, "/status") == "paused";
    EXPECT_TRUE(is_told) << i << ": " << row.text << events.text.substr(0, 200);
  }
  EXPECT_EQ(cluster_.unasked_ends(), std::vector<std::string>());
}

TEST_F(ClusterFault, ADamagedSleeperIsSetAsideAndHoldsUpNobodysTimer) {
  cluster_.start_all();
  const std::string flow = cluster_.api(0).publish(graph_with(
      quoted("{@id@:@w@,@type@:@wait@,@name@:@w@,@duration_s@:8},") +
          lua("b", "return {v=input.n}", "@depends_on@:[@w@]"),
      "steps.b.result.v"));
  std::vector<std::string> runs;
  for (std::size_t i = 0; i < 6; ++i) {
    runs.push_back(cluster_.api(i % 3).start(flow, R"({"n":21})"));
  }
  const std::string asleep = "SELECT count(*) FROM snapshots WHERE wake_at IS NOT NULL";
  ASSERT_TRUE(eventually(7'000, [&] { return database().number(asleep) == 6; }));
  database().query("UPDATE snapshots SET body='damaged' WHERE entity='" + runs[0] + "'");
  kill_all_nodes();
  EXPECT_TRUE(cluster_.heals_within(20'000));
  for (std::size_t i = 1; i < runs.size(); ++i) {
    EXPECT_EQ(int_at(cluster_.api(i % 3).wait_end(runs[i]), "/output"), 21) << runs[i];
  }
  const std::string paused = "SELECT count(*) FROM runs WHERE status=2 AND id='" + runs[0] + "'";
  EXPECT_TRUE(eventually(10'000, [&] { return database().number(paused) == 1; }))
      << "nobody is told";
  EXPECT_EQ(cluster_.unasked_ends(), std::vector<std::string>());
}

/// TROUPE_TIMERS: how many.
TEST_F(ClusterFault, TimersThatFallDueWhileNobodyIsThereGoOffOnce) {
  const char* const asked = std::getenv("TROUPE_TIMERS");
  const int timers = asked == nullptr ? 3'000 : std::atoi(asked);
  // Long enough to start them all before the first is due.
  const int wait_s = 10 + timers / 1'000;
  cluster_.start_all();
  Api api = cluster_.api(0);
  const std::string flow = api.publish(graph_with(
      quoted("{@id@:@w@,@type@:@wait@,@name@:@w@,@duration_s@:" + std::to_string(wait_s) + "},") +
          lua("b", "return {v=input.n}", "@depends_on@:[@w@]"),
      "steps.b.result.v"));
  for (int begun = 0; begun < timers; begun += 1'000) {
    std::string items;
    for (int i = begun; i < std::min(begun + 1'000, timers); ++i) {
      items += std::string(i == begun ? "" : ",") + R"({"input":{"n":)" + std::to_string(i) + "}}";
    }
    const Answer made =
        api.post("/v1/workflows/" + flow + "/runs:batch", R"({"items":[)" + items + "]}");
    ASSERT_EQ(made.status, 200) << made.text;
  }
  const std::string asleep = "SELECT count(*) FROM snapshots WHERE wake_at IS NOT NULL";
  ASSERT_TRUE(eventually(wait_s * 1'000, [&] { return database().number(asleep) == timers; }));
  kill_all_nodes();
  EXPECT_EQ(database().number(asleep), timers) << "some were due before the nodes were gone";
  ASSERT_TRUE(eventually(wait_s * 2'000, [&] {
    return database().query("SELECT max(wake_at) < extract(epoch FROM now())*1000000 FROM "
                            "snapshots") == "t\n";
  }));
  const long long began = now_ms();
  for (std::size_t i = 0; i < cluster_.size(); ++i) cluster_.node(i).start();
  EXPECT_TRUE(eventually(60'000, [&] {
    return database().number("SELECT count(*) FROM runs WHERE status<4") == 0;
  }));
  std::fprintf(stderr, "%d timers that were due: all runs ended %lld ms after the start\n", timers,
               now_ms() - began);
  EXPECT_EQ(database().number("SELECT count(*) FROM runs"), timers);
  EXPECT_EQ(faults_of_journals(database()), std::vector<std::string>());
  std::istringstream some(
      database().query("SELECT id FROM runs ORDER BY random() LIMIT 200"));
  for (std::string run; some >> run;) {
    std::vector<std::string> types;
    for (const Json& event : api.events(run)) {
      if (text_at(event, "/event_type") == "step_completed") {
        types.push_back(text_at(event, "/step_id"));
      }
    }
    EXPECT_EQ(types, (std::vector<std::string>{"w", "b"})) << run;
  }
}

TEST_F(ClusterFault, StartsThatAreKilledWhileTheyMakeTheSchemaLeaveNothingHalf) {
  database().start();
  cluster_.broker().start();
  std::mt19937_64 random(std::random_device{}());
  for (int i = 0; i < 12; ++i) {
    Node& one = cluster_.node(static_cast<std::size_t>(i) % 3);
    one.launch();
    EXPECT_FALSE(one.ends_within(static_cast<int>(20 + random() % 60))) << one.last_words();
    one.kill_hard();
  }
  cluster_.start_all();
  Api api = cluster_.api(0);
  const std::string flow =
      api.publish(graph_with(lua("a", "return {v=input.n}"), "steps.a.result.v"));
  EXPECT_EQ(int_at(api.run(flow, R"({"n":5})"), "/output"), 5);
}

}  // namespace
}  // namespace troupe::testing
