#include "tests/runtime/run/run_test.h"

namespace troupe::run {
namespace {

/// {"id":"h","type":"http_request",…} with the rest of its fields.
std::string call(const std::string& more) {
  return R"({"id":"h","name":"n","type":"http_request",)" + more + "}";
}
std::shared_ptr<const graph::Graph> one(const std::string& more) {
  return compile("{\"steps\":[" + call(more) + "]}");
}
const work::AskService& asked(const command::StartAttempt& attempt) {
  return std::get<work::AskService>(attempt.work);
}
constexpr const char* kPost = R"("method":"POST","url":"https://a.example/{{input.id}}",)"
                              R"("headers":{"X":"{{input.id}}"},"body":{"n":"{{input.n}}"})";
constexpr const char* kGet = R"("method":"GET","url":"https://a.example/")";

TEST(RunServiceCall, WhatIsAskedIsExpandedOnceAndRecordedBeforeItIsAsked) {
  RunDriver run(one(kPost), by_id({{"h", hangs()}}));
  ASSERT_TRUE(run.start(R"({"id":7,"n":[1]})").ok());
  ASSERT_EQ(run.in_flight.size(), 1u);
  const command::StartAttempt& attempt = run.in_flight.front();
  EXPECT_EQ(asked(attempt).fields, R"({"url":"https://a.example/7","headers":{"X":7},)"
                                   R"("body":{"n":[1]},"method":"POST"})");
  EXPECT_EQ(asked(attempt).idempotency_key, RunDriver::kRun.to_string() + "/h");
  EXPECT_EQ(attempt.timeout, seconds(30));
  EXPECT_TRUE(attempt.announce);
  const auto& started = std::get<record::StepStarted>(run.records.back());
  EXPECT_EQ(started.attempt.input.text.view(), asked(attempt).fields);
}

TEST(RunServiceCall, ReadingIsTriedAgainAfterACrashAndChangingIsAskedAbout) {
  for (const bool reads : {true, false}) {
    const auto graph = one(reads ? kGet : R"("method":"POST","url":"https://a.example/")");
    RunDriver run(graph, by_id({{"h", hangs()}}));
    ASSERT_TRUE(run.start().ok());
    RunDriver again =
        RunDriver::recovered(graph, by_id({{"h", hangs()}}), run.frames, run.payloads);
    ASSERT_TRUE(again.send(event::Recovered{}).ok());
    EXPECT_EQ(again.in_flight.size(), reads ? 1u : 0u);
    const StepState& step = again.state.root.steps.front();
    EXPECT_EQ(step.status, reads ? StepStatus::kRunning : StepStatus::kWaiting);
  }
}

TEST(RunServiceCall, AnotherAttemptWaitsAsLongAsTheServiceAsksFor) {
  RunDriver run(one(std::string(kGet) + R"(,"retry_count":1)"), by_id({{"h", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  event::AttemptFinished finished;
  finished.path = run.in_flight.front().path;
  finished.attempt = 1;
  finished.failure = {Code::kRateLimited, "slow down"};
  finished.wait_min = seconds(40);
  const TimePoint before = run.now;
  run.in_flight.clear();
  ASSERT_TRUE(run.send(finished).ok());
  const auto& failed = std::get<record::AttemptFailed>(run.records.back());
  EXPECT_EQ(failed.retry_at, before + seconds(40));
}

TEST(RunServiceCall, ARefusalIsNotTriedAgain) {
  RunDriver run(one(std::string(kGet) + R"(,"retry_count":5)"),
                by_id({{"h", fails(Code::kForbidden, "inside")}}));
  ASSERT_TRUE(run.start().ok());
  run.drive();
  EXPECT_EQ(run.state.status, store::RunStatus::kFailed);
  EXPECT_EQ(run.state.root.steps.front().attempts, 1);
}

TEST(RunServiceCall, WhatModelsUsedIsSummedOverAllAttemptsAndSurvivesAReload) {
  const auto graph = compile(R"({"steps":[{"id":"a","name":"n","type":"llm_call","model":"m",)"
                             R"("prompt":"{{input.q}}","retry_count":1,)"
                             R"("response_schema":{"title":"{{input.q}}"}}]})");
  RunDriver run(graph, by_id({{"a", hangs()}}));
  ASSERT_TRUE(run.start(R"({"q":"why"})").ok());
  EXPECT_EQ(asked(run.in_flight.front()).fields,
            R"({"prompt":"why","model":"m","response_schema":{"title":"{{input.q}}"}})")
      << "a schema is no text of the graph's";
  event::AttemptFinished finished;
  finished.path = run.in_flight.front().path;
  finished.attempt = 1;
  finished.failure = {Code::kUnavailable, "busy"};
  finished.usage = {.input = 5, .output = 1, .cost_picousd = 10};
  run.in_flight.clear();
  ASSERT_TRUE(run.send(finished).ok());
  const auto& failed = std::get<record::AttemptFailed>(run.records.back());
  EXPECT_EQ(failed.usage, finished.usage);
  run.now = failed.retry_at;
  ASSERT_TRUE(run.send(event::TimerDue{}).ok());
  finished.attempt = 2;
  finished.ok = true;
  finished.result = json::Text::trusted("{}");
  ASSERT_TRUE(run.send(finished).ok());
  const Usage sum{.input = 10, .output = 2, .cost_picousd = 20};
  EXPECT_EQ(run.state.usage, sum);
  EXPECT_EQ(row_of(run.state).usage, sum);
  const auto reloaded = decode_snapshot(encode_snapshot(run.state));
  ASSERT_TRUE(reloaded) << reloaded.error().message;
  EXPECT_EQ(reloaded->usage, sum);
  RunDriver again = RunDriver::recovered(graph, by_id({{"a", hangs()}}), run.frames, run.payloads);
  EXPECT_EQ(again.state.usage, sum);
}

}  // namespace
}  // namespace troupe::run
