#include "tests/runtime/run/run_test.h"

namespace troupe::run {
namespace {

TEST(RunAttempt, BackOffStaysBelowItsBoundsAndEndsWithTheAttempts) {
  RunDriver run(
      compile("{\"steps\":[" +
              lua("a", R"("retry":{"max_attempts":6,"initial_ms":100,"factor":3,"max_ms":2000})") +
              "]}"),
      by_id({{"a", fails(Code::kSandboxLost, "gone")}}));
  ASSERT_TRUE(run.start().ok());
  std::int64_t bound_ms = 100;
  bool spread = false;
  for (int attempt = 1; attempt < 6; ++attempt) {
    run.drive();
    ASSERT_EQ(run.step("a").status, StepStatus::kRetrying);
    EXPECT_EQ(run.state.status, store::RunStatus::kRunning);  // back-off is no pause
    const Duration delay = run.step("a").retry_at - run.now;
    EXPECT_LE(delay, milliseconds(std::min<std::int64_t>(bound_ms, 2000)));
    EXPECT_GE(delay.us, 0);
    spread = spread || delay.us % 100'000 != 0;
    bound_ms *= 3;
    run.now = run.step("a").retry_at;
    ASSERT_TRUE(run.send(event::TimerDue{}).ok());
  }
  EXPECT_TRUE(spread);
  run.drive();
  EXPECT_EQ(run.step("a").status, StepStatus::kFailed);
  EXPECT_EQ(run.step("a").attempts, 6);
  EXPECT_EQ(run.state.failure->code, Code::kSandboxLost);
}

TEST(RunAttempt, OnlyTransientOrNamedCodesAreRetried) {
  const auto once = by_id({{"a", fails(Code::kLuaError, "x")}});
  RunDriver plain(compile("{\"steps\":[" + lua("a", R"("retry_count":3)") + "]}"), once);
  ASSERT_TRUE(plain.start().ok());
  plain.drive();
  EXPECT_EQ(plain.state.status, store::RunStatus::kFailed);
  RunDriver named(
      compile("{\"steps\":[" + lua("a", R"("retry":{"max_attempts":3,"on":["lua_error"]})") + "]}"),
      once);
  ASSERT_TRUE(named.start().ok());
  named.drive();
  EXPECT_EQ(named.step("a").status, StepStatus::kRetrying);
}

TEST(RunAttempt, LongAttemptIsAnnouncedAndItsEndIsToldOnce) {
  RunDriver run(compile("{\"steps\":[" + lua("a") + "]}"), by_id({{"a", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  ASSERT_TRUE(run.send(event::AttemptStarted{StepPath(0), 1, false, run.now}).ok());
  EXPECT_EQ(run.step("a").status, StepStatus::kRunning);
  ASSERT_TRUE(run.send(event::AttemptStarted{StepPath(0), 1, false, run.now}).ok());
  EXPECT_TRUE(run.last.records.empty());
  ASSERT_TRUE(run.report(run.in_flight[0], Outcome{}).ok());
  EXPECT_EQ(run.events(),
            "run_created run_started step_scheduled:a step_started:a "
            "step_completed:a run_completed");
}

TEST(RunAttempt, ResultOverItsLimitFailsTheStep) {
  RunDriver run(compile("{\"steps\":[" + lua("a") + "]}"),
                by_id({{"a", returns("{\"x\":\"" + std::string(200, 'x') + "\"}")}}));
  run.limits.result_bytes_max = 100;
  ASSERT_TRUE(run.start().ok());
  run.drive();
  EXPECT_EQ(run.state.failure->code, Code::kResultTooLarge);
}

TEST(RunAttempt, LargeValuesAreStoredOnceAndNamedByHash) {
  const std::string big = "{\"x\":\"" + std::string(3000, 'x') + "\"}";
  RunDriver run(compile("{\"steps\":[" + lua("a") + "," + lua("b") + "]}"),
                by_id({{"a", returns(big)}, {"b", returns(big)}}));
  ASSERT_TRUE(run.start().ok());
  run.drive();
  EXPECT_TRUE(run.step("a").result.ref.set());
  EXPECT_EQ(run.step("a").result.ref, run.step("b").result.ref);
  EXPECT_EQ(run.payloads.at(run.step("a").result.ref.hash).view(), big);
  EXPECT_TRUE(run.state.output.ref.set());
}

TEST(RunAttempt, EffectOnceIsRecordedBeforeItsCommandAndInDoubtAfterACrash) {
  for (const char* answer : {"happened", "did not"}) {
    RunDriver run(compile("{\"steps\":[" + lua("a", R"("effect":"once")") + "]}"),
                  by_id({{"a", hangs()}}));
    ASSERT_TRUE(run.start().ok());
    EXPECT_TRUE(std::holds_alternative<record::StepStarted>(run.records.back()));
    run.reload();
    ASSERT_TRUE(run.send(event::Recovered{}).ok());
    EXPECT_TRUE(run.in_flight.empty());
    EXPECT_EQ(run.state.pause_reason, store::PauseReason::kHuman);
    const bool happened = answer == std::string("happened");
    ASSERT_TRUE(
        run.send(event::TaskAnswered{"a", happened, json::Text::trusted("{\"id\":4}"), "", "me"})
            .ok());
    if (happened) {
      EXPECT_EQ(run.output(), "{\"id\":4}");
      EXPECT_EQ(run.state.status, store::RunStatus::kCompleted);
    } else {
      run.drive_through_time();
      ASSERT_EQ(run.in_flight.size(), 1u);
      EXPECT_EQ(run.in_flight[0].attempt, 2);
    }
  }
}

TEST(RunAttempt, EffectOnceThatWaitsInLineIsInNoDoubtAfterACrash) {
  const auto graph = compile("{\"steps\":[" + lua("a", R"("effect":"once")") + "]}");
  RunDriver run(graph, by_id({}));
  run.grants = false;
  ASSERT_TRUE(run.start().ok());
  ASSERT_EQ(run.in_line.size(), 1u);
  EXPECT_TRUE(run.in_flight.empty());
  for (const Record& record : run.records) {
    EXPECT_FALSE(std::holds_alternative<record::StepStarted>(record));
  }
  RunDriver again = RunDriver::recovered(graph, by_id({}), run.frames, run.payloads);
  ASSERT_TRUE(again.send(event::Recovered{}).ok());
  again.drive();
  EXPECT_EQ(again.state.status, store::RunStatus::kCompleted);
  EXPECT_EQ(again.step("a").attempts, 1);
  run.reload();
  ASSERT_TRUE(run.send(event::Recovered{}).ok());
  ASSERT_TRUE(run.grant_all().ok());
  run.drive();
  EXPECT_EQ(run.state.status, store::RunStatus::kCompleted);
}

TEST(RunAttempt, AGrantWhilePausedIsGivenBackAndAskedForAgain) {
  RunDriver run(compile("{\"steps\":[" + lua("a", R"("effect":"once")") + "]}"), by_id({}));
  run.grants = false;
  ASSERT_TRUE(run.start().ok());
  ASSERT_TRUE(run.send(event::PauseAsked{}).ok());
  ASSERT_TRUE(run.grant_all().ok());
  EXPECT_EQ(run.cancelled.size(), 1u);
  EXPECT_TRUE(run.in_flight.empty());
  EXPECT_EQ(run.state.status, store::RunStatus::kPaused);
  ASSERT_TRUE(run.send(event::ResumeAsked{}).ok());
  ASSERT_TRUE(run.grant_all().ok());
  run.drive();
  EXPECT_EQ(run.state.status, store::RunStatus::kCompleted);
  EXPECT_EQ(run.step("a").attempts, 1);
}

TEST(RunAttempt, AGrantForAStepThatWasStoppedLaunchesNothing) {
  RunDriver run(compile("{\"steps\":[" + lua("a", R"("effect":"once")") + "]}"), by_id({}));
  run.grants = false;
  ASSERT_TRUE(run.start().ok());
  ASSERT_TRUE(run.send(event::StopAsked{false}).ok());
  ASSERT_TRUE(run.send(event::AttemptGranted{StepPath(0), 1}).ok());
  EXPECT_TRUE(run.in_flight.empty());
  EXPECT_TRUE(run.in_line.empty());
  EXPECT_EQ(run.state.status, store::RunStatus::kStopped);
}

TEST(RunAttempt, InDoubtPoliciesRetryAndFailNeedNobody) {
  RunDriver retry(
      compile("{\"steps\":[" + lua("a", R"("effect":"once","in_doubt":"retry")") + "]}"),
      by_id({{"a", hangs()}}));
  ASSERT_TRUE(retry.start().ok());
  retry.reload();
  ASSERT_TRUE(retry.send(event::Recovered{}).ok());
  EXPECT_EQ(retry.in_flight.size(), 1u);
  RunDriver fail(compile("{\"steps\":[" + lua("a", R"("effect":"once","in_doubt":"fail")") + "]}"),
                 by_id({{"a", hangs()}}));
  ASSERT_TRUE(fail.start().ok());
  fail.reload();
  ASSERT_TRUE(fail.send(event::Recovered{}).ok());
  EXPECT_EQ(fail.state.failure->code, Code::kInDoubt);
}

/// How an attempt with a retry policy goes on after each way to end, by the effect of its step.
TEST(RunAttempt, EffectOnceThatEndsWithoutItsOwnWordIsInDoubt) {
  constexpr const char* kEffects[] = {
      R"("effect":"none")", R"("effect":"idempotent")", R"("effect":"once","in_doubt":"retry")",
      R"("effect":"once")", R"("effect":"once","in_doubt":"fail")"};
  constexpr StepStatus kAgain = StepStatus::kRetrying;
  constexpr StepStatus kAsked = StepStatus::kWaiting, kFailed = StepStatus::kFailed;
  const struct {
    Code code;
    StepStatus then[5];
  } kTable[] = {
      {Code::kSandboxLost, {kAgain, kAgain, kAgain, kAsked, kFailed}},
      {Code::kTimeout, {kAgain, kAgain, kAgain, kAsked, kFailed}},
      {Code::kOutcomeUnknown, {kAgain, kAgain, kAgain, kAsked, kFailed}},
      {Code::kLuaError, {kAgain, kAgain, kAgain, kAgain, kAgain}},     // its own word
      {Code::kUnavailable, {kAgain, kAgain, kAgain, kAgain, kAgain}},  // it has not begun
  };
  for (const auto& row : kTable) {
    const std::string code(info(row.code).name);
    for (int effect = 0; effect < 5; ++effect) {
      RunDriver run(
          compile("{\"steps\":[" + lua("a", R"("retry":{"max_attempts":2,"on":[")" + code +
                                                "\"]}," + kEffects[effect]) + "]}"),
          by_id({{"a", hangs()}}));
      ASSERT_TRUE(run.start().ok());
      const Outcome lost{{}, Failure{row.code, "gone"}, {"before the end"}, false};
      ASSERT_TRUE(run.report(run.in_flight.front(), lost).ok());
      ASSERT_EQ(run.step("a").status, row.then[effect]) << code << " " << kEffects[effect];
      EXPECT_EQ(run.step("a").attempts, 1);
      EXPECT_EQ(run.state.log_lines, 1u);  // whoever is asked finds what it had printed
      if (row.then[effect] == kFailed) {
        EXPECT_EQ(run.step("a").failure->code, Code::kInDoubt);
      }
      if (row.then[effect] != kAsked) continue;
      EXPECT_EQ(run.step("a").waiting->kind, WaitKind::kInDoubt);
      run.in_flight.clear();
      run.drive_through_time();
      EXPECT_TRUE(run.in_flight.empty());
    }
  }
}

TEST(RunAttempt, WhoSaysAgainWhatCameOfAnEffectHearsThatItHasBeenSaid) {
  RunDriver run(compile("{\"steps\":[" + lua("a", R"("effect":"once")") + "," +
                        lua("b", R"("depends_on":["a"])") + "]}"),
                by_id({{"a", hangs()}, {"b", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  const Outcome lost{{}, Failure{Code::kSandboxLost, "gone"}, {}, false};
  ASSERT_TRUE(run.report(run.in_flight.front(), lost).ok());
  const std::string task = run.step("a").waiting->task.to_string();
  const auto said = [&](const std::string& name) {
    return run.send(event::TaskAnswered{name, true, json::Text::trusted(R"({"n":7})"), "", "me"});
  };
  ASSERT_TRUE(said("a").ok());
  ASSERT_EQ(run.state.status, store::RunStatus::kRunning);
  EXPECT_EQ(said("a").error().code, Code::kTaskCompleted);
  EXPECT_EQ(said(task).error().code, Code::kTaskCompleted);
  EXPECT_EQ(said("b").error().code, Code::kNotFound);
}

TEST(RunAttempt, LostAttemptsOfInDoubtRetryEndWithTheirRetries) {
  RunDriver run(compile("{\"steps\":[" +
                        lua("a", R"("effect":"once","in_doubt":"retry","retry_count":2)") + "]}"),
                by_id({{"a", fails(Code::kSandboxLost, "gone")}}));
  ASSERT_TRUE(run.start().ok());
  run.drive_through_time();
  EXPECT_EQ(run.step("a").attempts, 3);
  EXPECT_EQ(run.state.failure->code, Code::kSandboxLost);
}

TEST(RunAttempt, DoubtInAGracefulStopIsNotTriedAgain) {
  RunDriver run(compile("{\"steps\":[" + lua("a", R"("effect":"once","retry_count":2)") + "]}"),
                by_id({{"a", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  ASSERT_TRUE(run.send(event::StopAsked{true}).ok());
  ASSERT_EQ(run.state.status, store::RunStatus::kDraining);
  const Outcome lost{{}, Failure{Code::kSandboxLost, "gone"}, {}, false};
  ASSERT_TRUE(run.report(run.in_flight.front(), lost).ok());
  EXPECT_EQ(run.state.status, store::RunStatus::kStopped);
  EXPECT_EQ(run.step("a").status, StepStatus::kCancelled);
}

TEST(RunAttempt, EffectOnceThatWaitsForTheResultsOfALoopHasNotBegun) {
  RunDriver run(
      compile(R"({"steps":[{"id":"loop","name":"n","type":"for_each",)"
              R"("for_each_items":{"count":3000},"for_each_body_steps":[)" +
              lua("x") +
              R"(]},{"id":"a","name":"n","type":"lua_script","depends_on":["loop"],)"
              R"("effect":"once","script":"return steps.loop.result.results[1]"}]})"),
      by_id({}));
  ASSERT_TRUE(run.start().ok());
  run.drive();
  EXPECT_EQ(run.step("a").status, StepStatus::kCompleted);
  EXPECT_EQ(run.step("a").attempts, 1);
}

}  // namespace
}  // namespace troupe::run
