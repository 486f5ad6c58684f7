// The examples of the contract, each through every door that a user has.
#include <gtest/gtest.h>

#include "tests/support/web_socket.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

const std::string kSum =
    R"({"steps":[{"id":"fetch-product","type":"lua_script","name":"p",)"
    R"("script":"return {price=19.99,name='Widget'}"},)"
    R"({"id":"calc","type":"lua_script","name":"c","depends_on":["fetch-product"],)"
    R"("script":"local p=steps.fetch_product.result return {total=p.price*2}"}],)"
    R"("output":"{{steps.calc.result.total}}"})";

const std::string kLoop =
    R"({"steps":[{"id":"each","type":"for_each","name":"e","for_each_items":"{{input.xs}}",)"
    R"("for_each_body_steps":[{"id":"a","type":"lua_script","script":"return {v=item*2}"},)"
    R"({"id":"b","type":"lua_script","script":"return {w=body.a.v+1}"}]}],)"
    R"("output":"{{steps.each.result.results}}"})";

const std::string kLoopResults =
    R"([{"index":0,"result":{"w":7}},{"index":1,"result":{"w":3}},{"index":2,"result":{"w":5}}])";

/// `slow` takes a while, so that boom fails beside it; bounded, so that it may also be quicker.
const std::string kFailFast =
    R"({"steps":[{"id":"a","type":"lua_script","name":"a","script":"return {}"},)"
    R"j({"id":"boom","type":"lua_script","name":"b","depends_on":["a"],)j"
    R"j("script":"error('kaput')"},)j"
    R"({"id":"slow","type":"lua_script","name":"s","depends_on":["a"],)"
    R"("script":"local n=0 for i=1,30000000 do n=n+i end return {n=n}"},)"
    R"({"id":"join","type":"lua_script","name":"j","depends_on":["boom","slow"],)"
    R"("script":"return {}"}]})";

const std::string kCondition =
    R"({"steps":[{"id":"a","type":"lua_script","name":"a","script":"return {go=false}"},)"
    R"({"id":"b","type":"lua_script","name":"b","depends_on":["a"],)"
    R"("condition":"{{steps.a.result.go}}","script":"return {}"},)"
    R"({"id":"c","type":"lua_script","name":"c","depends_on":["b"],"script":"return {ok=true}"}]})";

const std::string kApproval =
    R"({"steps":[{"id":"ok","type":"human_task","name":"o","task_type":"approval",)"
    R"("task_payload":{"why":"example"}},)"
    R"({"id":"send","type":"lua_script","name":"s","depends_on":["ok"],"script":"return {}"},)"
    R"({"id":"cleanup","type":"lua_script","name":"c","depends_on":["ok"],)"
    R"("condition":"{{steps.ok.result.approved}}","script":"return {}"}]})";

const std::string kUnresolved =
    R"({"steps":[{"id":"a","type":"lua_script","name":"a","script":"return {}"},)"
    R"({"id":"w","type":"wait","name":"w","depends_on":["a"],)"
    R"("duration_s":"{{steps.a.result.nope}}"}]})";

std::string state_of(const Json& context, const std::string& step) {
  const std::string where = "/steps/" + step;
  const std::string reason = text_at(context, where + "/reason");
  const std::string status = text_at(context, where + "/status");
  return reason == "null" ? status : status + "/" + reason;
}

void expect_fail_fast(const Json& context) {
  EXPECT_EQ(state_of(context, "a"), "completed");
  EXPECT_EQ(state_of(context, "boom"), "failed");
  EXPECT_EQ(text_at(context, "/steps/boom/error/code"), "lua_error");
  EXPECT_NE(text_at(context, "/steps/boom/error/message").find("kaput"), std::string::npos);
  const std::string slow = state_of(context, "slow");
  EXPECT_TRUE(slow.starts_with("cancelled") || slow == "completed") << slow;
  EXPECT_EQ(state_of(context, "join"), "skipped/blocked");
}

class Examples : public SystemTest {
 protected:
  /// `troupe run --json` on a data directory of its own.
  Outcome run(const std::string& graph, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"run", file("graph.json", graph), "--data-dir",
                                          data_dir(), "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return troupe(arguments);
  }
};

