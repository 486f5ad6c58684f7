// Commands about runs, as a client gives them: pause, resume, stop, retry, answers, repeated
// starts.
#include <gtest/gtest.h>

#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

using Control = ServerTest;

std::string graph_of(const std::string& steps) { return quoted("{@steps@:[") + steps + "]}"; }

/// A step that holds its run until the event "go" comes.
std::string gate(const std::string& id = "gate") {
  return quoted("{@id@:@" + id + "@,@type@:@wait_event@,@name@:@g@,@event@:@go@}");
}

/// A step that is at work for some seconds, also on a fast machine; its start is recorded because
/// it is slow. A script has no clock to go by.
std::string slow(const std::string& id) {
  return lua(id, "local n=0 for i=1,900000000 do n=n+i end return {done=true}", "@timeout_s@:30");
}

std::string status_of(const Json& context, const std::string& step) {
  const std::string reason = text_at(context, "/steps/" + step + "/reason");
  return text_at(context, "/steps/" + step + "/status") + (reason == "null" ? "" : "/" + reason);
}

std::string state_of(const Json& summary) {
  const std::string reason = text_at(summary, "/pause_reason");
  return text_at(summary, "/status") + (reason == "null" ? "" : "/" + reason);
}

TEST_F(Control, APausedRunRecordsEventsAndStartsNothingUntilResumed) {
  const std::string workflow = api_.publish(
      graph_of(gate() + "," + lua("after", "return {ok=true}", "@depends_on@:[@gate@]")));
  const std::string run = api_.start(workflow);
  api_.wait_for(run, "step_waiting", "gate");
  const Answer paused = api_.control(workflow, run, "pause");
  EXPECT_EQ(paused.status, 200) << paused.text;
  EXPECT_EQ(state_of(paused.body), "paused/user");
  EXPECT_EQ(api_.control(workflow, run, "pause").status, 200) << "the state asked for is there";
  EXPECT_EQ(api_.post("/v1/runs/" + run + "/events", R"({"event":"go","data":{"x":1}})").status,
            200);
  api_.wait_for(run, "step_completed", "gate");
  EXPECT_EQ(state_of(api_.summary(run)), "paused/user");
  EXPECT_EQ(status_of(api_.context(run), "after"), "pending");
  EXPECT_EQ(api_.control(workflow, run, "retry").status, 409);
  EXPECT_EQ(api_.control(workflow, run, "resume").status, 200);
  EXPECT_EQ(state_of(api_.wait_end(run)), "completed");
  EXPECT_EQ(at(api_.context(run), "/steps/gate/result"), parse_json(R"({"x":1})"));
}

TEST_F(Control, AnImmediateStopCancelsWhatIsInFlight) {
  const std::string workflow = api_.publish(graph_of(
      lua("spin", "while true do end", "@timeout_s@:30") + "," +
      lua("after", "return {}", "@depends_on@:[@spin@]")));
  const std::string run = api_.start(workflow);
  api_.wait_for(run, "step_started", "spin");
  const Answer stopped = api_.control(workflow, run, "stop");
  EXPECT_EQ(stopped.status, 200) << stopped.text;
  EXPECT_EQ(state_of(api_.wait_end(run)), "stopped");
  const Json context = api_.context(run);
  EXPECT_TRUE(status_of(context, "spin").starts_with("cancelled")) << status_of(context, "spin");
  EXPECT_EQ(status_of(context, "after"), "skipped/stopped");
  for (const char* command : {"stop", "cancel", "pause", "resume"}) {
    EXPECT_EQ(api_.control(workflow, run, command).status, 409) << command;
  }
}

TEST_F(Control, AGracefulStopLetsTheStepInFlightEnd) {
  const std::string workflow = api_.publish(
      graph_of(slow("work") + "," + lua("after", "return {}", "@depends_on@:[@work@]")));
  const std::string run = api_.start(workflow);
  api_.wait_for(run, "step_started", "work");
  const Answer draining = api_.control(workflow, run, "stop", R"("mode":"graceful")");
  EXPECT_EQ(draining.status, 200) << draining.text;
  EXPECT_EQ(state_of(draining.body), "draining");
  EXPECT_EQ(api_.control(workflow, run, "pause").status, 409);
  EXPECT_EQ(state_of(api_.wait_end(run)), "stopped");
  const Json context = api_.context(run);
  EXPECT_EQ(status_of(context, "work"), "completed");
  EXPECT_EQ(status_of(context, "after"), "skipped/stopped");
  EXPECT_EQ(text_at(api_.events(run).back(), "/data/mode"), "graceful");
}

TEST_F(Control, AGracefulStopCancelsWaitsAtOnce) {
  const std::string workflow = api_.publish(graph_of(gate()));
  const std::string run = api_.start(workflow);
  api_.wait_for(run, "step_waiting", "gate");
  EXPECT_EQ(api_.control(workflow, run, "stop", R"("mode":"graceful")").status, 200);
  EXPECT_EQ(state_of(api_.wait_end(run)), "stopped");
}

