#include <functional>
#include <set>
#include <tuple>

#include "tests/runtime/run/run_test.h"

// API.md §2, the table of commands: every status by every command.

namespace troupe::run {
namespace {

using store::PauseReason;
using store::RunStatus;

enum class Place {
  kQueued,
  kRunning,
  kPausedUser,
  kPausedHuman,
  kPausedEvent,
  kPausedTimer,
  kDraining,
  kCompleted,
  kFailed,
  kStopped
};
enum class Ask { kPause, kResume, kStop, kDrain };

constexpr Place kPlaces[] = {Place::kQueued,      Place::kRunning,     Place::kPausedUser,
                             Place::kPausedHuman, Place::kPausedEvent, Place::kPausedTimer,
                             Place::kDraining,    Place::kCompleted,   Place::kFailed,
                             Place::kStopped};
constexpr Ask kAsks[] = {Ask::kPause, Ask::kResume, Ask::kStop, Ask::kDrain};

Event event_of(Ask ask) {
  switch (ask) {
    case Ask::kPause: return event::PauseAsked{};
    case Ask::kResume: return event::ResumeAsked{};
    case Ask::kStop: return event::StopAsked{false};
    case Ask::kDrain: return event::StopAsked{true};
  }
  std::abort();
}

std::string waiting_step(Place place) {
  switch (place) {
    case Place::kPausedHuman:
      return R"({"id":"a","name":"n","type":"human_task","task_type":"t","task_payload":{}})";
    case Place::kPausedEvent: return R"({"id":"a","name":"n","type":"wait_event","event":"e"})";
    case Place::kPausedTimer: return R"({"id":"a","name":"n","type":"wait","duration_s":60})";
    default: return lua("a");
  }
}

RunDriver at_place(Place place) {
  const bool stays = place != Place::kCompleted && place != Place::kFailed;
  RunDriver run(compile("{\"steps\":[" + waiting_step(place) + "]}"),
                by_id({{"a", stays                     ? hangs()
                             : place == Place::kFailed ? fails(Code::kLuaError, "x")
                                                       : returns("{}")}}));
  event::Created created;
  created.start = place != Place::kQueued;
  EXPECT_TRUE(run.start(created).ok());
  run.drive();
  if (place == Place::kPausedUser) {
    EXPECT_TRUE(run.send(event::PauseAsked{}).ok());
  }
  if (place == Place::kDraining) {
    EXPECT_TRUE(run.send(event::StopAsked{true}).ok());
  }
  if (place == Place::kStopped) {
    EXPECT_TRUE(run.send(event::StopAsked{false}).ok());
  }
  return run;
}

struct Cell {
  Place place;
  Ask ask;
  Code refused;  ///< kInternal: accepted
  RunStatus status;
  PauseReason reason = PauseReason::kNone;
};
constexpr Code kOk = Code::kInternal;
constexpr auto kNone = PauseReason::kNone;

const Cell kCells[] = {
    {Place::kQueued, Ask::kPause, kOk, RunStatus::kPaused, PauseReason::kUser},
    {Place::kQueued, Ask::kResume, kOk, RunStatus::kQueued, kNone},
    {Place::kQueued, Ask::kStop, kOk, RunStatus::kStopped, kNone},
    {Place::kQueued, Ask::kDrain, kOk, RunStatus::kStopped, kNone},
    {Place::kRunning, Ask::kPause, kOk, RunStatus::kPaused, PauseReason::kUser},
    {Place::kRunning, Ask::kResume, kOk, RunStatus::kRunning, kNone},
    {Place::kRunning, Ask::kStop, kOk, RunStatus::kStopped, kNone},
    {Place::kRunning, Ask::kDrain, kOk, RunStatus::kDraining, kNone},
    {Place::kPausedUser, Ask::kPause, kOk, RunStatus::kPaused, PauseReason::kUser},
    {Place::kPausedUser, Ask::kResume, kOk, RunStatus::kRunning, kNone},
    {Place::kPausedUser, Ask::kStop, kOk, RunStatus::kStopped, kNone},
    {Place::kPausedUser, Ask::kDrain, kOk, RunStatus::kStopped, kNone},
    {Place::kPausedHuman, Ask::kPause, kOk, RunStatus::kPaused, PauseReason::kUser},
    {Place::kPausedHuman, Ask::kResume, kOk, RunStatus::kPaused, PauseReason::kHuman},
    {Place::kPausedHuman, Ask::kStop, kOk, RunStatus::kStopped, kNone},
    {Place::kPausedHuman, Ask::kDrain, kOk, RunStatus::kStopped, kNone},
    {Place::kPausedEvent, Ask::kPause, kOk, RunStatus::kPaused, PauseReason::kUser},
    {Place::kPausedEvent, Ask::kResume, kOk, RunStatus::kPaused, PauseReason::kEvent},
    {Place::kPausedEvent, Ask::kStop, kOk, RunStatus::kStopped, kNone},
    {Place::kPausedEvent, Ask::kDrain, kOk, RunStatus::kStopped, kNone},
    {Place::kPausedTimer, Ask::kPause, kOk, RunStatus::kPaused, PauseReason::kUser},
    {Place::kPausedTimer, Ask::kResume, kOk, RunStatus::kPaused, PauseReason::kTimer},
    {Place::kPausedTimer, Ask::kStop, kOk, RunStatus::kStopped, kNone},
    {Place::kPausedTimer, Ask::kDrain, kOk, RunStatus::kStopped, kNone},
    {Place::kDraining, Ask::kPause, Code::kConflict, RunStatus::kDraining, kNone},
    {Place::kDraining, Ask::kResume, Code::kConflict, RunStatus::kDraining, kNone},
    {Place::kDraining, Ask::kStop, kOk, RunStatus::kStopped, kNone},
    {Place::kDraining, Ask::kDrain, kOk, RunStatus::kDraining, kNone},
    {Place::kCompleted, Ask::kPause, Code::kRunEnded, RunStatus::kCompleted, kNone},
    {Place::kCompleted, Ask::kResume, Code::kRunEnded, RunStatus::kCompleted, kNone},
    {Place::kCompleted, Ask::kStop, Code::kRunEnded, RunStatus::kCompleted, kNone},
    {Place::kCompleted, Ask::kDrain, Code::kRunEnded, RunStatus::kCompleted, kNone},
    {Place::kFailed, Ask::kPause, Code::kRunEnded, RunStatus::kFailed, kNone},
    {Place::kFailed, Ask::kResume, Code::kRunEnded, RunStatus::kFailed, kNone},
    {Place::kFailed, Ask::kStop, Code::kRunEnded, RunStatus::kFailed, kNone},
    {Place::kFailed, Ask::kDrain, Code::kRunEnded, RunStatus::kFailed, kNone},
    {Place::kStopped, Ask::kPause, Code::kRunEnded, RunStatus::kStopped, kNone},
    {Place::kStopped, Ask::kResume, Code::kRunEnded, RunStatus::kStopped, kNone},
    {Place::kStopped, Ask::kStop, Code::kRunEnded, RunStatus::kStopped, kNone},
    {Place::kStopped, Ask::kDrain, Code::kRunEnded, RunStatus::kStopped, kNone},
};

TEST(RunCommands, EveryStatusAnswersEveryCommandAsTheTableSays) {
  std::set<std::pair<Place, Ask>> listed;
  for (const Cell& cell : kCells) {
    listed.emplace(cell.place, cell.ask);
    SCOPED_TRACE(::testing::Message() << "place " << static_cast<int>(cell.place) << " command "
                                      << static_cast<int>(cell.ask));
    RunDriver run = at_place(cell.place);
    const std::uint64_t records = run.state.records;
    const Status answer = run.send(event_of(cell.ask));
    EXPECT_EQ(answer.ok(), cell.refused == kOk);
    if (!answer.ok()) {
      EXPECT_EQ(answer.error().code, cell.refused);
      EXPECT_EQ(run.state.records, records);
    }
    EXPECT_EQ(run.state.status, cell.status);
    EXPECT_EQ(run.state.pause_reason, cell.reason);
    if (run.ended()) {
      EXPECT_TRUE(run.step("a").ended());
    }
  }
  for (const Place place : kPlaces) {
    for (const Ask ask : kAsks) EXPECT_EQ(listed.count({place, ask}), 1u);
  }
}

TEST(RunCommands, DrainingLetsWorkEndStartsNothingAndCancelsWaits) {
  RunDriver run(compile("{\"steps\":[" + lua("a") + "," + lua("b", R"("depends_on":["a"])") +
                        R"(,{"id":"w","name":"n","type":"wait","duration_s":600}]})"),
                by_id({{"a", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  ASSERT_TRUE(run.send(event::StopAsked{true}).ok());
  EXPECT_EQ(run.step("w").status, StepStatus::kCancelled);
  ASSERT_TRUE(run.report(run.in_flight[0], Outcome{}).ok());
  EXPECT_EQ(run.step("a").status, StepStatus::kCompleted);
  EXPECT_EQ(run.step("b").skip, SkipReason::kStopped);
  EXPECT_EQ(run.state.status, RunStatus::kStopped);
  EXPECT_TRUE(run.state.graceful_stop);
  EXPECT_FALSE(run.state.failure.has_value());
}

TEST(RunCommands, DrainThatTakesTooLongIsCut) {
  RunDriver run(compile("{\"steps\":[" + lua("a") + "]}"), by_id({{"a", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  ASSERT_TRUE(run.send(event::StopAsked{true}).ok());
  EXPECT_EQ(next_wake(run.state), run.now + seconds(60));
  run.drive_through_time();
  EXPECT_EQ(run.state.status, RunStatus::kStopped);
  EXPECT_EQ(run.state.failure->code, Code::kDrainTimeout);
  EXPECT_EQ(run.step("a").status, StepStatus::kCancelled);
}

TEST(RunCommands, ResumeOfARunThatWasSetAsideWhileItDrainedDoesNotForgetTheStop) {
  RunDriver run(compile("{\"steps\":[" + lua("a") + "]}"), by_id({{"a", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  ASSERT_TRUE(run.send(event::StopAsked{true}).ok());
  apply(run.state, record::RunPaused{store::PauseReason::kQuarantine, run.now});
  ASSERT_TRUE(run.send(event::ResumeAsked{}).ok());
  EXPECT_EQ(run.state.status, RunStatus::kDraining);
}

TEST(RunCommands, PauseRecordsResultsButStartsAndEndsNothing) {
  RunDriver run(compile("{\"steps\":[" + lua("a") + "," + lua("b", R"("depends_on":["a"])") + "," +
                        lua("c") + R"(,{"id":"w","name":"n","type":"wait","duration_s":3}]})"),
                by_id({{"c", fails(Code::kLuaError, "kaput")}}));
  ASSERT_TRUE(run.start().ok());
  ASSERT_TRUE(run.send(event::PauseAsked{}).ok());
  run.drive_through_time();
  EXPECT_EQ(run.step("a").status, StepStatus::kCompleted);
  EXPECT_EQ(run.step("b").status, StepStatus::kPending);
  EXPECT_EQ(run.step("c").status, StepStatus::kFailed);
  EXPECT_EQ(run.step("w").status, StepStatus::kCompleted);
  EXPECT_EQ(run.state.status, RunStatus::kPaused);
  ASSERT_TRUE(run.send(event::ResumeAsked{}).ok());
  EXPECT_EQ(run.state.status, RunStatus::kFailed);
  EXPECT_EQ(run.step("b").skip, SkipReason::kBlocked);
}

TEST(RunCommands, RetryDueDuringAPauseStartsOnResume) {
  RunDriver run(compile("{\"steps\":[" + lua("a", R"("retry_count":1)") + "]}"),
                by_id({{"a", [](const command::StartAttempt& attempt) {
                          if (attempt.attempt == 2) return Outcome{};
                          return Outcome{{}, Failure{Code::kSandboxLost, "x"}, {}, false};
                        }}}));
  ASSERT_TRUE(run.start().ok());
  run.drive();
  ASSERT_EQ(run.step("a").status, StepStatus::kRetrying);
  ASSERT_TRUE(run.send(event::PauseAsked{}).ok());
  run.drive_through_time();
  EXPECT_EQ(run.step("a").status, StepStatus::kRetrying);
  EXPECT_FALSE(next_wake(run.state).set());
  ASSERT_TRUE(run.send(event::ResumeAsked{}).ok());
  run.drive();
  EXPECT_EQ(run.state.status, RunStatus::kCompleted);
}

TEST(RunCommands, QueuedRunThatWasPausedStartsAfterBothHaveBeenLifted) {
  RunDriver run(compile("{\"steps\":[" + lua("a") + "]}"), by_id({}));
  event::Created created;
  created.start = false;
  ASSERT_TRUE(run.start(created).ok());
  ASSERT_TRUE(run.send(event::PauseAsked{}).ok());
  ASSERT_TRUE(run.send(event::Started{}).ok());
  EXPECT_TRUE(run.in_flight.empty());
  ASSERT_TRUE(run.send(event::ResumeAsked{}).ok());
  run.drive();
  EXPECT_EQ(run.state.status, RunStatus::kCompleted);
}

}  // namespace
}  // namespace troupe::run
