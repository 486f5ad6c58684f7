#include "tests/runtime/run/run_test.h"

namespace troupe::run {
namespace {

std::string loop(const std::string& more, int iterations_max = 10) {
  return R"({"steps":[{"id":"w","name":"n","type":"while","while_max_iterations":)" +
         std::to_string(iterations_max) + "," + more +
         R"(,"while_body_steps":[{"id":"a","type":"lua_script",)" +
         R"("script":"return {n=loop.iteration}"}]}]})";
}

testing::Work counting() {
  return by_id(
      {{"a",
        [](const command::StartAttempt& attempt) {
          const std::string n = global(attempt, "/loop/iteration");
          const std::string prev = global(attempt, "/loop/prev/a/n");
          EXPECT_EQ(prev, n == "0" ? "missing" : std::to_string(std::stoi(n) - 1));
          return Outcome{
              "{\"n\":" + n + ",\"big\":" + (n >= "2" ? "true" : "false") + "}", {}, {}, false};
        }},
       {"test", [](const command::StartAttempt& attempt) {
          return Outcome{"{\"pass\":" + global(attempt, "/body/a/big") + "}", {}, {}, false};
        }}});
}

TEST(RunWhile, UntilEndsWhenTheConditionIsMet) {
  RunDriver run(compile(loop(R"("while_mode":"until","while_condition":"{{body.a.big}}")")),
                counting());
  ASSERT_TRUE(run.start().ok());
  run.drive();
  EXPECT_EQ(
      run.result("w"),
      R"({"iteration_count":3,"stopped_reason":"condition_met","last":{"a":{"n":2,"big":true}},)"
      R"("iterations":[{"a":{"n":0,"big":false}},{"a":{"n":1,"big":false}},)"
      R"({"a":{"n":2,"big":true}}]})");
  EXPECT_NE(run.events().find("step_completed:w#2#a step_completed:w run_completed"),
            std::string::npos);
}

TEST(RunWhile, WhileEndsWhenTheScriptNoLongerPasses) {
  RunDriver run(
      compile(loop(R"("while_mode":"while","while_eval_script":"return {pass=body.a.big}")")),
      counting());
  ASSERT_TRUE(run.start().ok());
  run.drive();
  EXPECT_EQ(json::member(run.result("w"), "iteration_count"), "1");
  EXPECT_EQ(json::member(run.result("w"), "stopped_reason"), "\"condition_met\"");
}

TEST(RunWhile, TheLastHundredIterationsAreKept) {
  RunDriver run(
      compile(
          loop(R"("while_mode":"until","while_condition":"{{body.a.no | default: false}}")", 250)),
      by_id({}));
  ASSERT_TRUE(run.start().ok());
  run.drive();
  EXPECT_EQ(json::member(run.result("w"), "iteration_count"), "250");
  EXPECT_EQ(json::member(run.result("w"), "stopped_reason"), "\"max_iterations\"");
  EXPECT_EQ(json::length(*json::member(run.result("w"), "iterations")), 100u);
}

TEST(RunWhile, TestWithoutPassAndFailingBodiesFailTheLoop) {
  const auto graph =
      compile(loop(R"("while_mode":"until","while_eval_script":"return {pass=body.a.big}")"));
  RunDriver test(graph, by_id({{"test", returns("{\"fail\":1}")}}));
  ASSERT_TRUE(test.start().ok());
  test.drive();
  EXPECT_EQ(test.state.failure->code, Code::kLoopConditionInvalid);
  RunDriver body(graph, by_id({{"a", fails(Code::kLuaMemory, "too much")}}));
  ASSERT_TRUE(body.start().ok());
  body.drive();
  EXPECT_EQ(body.state.failure->code, Code::kLuaMemory);
  EXPECT_EQ(body.state.failed_step, "w");
}

TEST(RunWhile, TimeoutSpansTheLoop) {
  RunDriver run(
      compile(loop(R"("timeout_s":7,"while_mode":"until","while_condition":"{{body.a.n}}")")),
      by_id({{"a", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  EXPECT_EQ(next_wake(run.state), run.now + seconds(7));
  run.drive_through_time();
  EXPECT_EQ(run.state.failure->code, Code::kTimeout);
  EXPECT_TRUE(run.in_flight.empty());
  EXPECT_EQ(run.cancelled.size(), 1u);
}

TEST(RunWhile, BodiesThatDoNothingDoNotHoldTheThread) {
  RunDriver run(compile(R"({"steps":[{"id":"w","name":"n","type":"while","while_mode":"until",
      "while_max_iterations":20000,"while_condition":"{{body.a.no | default: false}}",
      "while_body_steps":[
        {"id":"a","type":"lua_script","script":"return {}","enabled":false}]}]})"),
                by_id({}));
  run.keep_records = run.keep_frames = false;
  ASSERT_TRUE(run.start().ok());
  EXPECT_FALSE(run.ended());
  EXPECT_LT(run.last.records.size(), 5000u);
  run.drive_through_time();
  EXPECT_EQ(run.state.status, store::RunStatus::kCompleted);
}

}  // namespace
}  // namespace troupe::run
