// A long for_each on three nodes: all of them do its items, and whatever befalls them its results
// are those of one.
#include <gtest/gtest.h>

#include <set>

#include "tests/system/cluster_fixture.h"
#include "tests/system/cluster_graphs.h"

namespace troupe::testing {
namespace {

constexpr int kLeaseMs = 2'000;

/// `count` items, each of which the body turns into {"v": 2 * item}; then their sum.
std::string doubling_graph(int count, const std::string& body, const std::string& more = "") {
  return graph_with(
      quoted("{@id@:@each@,@type@:@for_each@,@name@:@e@,@for_each_items@:{@count@:" +
             std::to_string(count) + "}," + more + "@for_each_body_steps@:[") +
          body + quoted("]},") +
          lua("sum",
              "local n = 0 for i, r in ipairs(steps.each.result.results) do "
              "if r.index ~= i - 1 then error('out of order') end n = n + r.result.v end "
              "return {v=n}",
              "@depends_on@:[@each@]"),
      "steps.sum.result.v");
}

std::string doubling() { return lua("b", "return {v=2*item}"); }
std::string doubling_slowly(double wait_s) {
  return quoted("{@id@:@w@,@type@:@wait@,@name@:@w@,@duration_s@:" + std::to_string(wait_s) +
                "},") +
         doubling();
}

class ClusterLoops : public ::testing::Test {
 protected:
  ClusterLoops() : cluster_(3, {{"TROUPE_CLUSTER__LEASE_MS", std::to_string(kLeaseMs)}}) {
    cluster_.start_all();
    EXPECT_TRUE(cluster_.heals_within(15'000));
  }
  ~ClusterLoops() override {
    if (HasFailure()) std::fprintf(stderr, "%s\n", cluster_.last_words().c_str());
  }

  /// Script steps that a node has completed in its life.
  long long done_at(std::size_t node) {
    const std::string page = cluster_.api(node).get("/metrics").text;
    const std::string line =
        "troupe_steps_finished_total{status=\"completed\",type=\"lua_script\"} ";
    const std::size_t found = page.find(line);
    return found == std::string::npos ? 0 : std::stoll(page.substr(found + line.size()));
  }
  long long items_done(const std::string& run) {
    const Json context = cluster_.api(2).context(run);
    const Json& result = at(context, "/steps/each/result");
    return result.is_object() ? int_at(result, "/done") : 0;
  }
  /// Items whose results are to be seen.
  std::size_t items_shown(const std::string& run) {
    std::size_t shown = 0;
    std::string after;
    for (bool more = true; more;) {
      const Answer page = cluster_.api(2).get("/v1/runs/" + run + "/steps/each/items?limit=200" +
                                              (after.empty() ? "" : "&after=" + after));
      EXPECT_EQ(page.status, 200) << page.text;
      if (page.status != 200) break;
      shown += at(page.body, "/items").as_array().size();
      more = !at(page.body, "/next").is_null();
      if (more) after = std::to_string(int_at(page.body, "/next"));
    }
    return shown;
  }
  void expect_sum(const std::string& run, long long count) {
    EXPECT_EQ(int_at(cluster_.api(1).wait_end(run), "/output"), count * (count - 1));
  }

  TestCluster cluster_;
};

TEST_F(ClusterLoops, AreDoneByAllNodes) {
  constexpr int kItems = 3'000;
  const std::string printing = lua("b", "print(item) return {v=2*item}");
  const std::string flow = cluster_.api(0).publish(doubling_graph(kItems, printing));
  const std::string run = cluster_.api(0).start(flow);
  expect_sum(run, kItems);
  // Twelve groups, whose slots lie apart: which node has how many of them goes by where the run's
  // own slot is and by what the nodes gave each other; that a node has but two is seen often.
  for (std::size_t node = 0; node < 3; ++node) {
    EXPECT_GE(done_at(node), kItems / 12) << "node " << node + 1 << " has not worked";
  }
  EXPECT_EQ(done_at(0) + done_at(1) + done_at(2), kItems + 1);
  // What is seen of it is one run.
  EXPECT_EQ(column(cluster_.api(1).get("/v1/runs?limit=50"), "run_id"),
            std::vector<std::string>{run});
  const std::string each = "/v1/runs/" + run + "/steps/each/items?after=1500&limit=2";
  EXPECT_EQ(cluster_.api(2).get(each).text,
            R"({"items":[{"index":1501,"result":{"v":3002}},{"index":1502,"result":{"v":3004}}],)"
            R"("next":1502})");
  std::set<std::string> lines;
  long long after = 0;
  for (std::size_t read = 1; read > 0;) {
    const Answer page = cluster_.api(1).get("/v1/runs/" + run + "/logs?limit=1000&after=" +
                                            std::to_string(after));
    read = at(page.body, "/items").as_array().size();
    for (const Json& line : at(page.body, "/items").as_array()) {
      EXPECT_EQ(int_at(line, "/n"), ++after);
      lines.insert(text_at(line, "/message"));
    }
  }
  EXPECT_EQ(lines.size(), std::size_t{kItems});
  const std::vector<Json> events = cluster_.api(2).events(run);
  EXPECT_EQ(events.size(), 9u) << "run, two steps and its end";
}

TEST_F(ClusterLoops, OutliveTheNodesThatDoThem) {
  constexpr int kItems = 4'000;
  const std::string flow = cluster_.api(0).publish(
      doubling_graph(kItems, doubling_slowly(0.2), quoted("@for_each_max_parallel@:100,")));
  const std::string run = cluster_.api(0).start(flow);
  ASSERT_EQ(cluster_.owner_of(run), 0u);
  ASSERT_TRUE(eventually(10'000, [&] { return items_done(run) > 200; }));
  cluster_.node(1).kill_hard();
  cluster_.node(1).launch();
  ASSERT_TRUE(eventually(20'000, [&] { return items_done(run) > 1'500; }));
  cluster_.node(0).kill_hard();
  cluster_.node(0).launch();
  expect_sum(run, kItems);
}

TEST_F(ClusterLoops, RestGoOnAndStopAsTheirRunDoes) {
  constexpr int kItems = 6'000;
  const std::string flow = cluster_.api(0).publish(
      doubling_graph(kItems, doubling_slowly(0.2), quoted("@for_each_max_parallel@:60,")));
  const std::string run = cluster_.api(0).start(flow);
  ASSERT_TRUE(eventually(10'000, [&] { return items_done(run) > 100; }));
  EXPECT_EQ(cluster_.api(1).control(flow, run, "pause").status, 200);
  // What was in flight comes to rest; then nothing moves.
  const auto resting = [this] {
    return cluster_.database().number("SELECT count(*) FROM runs WHERE scope=0 AND status<4 "
                                      "AND status<>2") == 0;
  };
  EXPECT_TRUE(eventually(5'000, resting)) << "a group works while its run is paused";
  EXPECT_EQ(cluster_.api(2).control(flow, run, "resume").status, 200);
  const long long before = items_done(run);
  EXPECT_TRUE(eventually(10'000, [&] { return items_done(run) > before + 100; }));
  EXPECT_EQ(cluster_.api(1).control(flow, run, "stop").status, 200);
  EXPECT_EQ(text_at(cluster_.api(0).summary(run), "/status"), "stopped");
  EXPECT_TRUE(eventually(5'000, [this] {
    return cluster_.database().number("SELECT count(*) FROM runs WHERE status<4") == 0;
  })) << "a group goes on without its run";
  EXPECT_GT(items_shown(run), static_cast<std::size_t>(before) + 100);
}

TEST_F(ClusterLoops, FailWithTheirFirstItemThatFails) {
  const std::string body = lua("b", "if item == 1777 then error('no') end return {v=1}");
  const std::string flow = cluster_.api(0).publish(doubling_graph(3'000, body));
  const Json end = cluster_.api(2).run(flow);
  EXPECT_EQ(text_at(end, "/status"), "failed");
  EXPECT_EQ(text_at(end, "/error/code"), "item_failed");
  EXPECT_NE(text_at(end, "/error/message").find("Item 1777 failed"), std::string::npos);
}

}  // namespace
}  // namespace troupe::testing
