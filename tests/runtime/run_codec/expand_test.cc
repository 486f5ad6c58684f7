#include <gtest/gtest.h>

#include "runtime/json/read.h"
#include "runtime/run/view.h"
#include "tests/runtime/run_codec/members.h"
#include "tests/runtime/run_codec/sample.h"

namespace troupe::run {
namespace {

std::string text(std::string_view event, std::string_view pointer) {
  const auto found = json::at_pointer(event, pointer);
  if (!found) return "(none)";
  return json::kind(*found) == json::Kind::kString ? json::decode_string(*found)
                                                   : std::string(*found);
}

std::vector<std::string> expanded(const graph::Graph& graph,
                                  const std::vector<Record>& records,
                                  const PayloadSource& payloads = no_payloads()) {
  std::vector<LiveEvent> events;
  std::uint64_t seq = 1;
  for (const Record& record : records) {
    const Status status = expand(graph, kRun, record, &seq, payloads, events);
    EXPECT_TRUE(status.ok()) << status.error().message;
  }
  std::vector<std::string> found;
  for (const LiveEvent& event : events) {
    EXPECT_EQ(event.seq, found.size() + 1);
    EXPECT_EQ(text(event.json, "/seq"), std::to_string(event.seq));
    found.push_back(event.json);
  }
  return found;
}

record::StepFinished completed(std::uint32_t step, std::int64_t ms, std::string result) {
  record::StepFinished r;
  r.attempt = attempt(step, ms);
  r.result = value(std::move(result));
  return r;
}

TEST(RunExpand, FirstExampleHasNineEventsInOrder) {
  const auto graph = graph_of({step("fetch-product"), step("calc")});
  record::RunCreated created;
  created.at = at_ms(0);
  created.trigger_type = "api";
  created.version = 1;
  created.input = value("{}");
  record::RunFinished finished;
  finished.output = value("39.98");
  finished.at = at_ms(20);
  const auto events = expanded(*graph, {created, record::RunStarted{at_ms(0)},
                                        completed(0, 1, R"({"price":19.99,"name":"Widget"})"),
                                        completed(1, 10, R"({"total":39.98})"), finished});
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"run_created", "(none)"},
      {"run_started", "(none)"},
      {"step_scheduled", "fetch-product"},
      {"step_started", "fetch-product"},
      {"step_completed", "fetch-product"},
      {"step_scheduled", "calc"},
      {"step_started", "calc"},
      {"step_completed", "calc"},
      {"run_completed", "(none)"}};
  ASSERT_EQ(events.size(), expected.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(text(events[i], "/event_type"), expected[i].first);
    EXPECT_EQ(text(events[i], "/step_id"), expected[i].second);
  }
  EXPECT_EQ(events[0], R"({"run_id":"01890a5d-ac96-774b-bcce-b302099a8057","seq":1,)"
                       R"("event_type":"run_created","at":"2026-11-22T03:00:00.000Z",)"
                       R"("data":{"input":{},"trigger_type":"api","version":1}})");
  EXPECT_EQ(events[4], R"({"run_id":"01890a5d-ac96-774b-bcce-b302099a8057","seq":5,)"
                       R"("event_type":"step_completed","step_id":"fetch-product","attempt":1,)"
                       R"("at":"2026-11-22T03:00:00.006Z",)"
                       R"("data":{"result":{"price":19.99,"name":"Widget"}}})");
  EXPECT_EQ(text(events[8], "/data/output"), "39.98");
}

/// Puts the paths of a random record onto steps that the graph has.
struct Grounded {
  void operator()(record::StepsSkipped& r) const {
    for (StepPath& path : r.paths) path = StepPath(0);
  }
  template <class R>
  void operator()(R& r) const {
    if constexpr (requires { r.attempt.path; }) r.attempt.path = StepPath(0);
  }
};

TEST(RunExpand, EveryRecordExpandsToAsManyEventsAsItCounts) {
  const auto graph = graph_of({step("a")});
  const PayloadSource payloads = [](const PayloadRef&) -> Result<json::Text> {
    return json::Text::trusted("[]");
  };
  Filler filler(11);
  for (int round = 0; round < 300; ++round) {
    for (std::size_t type = 0; type < std::variant_size_v<Record>; ++type) {
      Record record = filler.record(type);
      std::visit(Grounded{}, record);
      std::vector<LiveEvent> events;
      std::uint64_t seq = 40;
      ASSERT_TRUE(expand(*graph, kRun, record, &seq, payloads, events).ok());
      ASSERT_EQ(events.size(), event_count(record)) << type;
      ASSERT_EQ(seq, 40 + events.size());
      for (const LiveEvent& event : events) {
        ASSERT_TRUE(json::member(event.json, "data").has_value());
      }
    }
  }
}

TEST(RunExpand, LargeValuesAreShownByReferenceAndMiddlingOnesRead) {
  const auto graph = graph_of({step("a")});
  record::StepFinished r = completed(0, 1, "{}");
  r.attempt.input.ref = ref(0x0F, 2000);
  r.result = {};
  r.result.ref = ref(0xA1, 4097);
  int reads = 0;
  const auto events = expanded(*graph, {r}, [&](const PayloadRef& wanted) -> Result<json::Text> {
    EXPECT_EQ(wanted.bytes, 2000u);
    ++reads;
    return json::Text::trusted(R"({"q":1})");
  });
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(reads, 1);
  EXPECT_EQ(text(events[1], "/data/input"), R"({"q":1})");
  EXPECT_EQ(text(events[2], "/data/result/bytes"), "4097");
  EXPECT_EQ(text(events[2], "/data/result/href"),
            "/v1/runs/" + kRun.to_string() + "/values/a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1");
}

