// Three nodes over one database and one broker: whom clients talk to makes no difference, and nodes
// come and go in order without anybody losing more than a moment.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "tests/support/web_socket.h"
#include "tests/system/cluster_fixture.h"
#include "tests/system/cluster_graphs.h"

namespace troupe::testing {
namespace {

constexpr int kLeaseMs = 2'000;

class ClusterTest : public ::testing::Test {
 protected:
  ClusterTest() : cluster_(3, {{"TROUPE_CLUSTER__LEASE_MS", std::to_string(kLeaseMs)}}) {
    cluster_.start_all();
  }
  ~ClusterTest() override {
    if (HasFailure()) std::fprintf(stderr, "%s\n", cluster_.last_words().c_str());
  }
  Json nodes_by_command_line(std::size_t at) {
    const Outcome listed = troupe({"nodes", "list", "--json"}, cluster_.node(at).environment());
    EXPECT_EQ(listed.exit, 0) << listed.err;
    return parse_json(listed.out);
  }

  TestCluster cluster_;
};

TEST_F(ClusterTest, AnyNodeAnswersAnyCallAboutAnyRun) {
  Api first = cluster_.api(0);
  const std::string gate = first.publish(gate_graph(), "gate");
  const std::string human = first.publish(approval_graph(), "human");
  const std::string loop = first.publish(loop_graph(), "loop");
  std::set<std::size_t> owners;
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    Api home = cluster_.api(i);
    Api next = cluster_.api((i + 1) % 3);
    Api third = cluster_.api((i + 2) % 3);
    const std::string run = home.start(gate, R"({"n":5})");
    owners.insert(cluster_.owner_of(run));
    third.wait_for(run, "step_waiting", "w");
    EXPECT_EQ(next.post("/v1/runs/" + run + "/events", R"({"event":"go","data":{"x":2}})").status,
              200);
    EXPECT_EQ(int_at(third.wait_end(run), "/output"), 7);
    EXPECT_EQ(text_at(next.context(run), "/steps/b/status"), "completed");
    EXPECT_EQ(third.events(run), home.events(run));
    EXPECT_EQ(at(third.get("/v1/runs/" + run + "/logs").body, "/items").as_array().size(), 1u);

    const std::string asks = home.start(human, R"({"n":1})");
    third.wait_for(asks, "human_task_created");
    const std::vector<std::string> asking = column(next.get("/v1/tasks/pending"), "run_id");
    EXPECT_EQ(asking, std::vector<std::string>{asks});
    EXPECT_EQ(third.control(human, asks, "pause").status, 200);
    EXPECT_EQ(next.control(human, asks, "resume").status, 200);
    const std::string task = "/v1/runs/" + asks + "/tasks/ok/complete";
    EXPECT_EQ(third.post(task, R"({"approved":true})").status, 200);
    EXPECT_EQ(int_at(next.wait_end(asks), "/output"), 3);
    EXPECT_EQ(next.post(task, R"({"approved":true})").status, 409);

    const std::string rounds = home.run(loop, R"({"n":2})").at("run_id").as_string().c_str();
    const Answer items = third.get("/v1/runs/" + rounds + "/steps/each/items?limit=100");
    EXPECT_EQ(at(items.body, "/items").as_array().size(), 25u) << items.text;

    const std::string stopped = home.start(gate, R"({"n":5})");
    EXPECT_EQ(next.control(gate, stopped, "stop").status, 200);
    EXPECT_EQ(text_at(third.summary(stopped), "/status"), "stopped");
  }
  EXPECT_EQ(owners, (std::set<std::size_t>{0, 1, 2})) << "a node starts runs in its own slots";
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    EXPECT_EQ(column(cluster_.api(i).get("/v1/runs?limit=50"), "run_id").size(), 12u);
    EXPECT_EQ(cluster_.api(i).get("/v1/runs/01890000-0000-7000-8000-000000000001/summary").status,
              404);
  }
}

