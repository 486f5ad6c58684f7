#include "runtime/run/view.h"

#include <gtest/gtest.h>

#include "runtime/json/read.h"
#include "tests/runtime/run_codec/sample.h"

namespace troupe::run {
namespace {

std::string at(const Result<json::Text>& text, std::string_view pointer) {
  if (!text.ok()) return "error: " + text.error().message;
  const auto found = json::at_pointer(text->view(), pointer);
  return found ? std::string(*found) : "(none)";
}

std::string entry(std::uint32_t index) {
  return "{\"index\":" + std::to_string(index) + ",\"result\":" + std::to_string(index * 2) + "}";
}

/// A for_each of 2,500 items whose first chunk is sealed; the others are open, each without the
/// items from 2,400 on.
State loop_state() {
  State state = state_of(graph_of({for_each("each", {step("x")}, 7), step("a")}));
  StepState& each = state.root.steps[0];
  each.status = StepStatus::kRunning;
  each.loop = std::make_unique<Loop>();
  each.loop->count = 2500;
  each.loop->done = 2400;
  each.loop->failed = 0;
  each.loop->chunks = {ref(1, 30'000)};
  for (std::uint32_t i = 1024; i < 2400; ++i) each.loop->open[i / 1024].entries[i] = entry(i);
  return state;
}

std::string chunk(std::uint32_t from, std::uint32_t to) {
  std::string text = "[";
  for (std::uint32_t i = from; i < to; ++i) text.append(i == from ? "" : ",").append(entry(i));
  return text + "]";
}

PayloadSource first_chunk() {
  return [](const PayloadRef& wanted) -> Result<json::Text> {
    if (wanted.hash != ref(1, 1).hash) return {Code::kNotFound, "unknown body"};
    return json::Text::trusted(chunk(0, 1024));
  };
}

TEST(RunView, ContextShowsEveryTopLevelStep) {
  State state = state_of(graph_of({step("a"), step("b"), step("c"), step("d")}));
  state.output = value("39.98");
  StepState& a = state.root.steps[0];
  a.status = StepStatus::kCompleted;
  a.attempts = 2;
  a.started = at_ms(1);
  a.finished = at_ms(2);
  a.input = value(R"({"q":1})");
  a.result = value(R"({"n":1})");
  StepState& b = state.root.steps[1];
  b.status = StepStatus::kFailed;
  b.failure = std::make_unique<Failure>(Failure{Code::kLuaError, "kaput"});
  state.root.steps[2].status = StepStatus::kSkipped;
  state.root.steps[2].skip = SkipReason::kBlocked;
  const Result<json::Text> context = context_json(state, no_payloads());
  EXPECT_EQ(at(context, "/input"), R"({"x":1})");
  EXPECT_EQ(at(context, "/output"), "39.98");
  EXPECT_EQ(at(context, "/steps/a"),
            R"({"status":"completed","input":{"q":1},"result":{"n":1},"error":null,)"
            R"("attempts":2,"started_at":"2026-11-22T03:00:00.001Z",)"
            R"("finished_at":"2026-11-22T03:00:00.002Z"})");
  EXPECT_EQ(at(context, "/steps/b/error"), R"({"code":"lua_error","message":"kaput"})");
  EXPECT_EQ(at(context, "/steps/c/reason"), R"("blocked")");
  EXPECT_EQ(at(context, "/steps/c/result"), R"({"skipped":true,"reason":"blocked"})");
  EXPECT_EQ(at(context, "/steps/d/status"), R"("pending")");
  EXPECT_EQ(at(context, "/steps/d/result"), "null");
}

TEST(RunView, ContextReadsLargeValuesAndFailsWithoutThem) {
  State state = state_of(graph_of({step("a")}));
  state.root.steps[0].status = StepStatus::kCompleted;
  state.root.steps[0].result.ref = ref(1, 30'000);
  EXPECT_EQ(at(context_json(state, first_chunk()), "/steps/a/result/3"), entry(3));
  EXPECT_EQ(context_json(state, no_payloads()).error().code, Code::kNotFound);
}

TEST(RunView, ContextShowsCountersOfARunningLoopAndResultsOfACompletedOne) {
  State state = loop_state();
  EXPECT_EQ(at(context_json(state, no_payloads()), "/steps/each/result"),
            R"({"done":2400,"failed":0,"count":2500})");
  state.root.steps[0].status = StepStatus::kCompleted;
  const Result<json::Text> context = context_json(state, first_chunk());
  EXPECT_EQ(at(context, "/steps/each/result/max_parallel"), "7");
  EXPECT_EQ(at(context, "/steps/each/result/results/1500"), entry(1500));
}

TEST(RunView, ItemsPageAcrossSealedAndOpenChunks) {
  State state = loop_state();
  std::vector<std::string> seen;
  std::int64_t after = -1;
  for (int pages = 0; pages < 100; ++pages) {
    const Result<json::Text> page = items_json(state, "each", after, 100, first_chunk());
    ASSERT_TRUE(page.ok()) << page.error().message;
    json::for_each_element(*json::member(page->view(), "items"), [&](std::string_view item) {
      seen.emplace_back(item);
      return true;
    });
    const std::string_view next = *json::member(page->view(), "next");
    if (next == "null") break;
    after = *json::as_int(next);
    EXPECT_EQ(static_cast<std::size_t>(after) + 1, seen.size());
  }
  ASSERT_EQ(seen.size(), 2400u);
  for (std::uint32_t i = 0; i < 2400; ++i) ASSERT_EQ(seen[i], entry(i));
}

TEST(RunView, ItemsOfAShortLoopThatHasCompletedComeFromItsResult) {
  State state = loop_state();
  StepState& step = state.root.steps[0];
  step.loop.reset();
  step.status = StepStatus::kCompleted;
  step.result = value("{\"count\":3,\"max_parallel\":7,\"results\":[" + entry(0) + "," + entry(1) +
                      "," + entry(2) + "]}");
  EXPECT_EQ(items_json(state, "each", 0, 1, no_payloads())->view(),
            "{\"items\":[" + entry(1) + "],\"next\":1}");
  EXPECT_EQ(items_json(state, "each", 1, 10, no_payloads())->view(),
            "{\"items\":[" + entry(2) + "],\"next\":null}");
}

TEST(RunView, ItemsOfSomethingElseAreNotFound) {
  State state = loop_state();
  EXPECT_EQ(items_json(state, "a", -1, 10, no_payloads()).error().code, Code::kNotFound);
  EXPECT_EQ(items_json(state, "nobody", -1, 10, no_payloads()).error().code, Code::kNotFound);
  state.root.steps[0].loop.reset();
  EXPECT_EQ(items_json(state, "each", -1, 10, no_payloads())->view(),
            R"({"items":[],"next":null})");
}

TEST(RunView, JoinedResultsAreInItemOrderAndBounded) {
  State state = loop_state();
  const std::vector<json::Text> chunks = {json::Text::trusted(chunk(0, 1024))};
  const Result<json::Text> whole = join_results(state.root.steps[0], 7, chunks, 1 << 20);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(at(whole, "/count"), "2500");
  EXPECT_EQ(json::length(*json::member(whole->view(), "results")), 2400u);
  EXPECT_EQ(at(whole, "/results/1024"), entry(1024));
  EXPECT_EQ(join_results(state.root.steps[0], 7, chunks, 5000).error().code, Code::kResultTooLarge);
  EXPECT_EQ(join_results(state.root.steps[0], 7, {}, 1 << 20).error().code, Code::kCorrupt);
}

TEST(RunView, RowIsWhatListsShow) {
  State state = state_of(graph_of({step("a"), step("b"), step("c")}));
  state.root.steps[0].status = StepStatus::kCompleted;
  state.root.steps[1].status = StepStatus::kSkipped;
  state.status = store::RunStatus::kFailed;
  state.failure = Failure{Code::kTimeout, "late"};
  state.failed_step = "b";
  state.chain.append(77);
  store::RunRow row = row_of(state);
  EXPECT_EQ(row.id, kRun);
  EXPECT_EQ(row.steps_total, 3u);
  EXPECT_EQ(row.steps_done, 2u);
  EXPECT_EQ(row.head, 77u);
  EXPECT_EQ(row.error, R"({"code":"timeout","message":"late","step_id":"b"})");
  EXPECT_EQ(row.output, "");
  state.output = value("[1]");
  EXPECT_EQ(row_of(state).output, "[1]");
  state.output.text = json::Text::trusted("\"" + std::string(70'000, 'x') + "\"");
  state.output.ref = ref(0xEE, 70'002);
  EXPECT_EQ(row_of(state).output, "{\"bytes\":70002,\"href\":\"/v1/runs/" + kRun.to_string() +
                                      "/values/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\"}");
}

TEST(RunView, LogLinesAreNumberedThroughTheRun) {
  const auto graph = graph_of({step("a")});
  record::StepFinished r;
  r.attempt = attempt(0, 0);
  r.logs.lines = {{at_ms(2), "one"}, {at_ms(3), "two \"quoted\""}};
  r.logs.first = 41;
  r.logs.count = 2;
  std::vector<std::pair<std::uint64_t, std::string>> lines;
  ASSERT_TRUE(log_lines(*graph, r, no_payloads(), 0, lines).ok());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1].first, 42u);
  EXPECT_EQ(lines[1].second, R"({"n":42,"step_id":"a","attempt":1,"at":"2026-11-22T03:00:00.003Z",)"
                             R"("level":"info","message":"two \"quoted\""})");

  r.logs.lines.clear();
  r.logs.ref = ref(1, 5000);
  r.logs.truncated = true;
  lines.clear();
  const PayloadSource payloads = [](const PayloadRef&) -> Result<json::Text> {
    return json::Text::trusted("[[" + std::to_string(at_ms(2).us) + R"(,"far\naway"],[0,"b"]])");
  };
  ASSERT_TRUE(log_lines(*graph, r, payloads, 0, lines).ok());
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(*json::member(lines[0].second, "message"), R"("far\naway")");
  EXPECT_EQ(*json::member(lines[2].second, "level"), R"("warning")");
}

}  // namespace
}  // namespace troupe::run
