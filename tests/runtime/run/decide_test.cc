#include "runtime/run/decide.h"

#include "tests/runtime/run/run_test.h"

// The examples of API.md §7 at the level of the machine, and how skips and failures spread.

namespace troupe::run {
namespace {

TEST(RunDecide, ChainGivesItsOutputAndNineEvents) {
  RunDriver run(compile(R"({"steps":[
      {"id":"fetch-product","type":"lua_script","name":"p","script":"return {price=19.99}"},
      {"id":"calc","type":"lua_script","name":"c","depends_on":["fetch-product"],
       "script":"local p=steps.fetch_product.result return {total=p.price*2}"}],
      "output":"{{steps.calc.result.total}}"})"),
                by_id({{"fetch-product", returns(R"({"price":19.99,"name":"Widget"})")},
                       {"calc", [](const command::StartAttempt& attempt) {
                          EXPECT_EQ(global(attempt, "/steps/fetch-product/result/price"), "19.99");
                          EXPECT_EQ(global(attempt, "/input"), "missing");
                          return Outcome{R"({"total":39.98})", {}, {}, false};
                        }}}));
  ASSERT_TRUE(run.start().ok());
  run.drive();
  EXPECT_EQ(run.state.status, store::RunStatus::kCompleted);
  EXPECT_EQ(run.output(), "39.98");
  EXPECT_EQ(run.events(),
            "run_created run_started step_scheduled:fetch-product step_started:fetch-product "
            "step_completed:fetch-product step_scheduled:calc step_started:calc "
            "step_completed:calc run_completed");
  EXPECT_EQ(run.state.seq, 9u);
  // One record per attempt of a pure step.
  EXPECT_EQ(run.records.size(), 5u);
}