TEST_F(Control, ASecondAnswerIsRefusedWithTheRecordedDecision) {
  const std::string workflow = api_.publish(graph_of(quoted(
      "{@id@:@ok@,@type@:@human_task@,@name@:@o@,@task_type@:@approval@,"
      "@task_payload@:{@sum@:@{{input.sum}}@},"
      "@form@:{@type@:@object@,@required@:[@note@],@properties@:{@note@:{@type@:@string@}}}}")));
  const std::string run = api_.start(workflow, R"({"sum":12})");
  const Json created = api_.wait_for(run, "human_task_created", "ok");
  const std::string task = text_at(created, "/data/task_id");
  const Answer pending = api_.get("/v1/tasks/pending");
  ASSERT_EQ(column(pending, "task_id"), std::vector<std::string>{task});
  EXPECT_EQ(at(pending.body, "/items/0/task_payload"), parse_json(R"({"sum":12})"));
  EXPECT_EQ(column(api_.get("/v1/runs/" + run + "/tasks/pending"), "step_id"),
            std::vector<std::string>{"ok"});

  const std::string complete = "/v1/runs/" + run + "/tasks/" + task + "/complete";
  const Answer unfit = api_.post(complete, R"({"approved":true,"result":{"note":5}})");
  EXPECT_EQ(unfit.status, 422);
  EXPECT_EQ(unfit.code(), "answer_invalid");
  const Answer first = api_.post(complete, R"({"approved":true,"result":{"note":"fine"}})");
  EXPECT_EQ(first.status, 200) << first.text;
  EXPECT_EQ(first.body, parse_json(R"({"status":"completed","task_id":")" + task +
                                   R"(","approved":true})"));
  EXPECT_EQ(state_of(api_.wait_end(run)), "completed");
  EXPECT_EQ(at(api_.context(run), "/steps/ok/result"),
            parse_json(R"({"approved":true,"note":"fine"})"));
  for (const std::string& named : {task, std::string("ok")}) {
    const Answer second =
        api_.post("/v1/runs/" + run + "/tasks/" + named + "/complete", R"({"decision":"reject"})");
    EXPECT_EQ(second.status, 409) << named << second.text;
    EXPECT_EQ(second.code(), "task_completed") << named << second.text;
    EXPECT_EQ(at(second.body, "/decision/approved"), Json(true)) << named << second.text;
  }
  EXPECT_TRUE(column(api_.get("/v1/tasks/pending"), "task_id").empty());
}

/// The ids of the steps whose scripts have printed in this run.
std::vector<std::string> printed(Api& api, const std::string& run) {
  return column(api.get("/v1/runs/" + run + "/logs"), "step_id");
}