using ExamplesByHttp = ServerTest;

TEST_F(Examples, ASumIsPrintedAsANumberOnStdout) {
  const Outcome plain = troupe({"run", file("g.json", kSum), "--data-dir", data_dir()});
  EXPECT_EQ(plain.exit, 0) << plain.err;
  EXPECT_EQ(plain.out, "39.98\n");
  EXPECT_NE(plain.err.find("run "), std::string::npos) << plain.err;
  const Outcome whole = run(kSum);
  const Json context = parse_json(whole.out);
  EXPECT_EQ(at(context, "/output"), Json(39.98));
  EXPECT_EQ(at(context, "/steps/fetch-product/result"),
            parse_json(R"({"price":19.99,"name":"Widget"})"));
  EXPECT_EQ(text_at(context, "/status"), "completed");
}

TEST_F(Examples, ALoopKeepsTheOrderOfItsItems) {
  const Outcome outcome = run(kLoop, {"--input", R"({"xs":[3,1,2]})"});
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(at(parse_json(outcome.out), "/steps/each/result/results"), parse_json(kLoopResults));
}

TEST_F(Examples, AFailingStepEndsTheRunWithExitOne) {
  const Outcome outcome = run(kFailFast);
  EXPECT_EQ(outcome.exit, 1) << outcome.err;
  expect_fail_fast(parse_json(outcome.out));
}

TEST_F(Examples, AFalseConditionSkipsOnlyItsOwnStep) {
  const Outcome outcome = run(kCondition);
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  const Json context = parse_json(outcome.out);
  EXPECT_EQ(state_of(context, "b"), "skipped/condition");
  EXPECT_EQ(state_of(context, "c"), "completed");
}

TEST_F(Examples, ARejectedApprovalSkipsWhatFollows) {
  const Outcome outcome = run(kApproval, {"--reject", "ok"});
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  const Json context = parse_json(outcome.out);
  EXPECT_EQ(state_of(context, "ok"), "completed");
  EXPECT_EQ(state_of(context, "send"), "skipped/rejected");
  EXPECT_EQ(state_of(context, "cleanup"), "skipped/condition");
  EXPECT_EQ(text_at(context, "/status"), "completed");
}

TEST_F(Examples, AnUnansweredApprovalIsExitFourAndCanBeResumed) {
  const Outcome waiting = run(kApproval);
  EXPECT_EQ(waiting.exit, 4) << waiting.err;
  const Json context = parse_json(waiting.out);
  EXPECT_EQ(text_at(context, "/status"), "paused");
  EXPECT_EQ(text_at(context, "/pause_reason"), "human");
  const Outcome resumed =
      troupe({"resume", "--data-dir", data_dir(), "--json", "--approve", "ok"});
  EXPECT_EQ(resumed.exit, 0) << resumed.err;
  EXPECT_EQ(state_of(parse_json(resumed.out), "send"), "completed");
}

TEST_F(Examples, AnUnresolvedTemplateFailsTheRun) {
  const Outcome outcome = run(kUnresolved);
  EXPECT_EQ(outcome.exit, 1) << outcome.err;
  EXPECT_EQ(text_at(parse_json(outcome.out), "/steps/w/error/code"), "template_unresolved");
}

TEST_F(Examples, AnInvalidGraphIsExitTwoAndStoresNothing) {
  const std::string cycle = R"({"steps":[)" + lua("a", "return {}", "@depends_on@:[@b@]") + "," +
                            lua("b", "return {}", "@depends_on@:[@a@]") + "]}";
  const std::string twice = R"({"steps":[)" + lua("a", "return {}") + "," +
                            lua("a", "return {}") + "]}";
  const std::string script = R"({"steps":[)" + lua("a", "return {") + "]}";
  for (const auto& [graph, code] : {std::pair(cycle, "cycle"), std::pair(twice, "duplicate_id"),
                                    std::pair(script, "lua_syntax")}) {
    const Outcome outcome = run(graph);
    EXPECT_EQ(outcome.exit, 2) << code << outcome.err;
    EXPECT_EQ(outcome.out, "") << code;
    EXPECT_NE(outcome.err.find(std::string("[") + code + "]"), std::string::npos) << outcome.err;
  }
  Server server(data_dir());
  server.start();
  EXPECT_EQ(column(Api(server).get("/v1/workflows"), "id").size(), 0u);
  EXPECT_EQ(column(Api(server).get("/v1/runs"), "run_id").size(), 0u);
}

