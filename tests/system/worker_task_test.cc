// Steps that a user's process does: the built program, a NATS server, and workers in another
// language. It needs Node.js and its package `nats`; where either cannot be had, the tests fail.
#include "tests/support/nats_server.h"
#include "tests/system/node_package.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

constexpr int kPatienceMs = 60'000;

/// A graph of one task; `more` are further members of its step, written as in quoted().
std::string graph_of(const std::string& task, const std::string& more = "") {
  return quoted("{@steps@:[{@id@:@w@,@name@:@w@,@type@:@worker_task@,@queue@:@q@,@task@:@" + task +
                "@" + (more.empty() ? "" : "," + more) + "}]}");
}

class WorkerTask : public SystemTest {
 protected:
  static void SetUpTestSuite() {
    const Outcome installed = install_packages(TROUPE_WORKER_FOLDER);
    ASSERT_EQ(installed.exit, 0) << "The package nats of Node.js cannot be installed:\n"
                                 << installed.out << installed.err;
  }
  WorkerTask() : server_(data_dir(), {{"TROUPE_NATS__URL", nats_.url()}}) {
    server_.start();
    api_ = std::make_unique<Api>(server_);
  }
  std::unique_ptr<Process> worker(const std::string& subject = "troupe.v1.work.default.q") const {
    auto process = std::make_unique<Process>(
        Command{.arguments = {TROUPE_NODE, "worker.js", nats_.url(), subject},
                .directory = TROUPE_WORKER_FOLDER});
    process->wait_for_line("ready", kPatienceMs);
    return process;
  }
  std::string start(const std::string& graph, const std::string& input = "{}") {
    return api_->start(api_->publish(graph), input);
  }
  void kill_and_start() {
    server_.kill_hard();
    server_.start();
    api_ = std::make_unique<Api>(server_);
  }
  std::string output(const std::string& run) {
    const Json end = api_->wait_end(run);
    EXPECT_EQ(text_at(end, "/status"), "completed") << text_at(end, "");
    return text_at(api_->context(run), "/output");
  }
  /// The code with which the run failed.
  std::string failure(const std::string& run) {
    const Json end = api_->wait_end(run);
    EXPECT_EQ(text_at(end, "/status"), "failed");
    return text_at(end, "/error/code");
  }
  /// A person says of a step in doubt what came of it.
  void vouch(const std::string& run) {
    const Json waiting = api_->wait_for(run, "step_waiting", "w");
    EXPECT_EQ(text_at(waiting, "/data/reason"), "in_doubt");
    const Answer said = api_->post("/v1/runs/" + run + "/tasks/w/complete",
                                   quoted("{@approved@:true,@result@:{@seen@:true}}"));
    EXPECT_EQ(said.status, 200) << said.text;
  }

  NatsServer nats_;
  Server server_;
  std::unique_ptr<Api> api_;
};

TEST_F(WorkerTask, TheResultOfTheWorkerIsTheResultOfTheStep) {
  const auto listening = worker();
  const std::string more = "@args@:{@a@:@{{input.a}}@,@b@:2}";
  EXPECT_EQ(output(start(graph_of("add", more), R"({"a":40})")), R"({"sum":42})");
  const std::string run = start(graph_of("tell", "@args@:[1],@timeout_s@:9"));
  const Json told = (api_->wait_end(run), api_->context(run));
  EXPECT_EQ(text_at(told, "/output/workspace"), "default");
  EXPECT_EQ(text_at(told, "/output/project"), "default");
  EXPECT_EQ(text_at(told, "/output/run_id"), run);
  EXPECT_EQ(text_at(told, "/output/step_id"), "w");
  EXPECT_EQ(text_at(told, "/output/idempotency_key"), run + "/w");
  EXPECT_NE(text_at(told, "/output/deadline"), "");
  EXPECT_EQ(text_at(told, "/steps/w/input"), "[1]");
}

TEST_F(WorkerTask, AWorkspaceWithoutAProjectHasWorkersToo) {
  ASSERT_EQ(api_->post("/v1/workspaces", R"({"slug":"acme","name":"Acme"})").status, 201);
  Api acme(server_, {{"X-Tenant-Id", "acme"}});
  const auto listening = worker("troupe.v1.work.acme.q");
  const std::string run = acme.start(acme.publish(graph_of("tell", "@args@:[1]")));
  EXPECT_EQ(text_at(acme.wait_end(run), "/status"), "completed");
  const Json told = acme.context(run);
  EXPECT_EQ(text_at(told, "/output/workspace"), "acme");
  EXPECT_EQ(at(told, "/output/project"), Json(nullptr));
}

