// Three nodes and programs of a user's own in another language: one submits work over NATS, one
// does it, one watches. Nodes die meanwhile.
#include <gtest/gtest.h>

#include <set>

#include "tests/system/cluster_fixture.h"
#include "tests/system/cluster_graphs.h"
#include "tests/system/node_package.h"

namespace troupe::testing {
namespace {

constexpr int kLeaseMs = 2'000;
constexpr int kPatienceMs = 60'000;

/// A graph of one task; `more` are further members of its step, written as in quoted().
std::string task_graph(const std::string& task, const std::string& more) {
  return graph_with(quoted("{@id@:@w@,@name@:@w@,@type@:@worker_task@,@queue@:@q@,@task@:@" + task +
                           "@," + more + "}"),
                    "steps.w.result");
}

class ClusterWork : public ::testing::Test {
 protected:
  // Before there is a cluster, whose network has no way out.
  static void SetUpTestSuite() {
    const Outcome installed = install_packages(TROUPE_WORKER_FOLDER);
    ASSERT_EQ(installed.exit, 0) << "The package nats of Node.js cannot be installed:\n"
                                 << installed.out << installed.err;
  }
  ClusterWork()
      : cluster_(3, {{"TROUPE_CLUSTER__LEASE_MS", std::to_string(kLeaseMs)},
                     {"TROUPE_NATS__EVENTS", "all"}}) {
    cluster_.start_all();
    const Outcome made = run_program(script({"watcher.js", url(), "create"}), kPatienceMs);
    EXPECT_EQ(made.exit, 0) << made.err;
    watcher_ = std::make_unique<Process>(script({"watcher.js", url(), "follow"}));
  }
  ~ClusterWork() override {
    if (HasFailure()) std::fprintf(stderr, "%s\n", cluster_.last_words().c_str());
  }
  std::string url() { return cluster_.broker().url(); }
  static Command script(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), TROUPE_NODE);
    return {.arguments = std::move(arguments), .directory = TROUPE_WORKER_FOLDER};
  }
  std::unique_ptr<Process> worker() {
    auto process =
        std::make_unique<Process>(script({"worker.js", url(), "troupe.v1.work.default.q"}));
    process->wait_for_line("ready", kPatienceMs);
    return process;
  }
  /// Over NATS; the id of the run.
  std::string submit(const std::string& flow, const std::string& input, const std::string& key) {
    const std::string body =
        quoted("{@workflow_id@:@" + flow + "@,@input@:") + input + "}";
    const Outcome said = run_program(script({"client.js", url(), body, key}), kPatienceMs);
    EXPECT_EQ(said.exit, 0) << said.err;
    return text_at(parse_json(said.out), "/run_id");
  }
  /// What the API tells of a run's step: how often it was completed.
  int completions(const std::string& run, std::size_t node) {
    Api api = cluster_.api(node);
    int times = 0;
    for (const Json& event : api.events(run)) {
      const bool is_its = text_at(event, "/event_type") == "step_completed";
      times += is_its && text_at(event, "/step_id") == "w" ? 1 : 0;
    }
    return times;
  }
  /// Every event that the API tells of has come over NATS as well, and said the same.
  void expect_all_heard(const std::string& run, std::size_t node) {
    Api api = cluster_.api(node);
    const std::vector<Json> told = api.events(run);
    ASSERT_FALSE(told.empty());
    for (std::size_t i = 0; i < told.size(); ++i) {
      const std::string key = "\"key\":\"" + run + "/" + std::to_string(i + 1) + "\"";
      const Json heard = parse_json(watcher_->wait_for_line(key, kPatienceMs));
      EXPECT_EQ(at(heard, "/event/data"), told[i]);
      EXPECT_EQ(text_at(heard, "/event/specversion"), "1.0");
      EXPECT_EQ(text_at(heard, "/event/type"), "troupe." + text_at(told[i], "/event_type"));
    }
  }

  TestCluster cluster_;
  std::unique_ptr<Process> watcher_;
};

TEST_F(ClusterWork, ForeignProgramsSubmitDoAndWatchIt) {
  const auto listening = worker();
  Api api = cluster_.api(0);
  const std::string sums =
      api.publish(task_graph("add", "@args@:{@a@:@{{input.a}}@,@b@:2}"), "sums");
  const std::string run = submit(sums, R"({"a":40})", "order-1");
  EXPECT_EQ(submit(sums, R"({"a":40})", "order-1"), run);
  EXPECT_NE(submit(sums, R"({"a":40})", "order-2"), run);
  EXPECT_EQ(text_at(cluster_.api(1).wait_end(run), "/output"), R"({"sum":42})");
  expect_all_heard(run, 2);

  const std::string beats = api.publish(
      task_graph("beat", "@heartbeat_s@:1,@args@:{@ms@:2500}"), "beats");
  const std::string retried = api.publish(
      task_graph("second_time", "@retry@:{@max_attempts@:3,@initial_ms@:10}"), "retried");
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    Api next = cluster_.api((i + 1) % cluster_.size());
    const std::string beating = cluster_.api(i).start(beats);
    const std::string failing = cluster_.api(i).start(retried);
    EXPECT_EQ(text_at(next.wait_end(failing), "/output"), R"({"attempt":2})");
    EXPECT_EQ(text_at(next.wait_end(beating), "/output"), R"({"slept_ms":2500})");
    expect_all_heard(failing, i);
  }
}