TEST_F(ClusterTest, WhatIsPublishedAtOneNodeIsWhatTheOthersStart) {
  Api home = cluster_.api(0);
  const std::string flow = home.publish("{\"steps\":[" + lua("a", "return {v=1}") + "]}");
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(int_at(cluster_.api(i).run(flow), "/version"), 1) << "which each remembers";
  }
  const Answer changed = home.call(
      "PATCH", "/v1/workflows/" + flow,
      R"({"name":"flow","graph":{"steps":[)" + lua("a", "return {v=2}") + "]}}",
      {{"If-Match", "*"}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  ASSERT_EQ(home.post("/v1/workflows/" + flow + "/versions", "{}").status, 201);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(int_at(cluster_.api(i).run(flow), "/version"), 2) << "at node " << i + 1;
  }
}

TEST_F(ClusterTest, OneKeyAtAllNodesAtOnceIsOneRun) {
  const std::string flow = cluster_.api(0).publish(gate_graph());
  constexpr int kKeys = 40;
  std::vector<std::vector<std::string>> met(3);
  std::vector<std::thread> starters;
  for (std::size_t i = 0; i < 3; ++i) {
    starters.emplace_back([&, i] {
      Api api = cluster_.api(i);
      for (int key = 0; key < kKeys; ++key) {
        const Answer started =
            api.command(flow, R"({"command":"start","params":{"n":1}})",
                        {{"Idempotency-Key", "order-" + std::to_string(key)}});
        met[i].push_back(started.status == 200 ? text_at(started.body, "/run_id") : started.text);
      }
    });
  }
  for (std::thread& one : starters) one.join();
  EXPECT_EQ(met[0], met[1]);
  EXPECT_EQ(met[0], met[2]);
  EXPECT_EQ(std::set<std::string>(met[0].begin(), met[0].end()).size(), std::size_t{kKeys});
  EXPECT_EQ(cluster_.database().number("SELECT count(*) FROM runs"), kKeys);
}

/// The events of a run from its beginning to its end, as a stream brings them.
std::vector<Json> follow_to_end(Api api, const std::string& run) {
  std::vector<Json> seen;
  api.follow(run, [&](const Json& event) {
    seen.push_back(event);
    return false;
  });
  return seen;
}

std::vector<Json> follow_by_socket(const Node& node, const std::string& path) {
  WebSocket socket(7420, path, node.token(), node.machine().address());
  EXPECT_EQ(socket.status(), 101);
  std::vector<Json> seen;
  while (auto text = socket.next()) seen.push_back(parse_json(*text));
  return seen;
}

/// Readers at two nodes, neither of which owns the run; `meanwhile` is done to the owner.
class StreamsTest : public ClusterTest {
 protected:
  void follow_across(const std::function<void(Node&)>& meanwhile, int end_ms) {
    const std::string flow = cluster_.api(0).publish(ticking_graph(30, 0.1));
    const std::string run = cluster_.api(0).start(flow, R"({"n":4})");
    ASSERT_EQ(cluster_.owner_of(run), 0u);
    std::vector<Json> by_sse;
    std::vector<Json> by_socket;
    std::thread one([&] { by_sse = follow_to_end(cluster_.api(1), run); });
    std::thread other([&] {
      by_socket = follow_by_socket(
          cluster_.node(2), "/v1/workflows/" + flow + "/stream?run_id=" + run + "&after=0");
    });
    cluster_.api(2).wait_for(run, "step_completed", "w3");
    const long long began = now_ms();
    meanwhile(cluster_.node(0));
    one.join();
    other.join();
    EXPECT_LE(now_ms() - began, end_ms) << "the readers heard of the end too late";
    const std::vector<Json> events = cluster_.api(1).events(run);
    EXPECT_EQ(text_at(events.back(), "/event_type"), "run_completed");
    EXPECT_EQ(by_sse, events);
    EXPECT_EQ(by_socket, events);
  }
};