TEST_F(ExamplesByHttp, ASumHasNineEventsAndOneOutput) {
  const std::string workflow = api_.publish(kSum);
  const std::string run = api_.start(workflow);
  const Json summary = api_.wait_end(run);
  EXPECT_EQ(text_at(summary, "/status"), "completed");
  EXPECT_EQ(at(summary, "/output"), Json(39.98));
  EXPECT_EQ(int_at(summary, "/steps_total"), 2);
  EXPECT_EQ(int_at(summary, "/steps_done"), 2);
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"run_created", "null"},           {"run_started", "null"},
      {"step_scheduled", "fetch-product"}, {"step_started", "fetch-product"},
      {"step_completed", "fetch-product"}, {"step_scheduled", "calc"},
      {"step_started", "calc"},          {"step_completed", "calc"},
      {"run_completed", "null"}};
  const std::vector<Json> events = api_.events(run);
  ASSERT_EQ(events.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(int_at(events[i], "/seq"), static_cast<long long>(i + 1));
    EXPECT_EQ(text_at(events[i], "/event_type"), wanted[i].first);
    EXPECT_EQ(text_at(events[i], "/step_id"), wanted[i].second);
    EXPECT_EQ(text_at(events[i], "/run_id"), run);
  }
  EXPECT_EQ(at(events.back(), "/data/output"), Json(39.98));
  const Json context = api_.context(run);
  EXPECT_EQ(at(context, "/output"), Json(39.98));
  EXPECT_EQ(at(context, "/steps/calc/result"), parse_json(R"({"total":39.98})"));
  const Answer under = api_.get("/v1/workflows/" + workflow + "/runs/" + run + "/summary");
  EXPECT_EQ(under.body, summary);
}

TEST_F(ExamplesByHttp, ALoopKeepsTheOrderOfItsItems) {
  const std::string run = api_.start(api_.publish(kLoop), R"({"xs":[3,1,2]})");
  EXPECT_EQ(at(api_.wait_end(run), "/output"), parse_json(kLoopResults));
  EXPECT_EQ(at(api_.context(run), "/steps/each/result/count"), Json(3));
}

TEST_F(ExamplesByHttp, AFailingStepFailsTheRunAndBlocksTheJoin) {
  const std::string run = api_.start(api_.publish(kFailFast));
  EXPECT_EQ(text_at(api_.wait_end(run), "/status"), "failed");
  expect_fail_fast(api_.context(run));
  EXPECT_EQ(text_at(api_.events(run).back(), "/event_type"), "run_failed");
  EXPECT_EQ(text_at(api_.events(run).back(), "/data/step_id"), "boom");
}

TEST_F(ExamplesByHttp, AFalseConditionSkipsOnlyItsOwnStep) {
  const std::string run = api_.start(api_.publish(kCondition));
  EXPECT_EQ(text_at(api_.wait_end(run), "/status"), "completed");
  const Json context = api_.context(run);
  EXPECT_EQ(state_of(context, "b"), "skipped/condition");
  EXPECT_EQ(state_of(context, "c"), "completed");
}

TEST_F(ExamplesByHttp, ARejectedApprovalSkipsWhatFollows) {
  const std::string run = api_.start(api_.publish(kApproval));
  api_.wait_for(run, "human_task_created", "ok");
  const Json paused = api_.summary(run);
  EXPECT_EQ(text_at(paused, "/status") + "/" + text_at(paused, "/pause_reason"), "paused/human");
  const Answer answer =
      api_.post("/v1/runs/" + run + "/tasks/ok/complete", R"({"approved":false})");
  EXPECT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(text_at(api_.wait_end(run), "/status"), "completed");
  const Json context = api_.context(run);
  EXPECT_EQ(state_of(context, "send"), "skipped/rejected");
  EXPECT_EQ(state_of(context, "cleanup"), "skipped/condition");
}

