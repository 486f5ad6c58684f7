#include <set>

#include "tests/runtime/run/run_test.h"

// The table of steps in decide.h: every status by every report, stale ones included.

namespace troupe::run {
namespace {

enum class Report { kOk, kFailed, kTransient, kOldAttempt, kDue, kAnswer, kArrival, kChild };
constexpr Report kReports[] = {Report::kOk,         Report::kFailed, Report::kTransient,
                               Report::kOldAttempt, Report::kDue,    Report::kAnswer,
                               Report::kArrival,    Report::kChild};
constexpr StepStatus kStatuses[] = {
    StepStatus::kPending, StepStatus::kScheduled, StepStatus::kRunning,
    StepStatus::kWaiting, StepStatus::kRetrying,  StepStatus::kCompleted,
    StepStatus::kFailed,  StepStatus::kCancelled, StepStatus::kSkipped};

/// A run whose step `x` has the status; `other` keeps the run open.
RunDriver with(StepStatus status) {
  std::string x = lua("x", R"("retry_count":1)");
  testing::Work work = hangs();
  if (status == StepStatus::kPending) x = lua("x", R"("depends_on":["other"])");
  if (status == StepStatus::kSkipped) x = lua("x", R"("condition":false)");
  if (status == StepStatus::kFailed) x = lua("x", R"("on_error":"continue")");
  if (status == StepStatus::kCompleted) work = returns("{}");
  if (status == StepStatus::kFailed) work = fails(Code::kLuaError, "x");
  if (status == StepStatus::kRetrying) work = fails(Code::kSandboxLost, "x");
  if (status == StepStatus::kWaiting) {
    x = R"({"id":"x","name":"n","type":"wait_event","event":"e","timeout_s":9})";
  }
  RunDriver run(compile("{\"steps\":[" + lua("other") + "," + x + "]}"),
                by_id({{"other", hangs()}, {"x", work}}));
  EXPECT_TRUE(run.start().ok());
  run.drive();
  if (status == StepStatus::kRunning) {
    EXPECT_TRUE(run.send(event::AttemptStarted{StepPath(1), 1, false, run.now}).ok());
  }
  if (status == StepStatus::kCancelled) {
    EXPECT_TRUE(run.send(event::StopAsked{false}).ok());
  }
  EXPECT_EQ(run.step("x").status, status);
  return run;
}

Event event_of(Report report, const RunDriver& run) {
  event::AttemptFinished finished;
  finished.path = StepPath(1);
  finished.attempt = 1;
  finished.ok = report == Report::kOk || report == Report::kOldAttempt;
  finished.result = json::Text::trusted("{}");
  finished.failure = {report == Report::kFailed ? Code::kLuaError : Code::kSandboxLost, "x"};
  finished.started = finished.finished = run.now;
  switch (report) {
    case Report::kOldAttempt: finished.attempt = 0; return finished;
    case Report::kOk:
    case Report::kFailed:
    case Report::kTransient: return finished;
    case Report::kDue: return event::TimerDue{};
    case Report::kAnswer: return event::TaskAnswered{"x", true, {}, "", "me"};
    case Report::kArrival: return event::EventArrived{"e", "", {}, false};
    case Report::kChild:
      return event::ChildEnded{
          StepPath(1), RunId(Uuid{1, 1}), store::RunStatus::kCompleted, {}, {}};
  }
  std::abort();
}

/// The status after the report, where it is not stale.
StepStatus expected(StepStatus status, Report report) {
  const bool attempt = status == StepStatus::kScheduled || status == StepStatus::kRunning;
  if (attempt && report == Report::kOk) return StepStatus::kCompleted;
  if (attempt && report == Report::kFailed) return StepStatus::kFailed;
  if (attempt && report == Report::kTransient) return StepStatus::kRetrying;
  if (status == StepStatus::kWaiting && report == Report::kDue) return StepStatus::kFailed;
  if (status == StepStatus::kWaiting && report == Report::kArrival) return StepStatus::kCompleted;
  if (status == StepStatus::kRetrying && report == Report::kDue) return StepStatus::kScheduled;
  return status;
}

TEST(RunSteps, EveryStatusTakesEveryReportAsTheTableSays) {
  for (const StepStatus status : kStatuses) {
    for (const Report report : kReports) {
      SCOPED_TRACE(std::string(name(status)) + " report " +
                   std::to_string(static_cast<int>(report)));
      RunDriver run = with(status);
      run.now = run.now + seconds(10);
      const std::uint64_t records = run.state.records;
      const Status answer = run.send(event_of(report, run));
      const StepStatus after = expected(status, report);
      EXPECT_EQ(run.step("x").status, after);
      // Stale reports are no refusals; answers to what is no open task, and to ended runs, are.
      const bool refused =
          report == Report::kAnswer ||
          (run.ended() && status == StepStatus::kCancelled && report == Report::kArrival);
      EXPECT_EQ(answer.ok(), !refused);
      if (after == status) {
        EXPECT_EQ(run.state.records, records);
      }
    }
  }
}

}  // namespace
}  // namespace troupe::run
