#include "tests/runtime/run/run_test.h"

namespace troupe::run {
namespace {

/// {"id":"w","type":"worker_task",…} with the rest of its fields.
std::string worker(std::string more = "") {
  return R"({"id":"w","name":"n","type":"worker_task","queue":"mail","task":"send")" +
         (more.empty() ? "" : "," + more) + "}";
}
std::shared_ptr<const graph::Graph> one(const std::string& more = "") {
  return compile("{\"steps\":[" + worker(more) + "]}");
}
const work::DoTask& task(const command::StartAttempt& attempt) {
  return std::get<work::DoTask>(attempt.work);
}
std::string key(const std::string& step) { return RunDriver::kRun.to_string() + "/" + step; }

TEST(RunWorkerTask, TheStartIsRecordedWithWhatTheWorkerIsGiven) {
  RunDriver run(one(R"("args":{"to":"{{input.to}}","n":"{{input.n}}"},"heartbeat_s":2)"),
                by_id({{"w", hangs()}}));
  ASSERT_TRUE(run.start(R"({"to":"ann","n":3})").ok());
  ASSERT_EQ(run.in_flight.size(), 1u);
  const command::StartAttempt& attempt = run.in_flight.front();
  EXPECT_EQ(task(attempt).queue, "mail");
  EXPECT_EQ(task(attempt).task, "send");
  EXPECT_EQ(task(attempt).args, R"({"to":"ann","n":3})");
  EXPECT_EQ(task(attempt).idempotency_key, key("w"));
  EXPECT_EQ(task(attempt).heartbeat, seconds(2));
  EXPECT_EQ(attempt.timeout, seconds(300));
  const auto& started = std::get<record::StepStarted>(run.records.back());
  EXPECT_EQ(started.attempt.input.text.view(), task(attempt).args);
}

TEST(RunWorkerTask, TheResultIsWhateverJsonTheWorkerReturned) {
  for (const char* result : {R"({"id":7,"tags":["a"]})", "[1,2]", "\"done\"", "12.50", "null"}) {
    RunDriver run(compile("{\"steps\":[" + worker() + R"(],"output":"{{steps.w.result}}"})"),
                  by_id({{"w", returns(result)}}));
    ASSERT_TRUE(run.start().ok());
    run.drive();
    EXPECT_EQ(run.output(), result);
  }
  RunDriver fields(compile("{\"steps\":[" + worker() + R"(],"output":"{{steps.w.tags.0}}"})"),
                   by_id({{"w", returns(R"({"id":7,"tags":["a"]})")}}));
  ASSERT_TRUE(fields.start().ok());
  fields.drive();
  EXPECT_EQ(fields.output(), "\"a\"");
}

TEST(RunWorkerTask, ItsKeyIsTheSameInEachAttemptAndAfterACrash) {
  const auto graph = one(R"("args":{"x":1},"effect":"idempotent","retry_count":2)");
  RunDriver run(graph, by_id({{"w", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  RunDriver again = RunDriver::recovered(graph, by_id({{"w", hangs()}}), run.frames, run.payloads);
  ASSERT_TRUE(again.send(event::Recovered{}).ok());
  ASSERT_EQ(again.in_flight.size(), 1u);
  EXPECT_EQ(again.in_flight.front().attempt, 1);
  EXPECT_EQ(task(again.in_flight.front()).idempotency_key, key("w"));
  EXPECT_EQ(task(again.in_flight.front()).args, R"({"x":1})");
  const auto attempt = again.in_flight.front();
  again.in_flight.clear();
  ASSERT_TRUE(again.report(attempt, {{}, Failure{Code::kWorkerFailed, "busy"}, {}, false}).ok());
  again.drive_through_time();
  ASSERT_EQ(again.in_flight.size(), 1u);
  EXPECT_EQ(again.in_flight.front().attempt, 2);
  EXPECT_EQ(task(again.in_flight.front()).idempotency_key, key("w"));
}

TEST(RunWorkerTask, EachItemAndEachIterationHasAKeyOfItsOwn) {
  RunDriver items(compile(R"({"steps":[{"id":"l","name":"n","type":"for_each",)"
                          R"("for_each_items":["x","y"],"for_each_body_steps":[)" +
                          worker(R"("args":"{{item}}")") + "]}]}"),
                  by_id({{"w", hangs()}}));
  ASSERT_TRUE(items.start().ok());
  ASSERT_EQ(items.in_flight.size(), 2u);
  EXPECT_EQ(task(items.in_flight[0]).idempotency_key, key("l#0#w"));
  EXPECT_EQ(task(items.in_flight[1]).idempotency_key, key("l#1#w"));
  EXPECT_EQ(task(items.in_flight[1]).args, "\"y\"");

  std::vector<std::string> keys;
  RunDriver loop(compile(R"({"steps":[{"id":"l","name":"n","type":"while",)"
                         R"("while_max_iterations":2,"while_condition":"{{body.w.stop}}",)"
                         R"("while_body_steps":[)" + worker() + "]}]}"),
                 [&](const command::StartAttempt& attempt) {
                   keys.push_back(task(attempt).idempotency_key);
                   return Outcome{R"({"stop":false})", {}, {}, false};
                 });
  ASSERT_TRUE(loop.start().ok());
  loop.drive();
  EXPECT_EQ(keys, (std::vector<std::string>{key("l#0#w"), key("l#1#w")}));
}

/// What follows each way to end, where the step says nothing of retries, and where it asks for
/// them.
TEST(RunWorkerTask, WithoutAPolicyItWaitsForAWorkerAndForNothingElse) {
  constexpr StepStatus kAgain = StepStatus::kRetrying, kFailed = StepStatus::kFailed;
  constexpr StepStatus kAsked = StepStatus::kWaiting;
  const struct {
    Code code;
    StepStatus silent, none, two;
  } kTable[] = {
      {Code::kUnavailable, kAgain, kFailed, kAgain},       // nobody took it
      {Code::kWorkerFailed, kFailed, kFailed, kAgain},     // the worker's own word
      {Code::kRateLimited, kFailed, kFailed, kAgain},      // one of ours in its mouth
      {Code::kForbidden, kFailed, kFailed, kFailed},
      {Code::kTimeout, kAsked, kAsked, kAsked},            // silence
      {Code::kOutcomeUnknown, kAsked, kAsked, kAsked},     // it does not know either
  };
  for (const auto& row : kTable) {
    const std::pair<const char*, StepStatus> kPolicies[] = {
        {"", row.silent}, {R"("retry_count":0)", row.none}, {R"("retry_count":2)", row.two}};
    for (const auto& [policy, then] : kPolicies) {
      RunDriver run(one(policy), by_id({{"w", fails(row.code, "x")}}));
      ASSERT_TRUE(run.start().ok());
      run.step();
      EXPECT_EQ(run.step("w").status, then) << info(row.code).name << " " << policy;
    }
  }
}

TEST(RunWorkerTask, ItWaitsForAWorkerAboutAsLongAsTheTaskMayTake) {
  RunDriver run(one(R"("timeout_s":60)"), by_id({{"w", fails(Code::kUnavailable, "nobody")}}));
  ASSERT_TRUE(run.start().ok());
  const TimePoint begun = run.now;
  run.drive_through_time();
  EXPECT_EQ(run.state.failure->code, Code::kUnavailable);
  EXPECT_GE(run.now - begun, seconds(60));
  EXPECT_LE(run.now - begun, seconds(75));
}

TEST(RunWorkerTask, LargeArgumentsAreStoredBesideTheRecordOnce) {
  const std::string big(3000, 'x');
  const auto graph = one(R"("args":{"text":"{{input.text}}"})");
  RunDriver run(graph, by_id({{"w", returns("1")}}));
  ASSERT_TRUE(run.start("{\"text\":\"" + big + "\"}").ok());
  const auto& started = std::get<record::StepStarted>(run.records.back());
  ASSERT_TRUE(started.attempt.input.ref.set());
  EXPECT_TRUE(run.payloads.count(started.attempt.input.ref.hash));
  run.drive();
  const auto& ended = std::get<record::StepFinished>(*(run.records.end() - 2));
  EXPECT_FALSE(ended.attempt.input.present());
}

TEST(RunWorkerTask, ACrashWhileAWorkerWorksAsksAPerson) {
  const auto graph = one();
  RunDriver run(graph, by_id({{"w", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  RunDriver again = RunDriver::recovered(graph, by_id({}), run.frames, run.payloads);
  ASSERT_TRUE(again.send(event::Recovered{}).ok());
  EXPECT_TRUE(again.in_flight.empty());
  EXPECT_EQ(again.state.pause_reason, store::PauseReason::kHuman);
  // The answer to the attempt that the dead node had sent comes to nobody, and changes nothing.
  ASSERT_TRUE(again.report(run.in_flight.front(), {R"({"late":1})", {}, {}, false}).ok());
  EXPECT_TRUE(again.last.records.empty());
  const event::TaskAnswered answer{"w", true, json::Text::trusted("{\"id\":4}"), "", "me"};
  ASSERT_TRUE(again.send(answer).ok());
  EXPECT_EQ(again.output(), "{\"id\":4}");
}

TEST(RunWorkerTask, ArgumentsThatCannotBeResolvedFailTheStepBeforeAnythingIsSent) {
  RunDriver run(one(R"("args":"{{input.nope}}")"), by_id({{"w", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  EXPECT_TRUE(run.in_flight.empty());
  EXPECT_EQ(run.state.failure->code, Code::kTemplateUnresolved);
}

}  // namespace
}  // namespace troupe::run