TEST_F(StreamsTest, AtOtherNodesFollowARunToItsEnd) {
  follow_across([](Node&) {}, 8'000);
}

TEST_F(StreamsTest, AtOtherNodesOutliveAHandOver) {
  follow_across([](Node& owner) { EXPECT_EQ(owner.terminate(), 0); }, 10'000);
}

TEST_F(StreamsTest, AtOtherNodesOutliveTheOwner) {
  // What the takeover waits for, what it may take, and the rest of the run.
  follow_across([](Node& owner) { owner.kill_hard(); }, 2 * kLeaseMs + 5'000 + 5'000);
}

/// The longest time between two events of a run in a row.
long long longest_pause_ms(const std::vector<Json>& events) {
  long long longest = 0;
  for (std::size_t i = 1; i < events.size(); ++i) {
    longest = std::max(longest, ms_of_day(text_at(events[i], "/at")) -
                                    ms_of_day(text_at(events[i - 1], "/at")));
  }
  return longest;
}

TEST_F(ClusterTest, AnEndInOrderPausesNoRunForASecondAndAReturnSharesAgain) {
  const std::string flow = cluster_.api(0).publish(ticking_graph(60, 0.1));
  std::vector<std::string> runs;
  for (int i = 0; i < 90; ++i) {
    runs.push_back(cluster_.api(static_cast<std::size_t>(i) % 3).start(flow, R"({"n":1})"));
  }
  cluster_.api(1).wait_for(runs[0], "step_completed", "w5");
  const long long asked = now_ms();
  EXPECT_EQ(cluster_.node(0).terminate(), 0);
  std::fprintf(stderr, "SIGTERM to end: %lld ms\n", now_ms() - asked);
  EXPECT_LE(now_ms() - asked, 10'000);
  const auto right_behind = cluster_.shares();
  ASSERT_EQ(right_behind.size(), 2u) << "some slots have been left to nobody";
  EXPECT_EQ(right_behind[0].first, "node-2");
  EXPECT_TRUE(eventually(5'000, [this] { return cluster_.shares()[0].second == 512; }));
  cluster_.api(1).wait_for(runs[0], "step_completed", "w25");
  cluster_.node(0).launch();
  ASSERT_TRUE(cluster_.heals_within(15'000)) << "shares do not come to be even";
  long long longest = 0;
  for (const std::string& run : runs) {
    const Json end = cluster_.api(2).wait_end(run);
    EXPECT_EQ(int_at(end, "/output"), 61) << run;
    longest = std::max(longest, longest_pause_ms(cluster_.api(2).events(run)));
  }
  std::fprintf(stderr, "longest pause of a run across leaving and joining: %lld ms\n", longest);
  EXPECT_LE(longest, 1'000);
}

TEST_F(ClusterTest, ADrainedNodeGivesEverythingAwayAndStillAnswers) {
  // What a node knows is as old as its last renewal.
  EXPECT_TRUE(eventually(5'000, [&] {
    const Json listed = nodes_by_command_line(2);
    return std::all_of(listed.as_array().begin(), listed.as_array().end(), [](const Json& node) {
      const long long slots = int_at(node, "/slots");
      return slots >= 341 && slots <= 342 && text_at(node, "/draining") == "false";
    });
  }));
  const std::string flow = cluster_.api(1).publish(gate_graph());
  const std::string run = cluster_.api(1).start(flow, R"({"n":1})");
  const Outcome told = troupe({"nodes", "drain", "node-2"}, cluster_.node(0).environment());
  EXPECT_EQ(told.exit, 0) << told.err;
  EXPECT_TRUE(eventually(10'000, [&] {
    const auto shares = cluster_.shares();
    return shares.size() == 2 && shares[0].second == 512 && shares[0].first == "node-1" &&
           shares[1].first == "node-3";
  }));
  EXPECT_TRUE(eventually(5'000, [&] {
    const Json nodes = nodes_by_command_line(0);
    return std::any_of(nodes.as_array().begin(), nodes.as_array().end(), [](const Json& node) {
      return text_at(node, "/name") == "node-2" && text_at(node, "/draining") == "true" &&
             int_at(node, "/slots") == 0;
    });
  }));
  const std::string event = "/v1/runs/" + run + "/events";
  EXPECT_EQ(cluster_.api(1).post(event, R"({"event":"go","data":{"x":1}})").status, 200);
  EXPECT_EQ(int_at(cluster_.api(1).wait_end(run), "/output"), 2);
  EXPECT_EQ(cluster_.node(1).terminate(), 0);
  EXPECT_EQ(troupe({"nodes", "drain", "node-9"}, cluster_.node(0).environment()).exit, 3);
}

}  // namespace
}  // namespace troupe::testing