TEST_F(Control, ARetryCarriesCompletedStepsOverAndRunsTheRest) {
  const std::string workflow = api_.publish(graph_of(
      lua("a", "print('a') return {v=7}") + "," +
      lua("b", "print('b') assert(input.good,'not yet') return {v=steps.a.result.v+1}",
          "@depends_on@:[@a@]") +
      "," + lua("c", "print('c') return {v=steps.b.result.v+1}", "@depends_on@:[@b@]")));
  const std::string failed = api_.start(workflow);
  EXPECT_EQ(state_of(api_.wait_end(failed)), "failed");
  EXPECT_EQ(printed(api_, failed), (std::vector<std::string>{"a", "b"}));

  const Answer same = api_.control(workflow, failed, "retry");
  ASSERT_EQ(same.status, 200) << same.text;
  const std::string again = text_at(same.body, "/run_id");
  EXPECT_NE(again, failed);
  EXPECT_EQ(state_of(api_.wait_end(again)), "failed") << "the input is still the same";
  EXPECT_EQ(printed(api_, again), std::vector<std::string>{"b"});

  const Answer better = api_.control(workflow, failed, "retry", R"("input":{"good":true})");
  ASSERT_EQ(better.status, 200) << better.text;
  const std::string good = text_at(better.body, "/run_id");
  const Json summary = api_.wait_end(good);
  EXPECT_EQ(state_of(summary), "completed");
  EXPECT_EQ(text_at(summary, "/retried_from"), failed);
  EXPECT_EQ(printed(api_, good), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(at(api_.context(good), "/steps/c/result/v"), Json(9));

  const Answer whole = api_.control(workflow, good, "retry", R"("from_step":"a")");
  ASSERT_EQ(whole.status, 200) << whole.text;
  const std::string all = text_at(whole.body, "/run_id");
  EXPECT_EQ(state_of(api_.wait_end(all)), "completed");
  EXPECT_EQ(printed(api_, all), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(Control, AnIdempotencyKeyStartsOneRunAndRefusesAnotherBody) {
  const std::string workflow = api_.publish(graph_of(lua("a", "return {v=input.n}")));
  const std::string body = R"({"command":"start","params":{"n":1}})";
  const http_client::Headers key = {{"Idempotency-Key", "order-17"}};
  const Answer first = api_.command(workflow, body, key);
  const Answer second = api_.command(workflow, body, key);
  ASSERT_EQ(first.status, 200) << first.text;
  ASSERT_EQ(second.status, 200) << second.text;
  EXPECT_EQ(text_at(second.body, "/run_id"), text_at(first.body, "/run_id"));
  const Answer other = api_.command(workflow, R"({"command":"start","params":{"n":2}})", key);
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.code(), "idempotency_mismatch");

  const std::string id = "0b3e9c1a-7a55-4a0e-9d3c-3f4c8a1b2c3d";
  const std::string named =
      R"({"command":"start","params":{"run_id":")" + id + R"(","trigger_payload":{"n":3}}})";
  for (int i = 0; i < 2; ++i) {
    const Answer chosen = api_.command(workflow, named);
    EXPECT_EQ(chosen.status, 200) << chosen.text;
    EXPECT_EQ(text_at(chosen.body, "/run_id"), id);
  }
  const Answer changed = api_.command(
      workflow,
      R"({"command":"start","params":{"run_id":")" + id + R"(","trigger_payload":{"n":4}}})");
  EXPECT_EQ(changed.status, 422) << changed.text;
  EXPECT_EQ(column(api_.get("/v1/workflows/" + workflow + "/runs"), "run_id").size(), 2u);

  // What was promised is kept across a crash, too.
  api_.wait_end(text_at(first.body, "/run_id"));
  server_.kill_hard();
  server_.start();
  Api after(server_);
  EXPECT_EQ(text_at(after.command(workflow, body, key).body, "/run_id"),
            text_at(first.body, "/run_id"));
}

TEST_F(Control, ABatchStartsAllOrNone) {
  const std::string workflow = api_.publish(graph_of(lua("a", "return {v=input.n}")));
  const std::string path = "/v1/workflows/" + workflow + "/runs:batch";
  const Answer wrong =
      api_.post(path, R"({"items":[{"input":{"n":1}},{"input":7},{"input":{"n":3}}]})");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_EQ(text_at(wrong.body, "/errors/0/pointer"), "/items/1/input");
  EXPECT_TRUE(column(api_.get("/v1/runs"), "run_id").empty());
  const Answer right = api_.post(
      path, R"({"items":[{"input":{"n":1},"external_id":"x1"},{"input":{"n":2}},{}]})");
  ASSERT_EQ(right.status, 200) << right.text;
  const auto& ids = at(right.body, "/run_ids").as_array();
  ASSERT_EQ(ids.size(), 3u);
  for (const Json& id : ids) {
    EXPECT_EQ(state_of(api_.wait_end(id.as_string().c_str())), "completed");
  }
  EXPECT_EQ(text_at(api_.summary(ids[0].as_string().c_str()), "/external_id"), "x1");
}

TEST_F(Control, OnlyPublishedWorkflowsStart) {
  const Answer draft =
      api_.post("/v1/workflows", R"({"name":"d","graph":)" + graph_of(lua("a", "return {}")) + "}");
  ASSERT_EQ(draft.status, 201);
  const Answer refused =
      api_.command(text_at(draft.body, "/id"), R"({"command":"start","params":{}})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code(), "not_published");
}

TEST_F(Control, TriggerStepsChooseRootsAndOverlayTheirInput) {
  const std::string workflow = api_.publish(
      graph_of(lua("always", "return {v=input.n}") + "," +
               lua("asked", "return {v=input.n}", "@no_auto_start@:true") + "," +
               lua("tail", "return {}", "@depends_on@:[@asked@]")));
  const std::string plain = api_.start(workflow, R"({"n":1})");
  EXPECT_EQ(state_of(api_.wait_end(plain)), "completed");
  EXPECT_EQ(status_of(api_.context(plain), "asked"), "skipped/out_of_scope");
  EXPECT_EQ(status_of(api_.context(plain), "tail"), "skipped/out_of_scope");
  const std::string named = api_.start(
      workflow,
      R"({"trigger_payload":{"n":1},"trigger_steps":{"asked":{"n":5}},)"
      R"("excluded_step_ids":["always"]})");
  EXPECT_EQ(state_of(api_.wait_end(named)), "completed");
  const Json context = api_.context(named);
  EXPECT_EQ(status_of(context, "always"), "skipped/out_of_scope");
  EXPECT_EQ(at(context, "/steps/asked/result/v"), Json(5));
  EXPECT_EQ(status_of(context, "tail"), "completed");
  const Answer unknown = api_.command(
      workflow, R"({"command":"start","params":{"trigger_payload":{},"surprise":1}})");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_EQ(text_at(unknown.body, "/errors/0/pointer"), "/params/surprise");
}

}  // namespace
}  // namespace troupe::testing