TEST_F(WorkerTask, ItemsOfALoopAreDoneByWorkers) {
  const auto first = worker();
  const auto second = worker();
  const std::string graph = quoted(
      "{@steps@:[{@id@:@l@,@name@:@l@,@type@:@for_each@,@for_each_items@:{@count@:20},"
      "@for_each_body_steps@:[{@id@:@w@,@type@:@worker_task@,@queue@:@q@,@task@:@add@,"
      "@args@:{@a@:@{{index}}@,@b@:1}}]}],@output@:@{{steps.l.results.19.result.sum}}@}");
  EXPECT_EQ(output(start(graph)), "20");
}

TEST_F(WorkerTask, AFailureOfTheWorkerIsRetriedAsTheStepSays) {
  const auto listening = worker();
  const std::string retry = "@retry@:{@max_attempts@:3,@initial_ms@:10}";
  EXPECT_EQ(output(start(graph_of("second_time", retry))), R"({"attempt":2})");
  EXPECT_EQ(failure(start(graph_of("second_time"))), "worker_failed");
  EXPECT_EQ(failure(start(graph_of("refuse", retry))), "forbidden");
}

TEST_F(WorkerTask, AHeartbeatKeepsATaskAliveAndSilenceLeavesDoubt) {
  const auto listening = worker();
  EXPECT_EQ(output(start(graph_of("beat", "@heartbeat_s@:1,@args@:{@ms@:2500}"))),
            R"({"slept_ms":2500})");
  const std::string silent = start(graph_of("hang", "@heartbeat_s@:0.5"));
  vouch(silent);
  EXPECT_EQ(output(silent), R"({"seen":true})");
  EXPECT_EQ(failure(start(graph_of("hang", "@heartbeat_s@:0.5,@in_doubt@:@fail@"))), "in_doubt");
}

TEST_F(WorkerTask, TheTimeoutHoldsHoweverOftenTheWorkerSaysThatItIsAlive) {
  const auto listening = worker();
  const std::string more =
      "@timeout_s@:1,@heartbeat_s@:0.9,@effect@:@idempotent@,@args@:{@ms@:20000}";
  EXPECT_EQ(failure(start(graph_of("beat", more))), "timeout");
}

TEST_F(WorkerTask, ATaskWaitsForAWorkerUnlessItsPolicySaysOtherwise) {
  EXPECT_EQ(failure(start(graph_of("add", "@retry_count@:0"))), "unavailable");
  const std::string run = start(graph_of("add", "@args@:{@a@:1,@b@:1}"));
  const Json retrying = api_->wait_for(run, "step_retrying", "w");
  EXPECT_EQ(text_at(retrying, "/data/error/code"), "unavailable");
  kill_and_start();  // nobody had it, so nobody need be asked
  const auto listening = worker();
  EXPECT_EQ(output(run), R"({"sum":2})");
}

TEST_F(WorkerTask, ANodeThatIsKilledWhileAWorkerWorksAsksAPerson) {
  const auto listening = worker();
  const std::string run = start(graph_of("beat", "@args@:{@ms@:3000}"));
  listening->wait_for_line("\"got\":\"beat\"", kPatienceMs);
  kill_and_start();
  vouch(run);
  EXPECT_EQ(output(run), R"({"seen":true})");
}

TEST_F(WorkerTask, AnotherWorkerTakesOverFromOneThatWasKilledWithTheSameKey) {
  auto first = worker();
  const std::string more =
      "@heartbeat_s@:1,@effect@:@idempotent@,@args@:{@ms@:1500},"
      "@retry@:{@max_attempts@:5,@initial_ms@:10,@on@:[@timeout@,@unavailable@]}";
  const std::string run = start(graph_of("beat", more));
  const std::string got = first->wait_for_line("\"got\":\"beat\"", kPatienceMs);
  EXPECT_NE(got.find(run + "/w"), std::string::npos) << got;
  const auto second = worker();
  first.reset();
  EXPECT_EQ(output(run), R"({"slept_ms":1500})");
  const std::string again = second->wait_for_line("\"got\":\"beat\"", kPatienceMs);
  EXPECT_NE(again.find(run + "/w"), std::string::npos) << again;
}

TEST_F(WorkerTask, ANodeWithoutNatsRefusesSuchGraphs) {
  Server alone(folder() + "/alone");
  alone.start();
  Api api(alone);
  const Answer refused =
      api.post("/v1/workflows", quoted("{@name@:@n@,@graph@:") + graph_of("add") + "}");
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.text.find("step_type_unavailable"), std::string::npos) << refused.text;
}

}  // namespace
}  // namespace troupe::testing