TEST(RunDecide, FailureCancelsWhatRunsAndBlocksTheRest) {
  RunDriver run(compile("{\"steps\":[" + lua("a") + "," + lua("boom", R"("depends_on":["a"])") +
                        "," + lua("slow", R"("depends_on":["a"])") + "," +
                        lua("join", R"("depends_on":["boom","slow"])") + "]}"),
                by_id({{"boom", fails(Code::kLuaError, "kaput")}, {"slow", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  run.drive();
  EXPECT_EQ(run.state.status, store::RunStatus::kFailed);
  EXPECT_EQ(run.state.failed_step, "boom");
  ASSERT_TRUE(run.state.failure.has_value());
  EXPECT_EQ(run.state.failure->code, Code::kLuaError);
  EXPECT_EQ(run.step("boom").failure->message, "kaput");
  EXPECT_EQ(run.step("slow").status, StepStatus::kCancelled);
  EXPECT_EQ(run.step("join").status, StepStatus::kSkipped);
  EXPECT_EQ(run.step("join").skip, SkipReason::kBlocked);
  ASSERT_EQ(run.cancelled.size(), 1u);
  EXPECT_EQ(run.cancelled[0].path, StepPath(2));
  EXPECT_TRUE(run.in_flight.empty());
  EXPECT_EQ(run.state.active, 0u);
}

TEST(RunDecide, ReportsOfCancelledAndOlderAttemptsAreStale) {
  RunDriver run(compile("{\"steps\":[" + lua("boom") + "," + lua("slow") + "]}"),
                by_id({{"boom", hangs()}, {"slow", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  const auto boom = run.in_flight[0], slow = run.in_flight[1];
  auto older = boom;
  older.attempt = 0;
  ASSERT_TRUE(run.report(older, Outcome{}).ok());
  EXPECT_TRUE(run.last.records.empty());
  ASSERT_TRUE(run.report(boom, Outcome{{}, Failure{Code::kLuaError, "kaput"}, {}, false}).ok());
  ASSERT_TRUE(run.report(slow, Outcome{}).ok());
  EXPECT_TRUE(run.last.records.empty());
  EXPECT_EQ(run.step("slow").status, StepStatus::kCancelled);
}

TEST(RunDecide, FalsyConditionSkipsTheStepAndNotItsDependants) {
  for (const char* value : {"false", "null", "0", "\"\"", "\"false\""}) {
    RunDriver run(
        compile("{\"steps\":[" + lua("a") + "," +
                lua("b", R"("depends_on":["a"],"condition":"{{steps.a.result.go}}")") + "," +
                lua("c", R"("depends_on":["b"],"condition":"{{steps.b.result.skipped}}")") + "]}"),
        by_id({{"a", returns(std::string("{\"go\":") + value + "}")}}));
    ASSERT_TRUE(run.start().ok());
    run.drive();
    EXPECT_EQ(run.step("b").skip, SkipReason::kCondition) << value;
    EXPECT_EQ(run.step("c").status, StepStatus::kCompleted) << value;
    EXPECT_EQ(run.state.status, store::RunStatus::kCompleted) << value;
  }
}

TEST(RunDecide, MissingPathIsFalsyInAConditionAndAFailureElsewhere) {
  RunDriver run(compile("{\"steps\":[" + lua("a") + "," +
                        lua("b", R"("depends_on":["a"],"condition":"{{steps.a.result.nope}}")") +
                        R"(,{"id":"w","name":"n","type":"wait","depends_on":["a"],
                            "duration_s":"{{steps.a.result.nope}}"}]})"),
                by_id({}));
  ASSERT_TRUE(run.start().ok());
  run.drive();
  EXPECT_EQ(run.step("b").skip, SkipReason::kCondition);
  EXPECT_EQ(run.state.status, store::RunStatus::kFailed);
  EXPECT_EQ(run.state.failure->code, Code::kTemplateUnresolved);
}

TEST(RunDecide, FailureUnderContinueIsAResultThatDependantsRead) {
  RunDriver run(
      compile(
          "{\"steps\":[" + lua("a", R"("on_error":"continue")") + "," +
          lua("b", R"("depends_on":["a"])") +
          R"(],"output":["{{steps.a.status}}","{{steps.a.error.code}}","{{steps.a.result}}"]})"),
      by_id({{"a", fails(Code::kLuaError, "kaput")}}));
  ASSERT_TRUE(run.start().ok());
  run.drive();
  EXPECT_EQ(run.step("b").status, StepStatus::kCompleted);
  EXPECT_EQ(run.output(),
            R"(["failed","lua_error",{"error":{"code":"lua_error","message":"kaput"}}])");
}

TEST(RunDecide, DisabledStepsAreSkippedAndRootsOutOfScopeStayOut) {
  RunDriver run(compile("{\"steps\":[" + lua("off", R"("enabled":false)") + "," +
                        lua("after_off", R"("depends_on":["off"])") + "," + lua("out") + "," +
                        lua("behind", R"("depends_on":["out"])") + "," +
                        lua("both", R"("depends_on":["behind","after_off"])") + "]}"),
                by_id({}));
  event::Created created;
  created.spec.out_of_scope = {2};
  ASSERT_TRUE(run.start(created).ok());
  run.drive();
  EXPECT_EQ(run.step("off").skip, SkipReason::kStepDisabled);
  EXPECT_EQ(run.step("after_off").status, StepStatus::kCompleted);
  EXPECT_EQ(run.step("out").skip, SkipReason::kOutOfScope);
  EXPECT_EQ(run.step("behind").skip, SkipReason::kOutOfScope);
  EXPECT_EQ(run.step("both").status, StepStatus::kCompleted);
}

TEST(RunDecide, OverlayIsLaidOverTheInputOfItsStepOnly) {
  const auto graph = compile(R"({"steps":[
      {"id":"a","name":"n","type":"lua_script","script":"return {x=input.x}"},
      {"id":"b","name":"n","type":"lua_script","script":"return {x=input.x}"}],
      "output":"{{input.x}}"})");
  std::map<std::string, std::string> seen;
  RunDriver run(graph, [&](const command::StartAttempt& attempt) {
    seen[attempt.step->id] = global(attempt, "/input");
    return Outcome{};
  });
  event::Created created;
  created.spec.input.text = json::Text::trusted(R"({"x":1,"y":2})");
  created.spec.overlays.emplace_back(0, Value{json::Text::trusted(R"({"x":9})"), {}});
  ASSERT_TRUE(run.start(created).ok());
  run.drive();
  EXPECT_EQ(seen["a"], R"({"y":2,"x":9})");
  EXPECT_EQ(seen["b"], R"({"x":1,"y":2})");
  EXPECT_EQ(run.output(), "1");
}

TEST(RunDecide, OutputDefaultsToTheLastStepsAndItsFailureFailsTheRun) {
  RunDriver one(compile("{\"steps\":[" + lua("a") + "," + lua("b", R"("depends_on":["a"])") + "]}"),
                by_id({{"b", returns("{\"x\":1}")}}));
  ASSERT_TRUE(one.start().ok());
  one.drive();
  EXPECT_EQ(one.output(), "{\"x\":1}");
  RunDriver two(compile("{\"steps\":[" + lua("a") + "," + lua("b") + "]}"), by_id({}));
  ASSERT_TRUE(two.start().ok());
  two.drive();
  EXPECT_EQ(two.output(), "{\"a\":{},\"b\":{}}");
  RunDriver bad(compile("{\"steps\":[" + lua("a") + "],\"output\":\"{{steps.a.result.nope}}\"}"),
                by_id({}));
  ASSERT_TRUE(bad.start().ok());
  bad.drive();
  EXPECT_EQ(bad.state.status, store::RunStatus::kFailed);
  EXPECT_EQ(bad.state.failure->code, Code::kTemplateUnresolved);
}

TEST(RunDecide, ParentIsToldUntilItAcknowledges) {
  const auto graph = compile("{\"steps\":[" + lua("a") + "]}");
  RunDriver run(graph, by_id({}));
  event::Created created;
  created.spec.parent = {RunId(Uuid{7, 7}), StepPath(3)};
  ASSERT_TRUE(run.start(created).ok());
  run.drive();
  ASSERT_EQ(run.told_parent.size(), 1u);
  EXPECT_TRUE(runnable(run.state));
  ASSERT_TRUE(run.send(event::Recovered{}).ok());
  EXPECT_EQ(run.told_parent.size(), 2u);
  ASSERT_TRUE(run.send(event::ParentAcknowledged{}).ok());
  ASSERT_TRUE(run.send(event::Recovered{}).ok());
  EXPECT_EQ(run.told_parent.size(), 2u);
  EXPECT_FALSE(runnable(run.state));
}

TEST(RunDecide, LongChainOfSkipsNeedsNoDeepStack) {
  std::string steps = lua("s0", R"("enabled":false)");
  for (int i = 1; i < 9000; ++i) {
    steps += "," + lua("s" + std::to_string(i),
                       "\"enabled\":false,\"depends_on\":[\"s" + std::to_string(i - 1) + "\"]");
  }
  RunDriver run(compile("{\"steps\":[" + steps + "]}"), by_id({}));
  ASSERT_TRUE(run.start().ok());
  // One decision does a bounded part of it; the rest follows by a timer that is due at once.
  EXPECT_FALSE(run.ended());
  run.drive_through_time();
  EXPECT_EQ(run.state.status, store::RunStatus::kCompleted);
}

}  // namespace
}  // namespace troupe::run