TEST(RunExpand, AMissingBodyGivesNoEventAtAll) {
  const auto graph = graph_of({step("a")});
  record::StepFinished r = completed(0, 1, "{}");
  r.result = {};
  r.result.ref = ref(1, 2000);
  std::vector<LiveEvent> events;
  std::uint64_t seq = 5;
  const Status status = expand(*graph, kRun, r, &seq, no_payloads(), events);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kNotFound);
  EXPECT_TRUE(events.empty());
  EXPECT_EQ(seq, 5u);
}

TEST(RunExpand, AHumanTaskIsCreatedAndCompleted) {
  const auto graph = graph_of({human("ok", "approval")});
  const TaskId task{Uuid{9, 9}};
  record::StepWaiting waiting{attempt(0, 0), WaitKind::kHuman, at_ms(60'000), task, "", "", {}};
  record::StepFinished finished = completed(0, 0, R"({"approved":false})");
  finished.attempt.announced = true;
  finished.task = task;
  finished.task_decided = true;
  finished.by = "owner";
  const auto events = expanded(*graph, {waiting, finished});
  ASSERT_EQ(events.size(), 6u);
  EXPECT_EQ(text(events[2], "/event_type"), "step_waiting");
  EXPECT_EQ(text(events[2], "/data/reason"), "human");
  EXPECT_EQ(text(events[2], "/data/until"), "2026-11-22T03:01:00.000Z");
  EXPECT_EQ(text(events[3], "/event_type"), "human_task_created");
  EXPECT_EQ(text(events[3], "/data/task_id"), task.to_string());
  EXPECT_EQ(text(events[4], "/event_type"), "human_task_completed");
  EXPECT_EQ(text(events[4], "/data/task_id"), task.to_string());
  EXPECT_EQ(text(events[4], "/data/approved"), "false");
  EXPECT_EQ(text(events[4], "/data/by"), "owner");
  EXPECT_EQ(text(events[5], "/event_type"), "step_completed");
}

TEST(RunExpand, FailureRetryCancelAndSkipShowTheirReasons) {
  const auto graph = graph_of({step("boom"), step("slow"), step("join")});
  record::AttemptFailed retrying{attempt(0, 0), {Code::kLuaError, "kaput"}, at_ms(505), {}};
  record::StepFinished failed;
  failed.attempt = attempt(0, 600);
  failed.attempt.number = 2;
  failed.status = StepStatus::kFailed;
  failed.failure = {Code::kLuaError, "kaput"};
  record::StepFinished cancelled;
  cancelled.attempt = attempt(1, 0);
  cancelled.attempt.announced = true;
  cancelled.status = StepStatus::kCancelled;
  cancelled.cancel_reason = "failed";
  cancelled.caused_by = "boom";
  const record::StepsSkipped skipped{{StepPath(2)}, SkipReason::kBlocked, at_ms(700), false};
  record::RunFinished finished;
  finished.status = store::RunStatus::kFailed;
  finished.failure = {Code::kLuaError, "kaput"};
  finished.failed_step = "boom";
  finished.at = at_ms(700);
  const auto events = expanded(*graph, {retrying, failed, cancelled, skipped, finished});
  ASSERT_EQ(events.size(), 9u);
  EXPECT_EQ(text(events[2], "/event_type"), "step_retrying");
  EXPECT_EQ(text(events[2], "/data"),
            R"({"error":{"code":"lua_error","message":"kaput"},"delay_ms":500})");
  EXPECT_EQ(text(events[3], "/attempt"), "2");
  EXPECT_EQ(text(events[5], "/data/error/code"), "lua_error");
  EXPECT_EQ(text(events[6], "/data"), R"({"reason":"failed","caused_by_step_id":"boom"})");
  EXPECT_EQ(text(events[7], "/event_type"), "step_completed");
  EXPECT_EQ(text(events[7], "/step_id"), "join");
  EXPECT_EQ(text(events[7], "/data"), R"({"skipped":true,"reason":"blocked"})");
  EXPECT_EQ(text(events[8], "/data/step_id"), "boom");
  EXPECT_FALSE(terminal(failed));
  EXPECT_TRUE(terminal(finished));
}

TEST(RunExpand, StepsOfAWhileAreNamedByIteration) {
  const auto graph = graph_of({while_loop("poll", {step("ask"), step("look")})});
  record::StepFinished r = completed(0, 0, "{}");
  r.attempt.path = StepPath(0).inner(7, 1);
  const auto events = expanded(*graph, {r});
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(text(events[2], "/step_id"), "poll#7#look");
}

TEST(RunExpand, StopsAndPausesTellHow) {
  const auto graph = graph_of({step("a")});
  record::RunFinished stopped;
  stopped.status = store::RunStatus::kStopped;
  stopped.graceful = true;
  const auto events = expanded(*graph, {record::RunPaused{store::PauseReason::kHuman, at_ms(1)},
                                        record::RunResumed{true, at_ms(2)},
                                        record::RunDraining{at_ms(3), at_ms(60'003)}, stopped});
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(text(events[0], "/data/reason"), "human");
  EXPECT_EQ(text(events[2], "/event_type"), "run_draining");
  EXPECT_EQ(text(events[3], "/data/mode"), "graceful");
}

}  // namespace
}  // namespace troupe::run
