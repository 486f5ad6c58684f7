// What runs do: events, waits, loops, children, keys, logs, limits.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

using Flow = ServerTest;

std::string graph_of(const std::string& steps, const std::string& output = "") {
  return quoted("{@steps@:[") + steps + "]" +
         (output.empty() ? "" : quoted(",@output@:@{{" + output + "}}@")) + "}";
}

TEST_F(Flow, AnEventSentBeforeTheWaitIsKeptAndTheKeyDecides) {
  const std::string steps =
      quoted("{@id@:@first@,@type@:@wait_event@,@name@:@f@,@event@:@paid@,@key@:@{{input.k}}@},"
             "{@id@:@second@,@type@:@wait_event@,@name@:@s@,@event@:@shipped@,"
             "@depends_on@:[@first@]}");
  const std::string run = api_.start(api_.publish(graph_of(steps)), R"({"k":"o-1"})");
  api_.wait_for(run, "step_waiting", "first");
  const std::string path = "/v1/runs/" + run + "/events";
  EXPECT_EQ(api_.post(path, R"({"event":"shipped","data":{"by":"sea"}})").status, 200);
  EXPECT_EQ(api_.post(path, R"({"event":"paid","key":"other","data":1})").status, 200);
  EXPECT_EQ(text_at(api_.context(run), "/steps/first/status"), "waiting");
  EXPECT_EQ(api_.post(path, R"({"event":"paid","key":"o-1","data":{"sum":3}})").status, 200);
  EXPECT_EQ(text_at(api_.wait_end(run), "/status"), "completed");
  const Json context = api_.context(run);
  EXPECT_EQ(at(context, "/steps/first/result"), parse_json(R"({"sum":3})"));
  EXPECT_EQ(at(context, "/steps/second/result"), parse_json(R"({"by":"sea"})"));
}

TEST_F(Flow, ABroadcastReachesEveryRunThatWaitsForIt) {
  const std::string workflow = api_.publish(
      graph_of(quoted("{@id@:@w@,@type@:@wait_event@,@name@:@w@,@event@:@open@}")));
  const std::string one = api_.start(workflow);
  const std::string two = api_.start(workflow);
  api_.wait_for(one, "step_waiting", "w");
  api_.wait_for(two, "step_waiting", "w");
  EXPECT_EQ(api_.post("/v1/events", R"({"event":"closed","data":{}})").body,
            parse_json(R"({"delivered":0})"));
  EXPECT_EQ(api_.post("/v1/events", R"({"event":"open","data":{"at":9}})").body,
            parse_json(R"({"delivered":2})"));
  for (const std::string& run : {one, two}) {
    EXPECT_EQ(text_at(api_.wait_end(run), "/status"), "completed");
    EXPECT_EQ(at(api_.context(run), "/steps/w/result"), parse_json(R"({"at":9})"));
  }
}

TEST_F(Flow, AStopGoesDownToTheChildRun) {
  const std::string child = api_.publish(
      graph_of(quoted("{@id@:@w@,@type@:@wait_event@,@name@:@w@,@event@:@never@}")), "child");
  const std::string parent = api_.publish(
      graph_of(quoted("{@id@:@sub@,@type@:@run_workflow@,@name@:@s@,@workflow_id@:@" + child +
                      "@,@input@:{@n@:@{{input.n}}@}}")),
      "parent");
  const std::string run = api_.start(parent, R"({"n":4})");
  api_.wait_for(run, "step_waiting", "sub");
  std::vector<std::string> children;
  // The child is made behind the parent's commit, so it may be a moment behind its own mention.
  for (const long long end = now_ms() + 5'000; children.empty() && now_ms() < end;) {
    children = column(api_.get("/v1/runs?workflow_id=" + child), "run_id");
  }
  ASSERT_EQ(children.size(), 1u);
  api_.wait_for(children[0], "step_waiting", "w");
  EXPECT_EQ(at(api_.context(children[0]), "/input"), parse_json(R"({"n":4})"));
  EXPECT_EQ(api_.control(parent, run, "stop").status, 200);
  EXPECT_EQ(text_at(api_.wait_end(run), "/status"), "stopped");
  EXPECT_EQ(text_at(api_.wait_end(children[0]), "/status"), "stopped");
}