TEST_F(ExamplesByHttp, AnUnresolvedTemplateFailsTheRun) {
  const Json summary = api_.run(api_.publish(kUnresolved));
  EXPECT_EQ(text_at(summary, "/status"), "failed");
  EXPECT_EQ(text_at(summary, "/error/code"), "template_unresolved");
}

TEST_F(ExamplesByHttp, AnEventStreamIsLiveGapFreeAndClosesBehindTheEnd) {
  const std::string run = api_.start(api_.publish(kApproval));
  std::vector<Json> seen;
  // Answering from inside the stream shows that what comes behind it arrives live.
  Api other(server_);
  const bool cut = api_.follow(run, [&](const Json& event) {
    seen.push_back(event);
    if (text_at(event, "/event_type") == "human_task_created") {
      EXPECT_EQ(other.post("/v1/runs/" + run + "/tasks/ok/complete", R"({"approved":true})").status,
                200);
    }
    return false;
  });
  EXPECT_FALSE(cut);
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(text_at(seen.back(), "/event_type"), "run_completed");
  EXPECT_EQ(seen, api_.events(run));
}

TEST_F(ExamplesByHttp, AReconnectGoesOnBehindTheLastEventId) {
  const std::string run = api_.start(api_.publish(kSum));
  api_.wait_end(run);
  http_client::Client client(server_.client_options());
  std::vector<std::string> ids;
  const auto middle = client.stream("/v1/runs/" + run + "/events", {{"Last-Event-ID", "4"}},
                                    [&](const http_client::Event& event) {
                                      EXPECT_EQ(event.type, "");
                                      ids.push_back(event.id);
                                      return true;
                                    });
  ASSERT_TRUE(middle.ok());
  EXPECT_EQ(ids, (std::vector<std::string>{"5", "6", "7", "8", "9"}));
  const auto past = client.stream("/v1/runs/" + run + "/events", {{"Last-Event-ID", "9"}},
                                  [](const http_client::Event&) { return true; });
  ASSERT_TRUE(past.ok());
  EXPECT_EQ(past->status, 204);
}

TEST_F(ExamplesByHttp, AWebSocketCarriesTheSameEventsFromAnyPoint) {
  const std::string workflow = api_.publish(kApproval);
  const std::string run = api_.start(workflow);
  const std::string path = "/v1/workflows/" + workflow + "/stream?run_id=" + run;
  WebSocket socket(server_.port(), path + "&after=0", server_.token());
  ASSERT_EQ(socket.status(), 101);
  std::vector<Json> seen;
  while (auto text = socket.next()) {
    seen.push_back(parse_json(*text));
    if (text_at(seen.back(), "/event_type") != "human_task_created") continue;
    EXPECT_EQ(api_.post("/v1/runs/" + run + "/tasks/ok/complete", R"({"approved":true})").status,
              200);
  }
  const std::vector<Json> events = api_.events(run);
  EXPECT_EQ(seen, events);
  WebSocket middle(server_.port(), path + "&after=3", server_.token());
  std::vector<Json> rest;
  while (auto text = middle.next()) rest.push_back(parse_json(*text));
  EXPECT_EQ(rest, std::vector<Json>(events.begin() + 3, events.end()));
  WebSocket wrong(server_.port(), "/v1/workflows/" + workflow + "/stream?after=3", server_.token());
  EXPECT_EQ(wrong.status(), 400);
}

TEST_F(ExamplesByHttp, AWorkflowsWebSocketShowsRunsThatStartLater) {
  const std::string workflow = api_.publish(kSum);
  WebSocket socket(server_.port(), "/v1/workflows/" + workflow + "/stream", server_.token());
  ASSERT_EQ(socket.status(), 101);
  const std::string run = api_.start(workflow);
  std::vector<std::string> types;
  while (types.empty() || types.back() != "run_completed") {
    const auto text = socket.next();
    ASSERT_TRUE(text);
    EXPECT_EQ(text_at(parse_json(*text), "/run_id"), run);
    types.push_back(text_at(parse_json(*text), "/event_type"));
  }
  EXPECT_EQ(types.size(), 9u);
}

}  // namespace
}  // namespace troupe::testing