TEST_F(ClusterWork, ALateAnswerOfAnEarlierAttemptIsRefused) {
  const auto listening = worker();
  const std::string flow = cluster_.api(0).publish(
      task_graph("late", "@heartbeat_s@:0.5,@effect@:@idempotent@,"
                         "@retry@:{@max_attempts@:3,@initial_ms@:10,@on@:[@timeout@]}"));
  const std::string run = cluster_.api(1).start(flow);
  EXPECT_EQ(text_at(cluster_.api(2).wait_end(run), "/output"), R"({"attempt":2})");
  EXPECT_EQ(completions(run, 0), 1);
  const std::string metrics = cluster_.api(1).get("/metrics").text;
  EXPECT_NE(metrics.find("troupe_nats_late_answers_total 1"), std::string::npos);
}

TEST_F(ClusterWork, TasksOfAKilledNodeAreAnsweredOnceBehindTheTakeover) {
  const auto listening = worker();
  Api api = cluster_.api(1);
  const std::string again = api.publish(
      task_graph("beat", "@heartbeat_s@:2,@effect@:@idempotent@,@args@:{@ms@:3000}"), "again");
  const std::string once = api.publish(task_graph("beat", "@args@:{@ms@:3000}"), "once");
  std::vector<std::string> runs;
  for (int i = 0; i < 12; ++i) runs.push_back(cluster_.api(0).start(again));
  const std::string doubtful = cluster_.api(0).start(once);
  for (const std::string& run : runs) listening->wait_for_line(run + "/w", kPatienceMs);
  listening->wait_for_line(doubtful + "/w", kPatienceMs);
  ASSERT_EQ(cluster_.owner_of(doubtful), 0u);
  cluster_.node(0).kill_hard();
  // Nobody knows whether the worker did it: a person says so.
  EXPECT_EQ(text_at(api.wait_for(doubtful, "step_waiting", "w"), "/data/reason"), "in_doubt");
  EXPECT_EQ(api.post("/v1/runs/" + doubtful + "/tasks/w/complete",
                     quoted("{@approved@:true,@result@:{@seen@:true}}"))
                .status,
            200);
  EXPECT_EQ(text_at(cluster_.api(2).wait_end(doubtful), "/output"), R"({"seen":true})");
  runs.push_back(doubtful);
  for (const std::string& run : runs) {
    EXPECT_EQ(text_at(cluster_.api(2).wait_end(run), "/status"), "completed");
    EXPECT_EQ(completions(run, 2), 1) << run;
    expect_all_heard(run, 1);
  }
}

TEST_F(ClusterWork, NoEventIsMissingWhenNodesEndInWhicheverWay) {
  Api api = cluster_.api(2);
  const std::string ticking = api.publish(ticking_graph(20, 0.1), "ticking");
  const std::string quick = api.publish("{\"steps\":[" + lua("a", "return {v=1}") + "]}", "quick");
  std::vector<std::string> runs;
  for (int i = 0; i < 60; ++i) {
    runs.push_back(cluster_.api(static_cast<std::size_t>(i) % 3).start(ticking, R"({"n":1})"));
  }
  cluster_.api(0).wait_for(runs[0], "step_completed", "w3");
  // From here on the first node records, and nobody hears of it.
  cluster_.node(0).machine().cut(cluster_.broker().machine());
  std::vector<std::string> unheard;
  for (int i = 0; i < 10; ++i) {
    unheard.push_back(cluster_.api(0).start(quick));
    EXPECT_EQ(text_at(cluster_.api(0).wait_end(unheard.back()), "/status"), "completed");
  }
  EXPECT_EQ(watcher_->out().find(unheard.back()), std::string::npos);
  cluster_.node(0).kill_hard();
  cluster_.api(1).wait_for(runs[1], "step_completed", "w12");
  EXPECT_EQ(cluster_.node(1).terminate(), 0);
  runs.insert(runs.end(), unheard.begin(), unheard.end());
  for (const std::string& run : runs) {
    EXPECT_EQ(text_at(api.wait_end(run), "/status"), "completed");
    expect_all_heard(run, 2);
  }
  // What is published is kept for nobody.
  EXPECT_TRUE(eventually(20'000, [this] {
    return cluster_.database().number("SELECT count(*) FROM publications") == 1;
  }));
}

}  // namespace
}  // namespace troupe::testing