TEST_F(Flow, AFailedChildFailsTheStepThatCalledIt) {
  const std::string child = api_.publish(graph_of(lua("x", "error('inner')")), "child");
  const std::string parent = api_.publish(
      graph_of(quoted("{@id@:@sub@,@type@:@run_workflow@,@name@:@s@,@workflow_id@:@" + child +
                      "@,@input@:{}}")),
      "parent");
  const Json summary = api_.run(parent);
  EXPECT_EQ(text_at(summary, "/status"), "failed");
  EXPECT_EQ(text_at(summary, "/error/code"), "child_run_failed");
}

TEST_F(Flow, AWaitEndsNeverEarlyAndNotLate) {
  const std::string workflow = api_.publish(
      graph_of(quoted("{@id@:@w@,@type@:@wait@,@name@:@w@,@duration_s@:@{{input.s}}@}")));
  const long long started = now_ms();
  const Json summary = api_.run(workflow, R"({"s":0.4})");
  const long long took = now_ms() - started;
  EXPECT_EQ(text_at(summary, "/status"), "completed");
  EXPECT_GE(took, 400);
  EXPECT_LE(took, 3'000);
}

TEST_F(Flow, AWhileLoopStopsAtItsConditionOrItsLimit) {
  const auto loop = [](const std::string& limit) {
    return graph_of(quoted("{@id@:@l@,@type@:@while@,@name@:@l@,@while_mode@:@until@,"
                           "@while_max_iterations@:" +
                           limit +
                           ",@while_condition@:@{{body.i.done}}@,@while_body_steps@:[{@id@:@i@,"
                           "@type@:@lua_script@,@script@:@return {n=loop.iteration,"
                           "done=loop.iteration>=3}@}]}"));
  };
  const std::string met = api_.start(api_.publish(loop("10")));
  EXPECT_EQ(text_at(api_.wait_end(met), "/status"), "completed");
  const Json result = at(api_.context(met), "/steps/l/result");
  EXPECT_EQ(at(result, "/iteration_count"), Json(4));
  EXPECT_EQ(text_at(result, "/stopped_reason"), "condition_met");
  EXPECT_EQ(at(result, "/last/i/n"), Json(3));
  std::vector<std::string> inner;
  for (const Json& event : api_.events(met)) {
    const std::string step = text_at(event, "/step_id");
    if (text_at(event, "/event_type") == "step_completed" && step != "l") inner.push_back(step);
  }
  EXPECT_EQ(inner, (std::vector<std::string>{"l#0#i", "l#1#i", "l#2#i", "l#3#i"}));
  const std::string cut = api_.start(api_.publish(loop("2")));
  api_.wait_end(cut);
  EXPECT_EQ(text_at(api_.context(cut), "/steps/l/result/stopped_reason"), "max_iterations");
}

TEST_F(Flow, ContinueOnErrorLetsDependantsSeeTheError) {
  const std::string workflow = api_.publish(graph_of(
      lua("bad", "error('broken')", "@on_error@:@continue@") + "," +
          lua("next", "return {code=steps.bad.result.error.code}", "@depends_on@:[@bad@]"),
      "steps.next.result.code"));
  const Json summary = api_.run(workflow);
  EXPECT_EQ(text_at(summary, "/status"), "completed");
  EXPECT_EQ(text_at(summary, "/output"), "lua_error");
  EXPECT_EQ(text_at(api_.context(text_at(summary, "/run_id")), "/steps/bad/status"), "failed");
}

TEST_F(Flow, StepsWithOneConcurrencyKeyNeverOverlap) {
  const std::string workflow = api_.publish(
      graph_of(lua("one", "local n=0 for i=1,3000000 do n=n+i end return {}",
                   "@concurrency_key@:@account-{{input.account}}@")));
  std::vector<std::string> runs;
  for (int i = 0; i < 8; ++i) runs.push_back(api_.start(workflow, R"({"account":5})"));
  std::vector<std::pair<std::string, std::string>> spans;
  for (const std::string& run : runs) {
    EXPECT_EQ(text_at(api_.wait_end(run), "/status"), "completed");
    const Json context = api_.context(run);
    spans.emplace_back(text_at(context, "/steps/one/started_at"),
                       text_at(context, "/steps/one/finished_at"));
  }
  std::sort(spans.begin(), spans.end());
  for (std::size_t i = 1; i < spans.size(); ++i) EXPECT_LE(spans[i - 1].second, spans[i].first);
}

TEST_F(Flow, ThousandsOfItemsComeBackInOrderAndPageByPage) {
  const std::string steps =
      quoted("{@id@:@each@,@type@:@for_each@,@name@:@e@,@for_each_items@:{@count@:2600},"
             "@for_each_max_parallel@:50,@for_each_body_steps@:[{@id@:@b@,@type@:@lua_script@,"
             "@script@:@return {v=item*2}@}]},") +
      lua("sum",
          "local s=0 for i,r in ipairs(steps.each.result.results) do "
          "assert(r.index==i-1) s=s+r.result.v end return {s=s}",
          "@depends_on@:[@each@]");
  const std::string run = api_.start(api_.publish(graph_of(steps, "steps.sum.result.s")));
  EXPECT_EQ(at(api_.wait_end(run), "/output"), Json(2600 * 2599));
  EXPECT_EQ(at(api_.context(run), "/steps/each/result/results").as_array().size(), 2600u);
  const std::string path = "/v1/runs/" + run + "/steps/each/items?limit=200";
  long long next = 0;
  for (std::string after; next < 2600;) {
    const Answer page = api_.get(path + after);
    ASSERT_EQ(page.status, 200) << page.text;
    const auto& items = at(page.body, "/items").as_array();
    ASSERT_EQ(items.size(), 200u);
    for (const Json& item : items) {
      EXPECT_EQ(int_at(item, "/index"), next);
      EXPECT_EQ(int_at(item, "/result/v"), 2 * next);
      ++next;
    }
    after = "&after=" + std::to_string(next - 1);
  }
  EXPECT_TRUE(at(api_.get(path + "&after=2599").body, "/items").as_array().empty());
}

TEST_F(Flow, AFailedItemFailsTheLoopUnlessToldToGoOn) {
  const auto loop = [](const std::string& more) {
    return graph_of(quoted("{@id@:@each@,@type@:@for_each@,@name@:@e@,@for_each_items@:[1,2,3]," +
                           more +
                           "@for_each_body_steps@:[{@id@:@b@,@type@:@lua_script@,"
                           "@script@:@if item==2 then error('two') end return {v=item}@}]}"));
  };
  const Json failed = api_.run(api_.publish(loop("")));
  EXPECT_EQ(text_at(failed, "/status"), "failed");
  EXPECT_EQ(text_at(failed, "/error/code"), "item_failed");
  const std::string run = api_.start(api_.publish(loop("@on_item_error@:@continue@,")));
  EXPECT_EQ(text_at(api_.wait_end(run), "/status"), "completed");
  const Json results = at(api_.context(run), "/steps/each/result/results");
  EXPECT_EQ(at(results, "/0"), parse_json(R"({"index":0,"result":{"v":1}})"));
  EXPECT_EQ(text_at(results, "/1/error/code"), "lua_error");
  EXPECT_EQ(at(results, "/2"), parse_json(R"({"index":2,"result":{"v":3}})"));
}

TEST_F(Flow, PrintedLinesAreKeptInOrderAndPaged) {
  const std::string workflow =
      api_.publish(graph_of(lua("p", "for i=1,5 do print('line', i) end return {}")));
  const std::string run = api_.start(workflow);
  api_.wait_end(run);
  const Answer all = api_.get("/v1/runs/" + run + "/logs");
  ASSERT_EQ(column(all, "message").size(), 5u) << all.text;
  EXPECT_EQ(column(all, "message")[4], "line\t5");
  EXPECT_EQ(column(all, "attempt")[0], "1");
  const std::string third = column(all, "n")[2];
  EXPECT_EQ(column(api_.get("/v1/runs/" + run + "/logs?after=" + third), "message").size(), 2u);
}

TEST_F(Flow, AScriptIsEndedAtItsDeadlineAndRetriedAsOftenAsAsked) {
  const std::string workflow = api_.publish(graph_of(
      lua("spin", "while true do end",
          "@timeout_s@:1,@retry@:{@max_attempts@:2,@initial_ms@:10,@on@:[@timeout@]}")));
  const long long started = now_ms();
  const Json summary = api_.run(workflow);
  EXPECT_EQ(text_at(summary, "/error/code"), "timeout");
  EXPECT_GE(now_ms() - started, 2'000);
  EXPECT_EQ(at(api_.context(text_at(summary, "/run_id")), "/steps/spin/attempts"), Json(2));
}

}  // namespace
}  // namespace troupe::testing
