#include <algorithm>
#include <set>

#include "tests/runtime/run/run_test.h"

// After a crash at any point a run ends as it would have ended, and no step is recorded twice.

namespace troupe::run {
namespace {

/// A random graph of every kind of step that ends by itself.
class Program {
 public:
  explicit Program(std::uint64_t seed) : random_(seed) {}

  std::string graph() {
    const int count = 2 + static_cast<int>(random_.below(6));
    std::string steps;
    for (int i = 0; i < count; ++i) {
      if (i > 0) steps += ',';
      steps += step("s" + std::to_string(i), depends(i), 0);
    }
    return "{\"steps\":[" + steps + "]}";
  }

 private:
  std::string depends(int i) {
    std::string list;
    for (int k = 0; k < i; ++k) {
      if (random_.below(3) != 0) continue;
      list += (list.empty() ? "" : ",") + ("\"s" + std::to_string(k) + "\"");
    }
    return "\"depends_on\":[" + list + "]";
  }

  std::string step(const std::string& id, const std::string& edges, int depth) {
    std::string more = edges;
    if (random_.below(6) == 0) more += ",\"condition\":false";
    if (random_.below(3) == 0) more += ",\"retry_count\":2";
    if (random_.below(4) == 0) more += ",\"on_error\":\"continue\"";
    const std::string head = "{\"id\":\"" + id + "\",\"name\":\"n\"," + more + ",\"type\":";
    switch (random_.below(depth < 2 ? 6 : 3)) {
      case 0: return head + "\"wait\",\"duration_s\":" + std::to_string(random_.below(20)) + "}";
      case 1:
      case 2: return head + "\"lua_script\",\"script\":\"return {}\"}";
      case 3:
        return head + "\"for_each\",\"on_item_error\":\"continue\",\"for_each_max_parallel\":2," +
               "\"for_each_items\":{\"count\":" + std::to_string(random_.below(5)) +
               "},\"for_each_body_steps\":[" + body(depth) + "]}";
      case 4:
        return head + "\"while\",\"while_mode\":\"until\",\"while_max_iterations\":" +
               std::to_string(1 + random_.below(3)) +
               ",\"while_eval_script\":\"return {}\",\"while_body_steps\":[" + body(depth) + "]}";
      default:
        return head + "\"lua_script\",\"script\":\"return {}\"" +
               (random_.below(2) == 0 ? ",\"effect\":\"idempotent\"}" : "}");
    }
  }

  std::string body(int depth) {
    const bool pure = random_.below(2) == 0;
    std::string steps;
    const int count = 1 + static_cast<int>(random_.below(2));
    for (int i = 0; i < count; ++i) {
      const std::string id = "b" + std::to_string(i);
      if (i > 0) steps += ',';
      steps += pure ? R"({"id":")" + id + R"(","type":"lua_script","script":"x"})"
                    : step(id, i == 0 ? "\"depends_on\":[]" : "\"depends_on\":[\"b0\"]", depth + 1);
    }
    return steps;
  }

  Random random_;
};

/// Depends on nothing but the step, its place and its attempt: a script that runs again does the
/// same.
Outcome behave(const command::StartAttempt& attempt) {
  if (attempt.loop_test) return Outcome{R"({"pass":false})", {}, {}, false};
  std::uint64_t mark = attempt.step->index + 17;
  for (int i = 0; i < attempt.path.size; ++i) mark = mark * 31 + attempt.path.part[i];
  if (mark % 5 == 0 && attempt.attempt == 1) {
    return Outcome{{}, Failure{Code::kSandboxLost, "gone"}, {}, false};
  }
  Outcome outcome{"{\"mark\":" + std::to_string(mark) + "}", {}, {}, false};
  if (mark % 7 == 0) outcome.result = "{\"big\":\"" + std::string(1500, 'x') + "\"}";
  if (mark % 3 == 0) outcome.printed = {"line"};
  return outcome;
}

/// What must be the same whatever crashed on the way.
std::string essence(const RunDriver& run) {
  std::string text = std::string(store::name(run.state.status)) + " " + run.output();
  for (const graph::Step& step : run.state.graph->steps) {
    const StepState& state = run.state.root.steps[step.index];
    if (run.state.status != store::RunStatus::kCompleted) continue;
    text += "\n" + step.id + " " + std::string(name(state.status));
    if (step.type != graph::StepType::kWait) text += " " + std::string(state.result.text.view());
  }
  return text;
}

bool inside(const StepPath& loop, const StepPath& path) {
  if (path.size <= loop.size) return false;
  return std::equal(loop.part.begin(), loop.part.begin() + loop.size, path.part.begin());
}

void expect_no_end_twice(const RunDriver& run) {
  std::set<StepPath> finished;
  std::set<std::pair<StepPath, std::uint32_t>> items;
  for (const auto& frame : run.frames) {
    for (const std::string& bytes : frame) {
      std::string_view left = bytes;
      const Result<Record> record = decode(&left);
      ASSERT_TRUE(record.ok());
      if (const auto* end = std::get_if<record::StepFinished>(&*record)) {
        EXPECT_TRUE(finished.insert(end->attempt.path).second)
            << event_step_id(*run.state.graph, end->attempt.path);
      } else if (const auto* again = std::get_if<record::AttemptFailed>(&*record)) {
        // A loop that is tried again runs its bodies again.
        const StepPath& loop = again->attempt.path;
        std::erase_if(finished, [&](const StepPath& path) { return inside(loop, path); });
        std::erase_if(items, [&](const auto& item) {
          return item.first == loop || inside(loop, item.first);
        });
      } else if (const auto* item = std::get_if<record::ItemFinished>(&*record)) {
        EXPECT_TRUE(items.emplace(item->loop, item->item).second);
      }
    }
  }
}

std::string without_times(std::string text) {
  for (std::size_t at = text.find("woke_at"); at != std::string::npos;
       at = text.find("woke_at", at + 1)) {
    text.erase(at, 36);
  }
  return text;
}

TEST(RunRecovery, FromEveryFrameARunEndsAsItWouldHave) {
  int completed = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const std::string text = Program(seed).graph();
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + text);
    const auto graph = compile(text);
    RunDriver whole(graph, behave);
    ASSERT_TRUE(whole.start().ok());
    whole.drive_through_time();
    ASSERT_TRUE(whole.ended());
    EXPECT_EQ(whole.state.active, 0u);
    completed += whole.state.status == store::RunStatus::kCompleted;
    // The fold of everything is the live state.
    const RunDriver folded = RunDriver::recovered(graph, behave, whole.frames, whole.payloads);
    EXPECT_EQ(encode_snapshot(folded.state), encode_snapshot(whole.state));
    for (std::size_t kept = 1; kept < whole.frames.size(); ++kept) {
      SCOPED_TRACE("frames " + std::to_string(kept));
      const RunDriver::Frames prefix(whole.frames.begin(),
                                     whole.frames.begin() + static_cast<std::ptrdiff_t>(kept));
      RunDriver again = RunDriver::recovered(graph, behave, prefix, whole.payloads);
      again.now = whole.now;
      ASSERT_TRUE(again.send(event::Recovered{}).ok());
      again.drive_through_time();
      ASSERT_EQ(without_times(essence(again)), without_times(essence(whole)));
      expect_no_end_twice(again);
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(completed, 50);  // the programs are worth something
}

TEST(RunRecovery, SnapshotAnywhereGoesOnAsTheLiveRun) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const std::string text = Program(seed).graph();
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + text);
    const auto graph = compile(text);
    RunDriver whole(graph, behave);
    ASSERT_TRUE(whole.start().ok());
    whole.drive_through_time();
    RunDriver reloaded(graph, behave);
    Random steps(seed);
    ASSERT_TRUE(reloaded.start().ok());
    for (int i = 0; !reloaded.ended() && i < 15; ++i) {
      const std::uint32_t active = reloaded.state.active;
      const bool runs = runnable(reloaded.state);
      reloaded.reload();
      EXPECT_LE(reloaded.state.active, active);
      EXPECT_EQ(runnable(reloaded.state), runs);
      ASSERT_TRUE(reloaded.send(event::Recovered{}).ok());
      // A branch of a pure body starts over after a reload, and some come to their end in between.
      for (std::uint64_t k = steps.below(40); k > 0; --k) reloaded.step();
      if (!reloaded.in_flight.empty() || reloaded.ended()) continue;
      const TimePoint wake = next_wake(reloaded.state);
      if (!wake.set()) continue;
      reloaded.now = std::max(reloaded.now, wake);
      ASSERT_TRUE(reloaded.send(event::TimerDue{}).ok());
    }
    reloaded.drive_through_time();
    ASSERT_EQ(without_times(essence(reloaded)), without_times(essence(whole)));
    if (HasFailure()) return;
  }
}

TEST(RunRecovery, AGracefulStopGoesOnWhereTheRunWasSetAsideAndIsResumed) {
  RunDriver run(compile("{\"steps\":[" + lua("a", R"("effect":"once")") + "," +
                        lua("b", R"("depends_on":["a"])") + "]}"),
                by_id({{"a", hangs()}}));
  ASSERT_TRUE(run.start().ok());
  ASSERT_TRUE(run.send(event::StopAsked{true}).ok());
  ASSERT_EQ(run.state.status, store::RunStatus::kDraining);
  ASSERT_TRUE(fold(run.state, record::RunPaused{store::PauseReason::kQuarantine, run.now}).ok());
  run.reload();
  ASSERT_TRUE(run.send(event::ResumeAsked{}).ok());
  EXPECT_EQ(run.state.status, store::RunStatus::kDraining);
  ASSERT_TRUE(run.send(event::Recovered{}).ok());
  EXPECT_EQ(run.state.status, store::RunStatus::kStopped);
}

TEST(RunRecovery, RecordsThatDoNotFitAreRefused) {
  const auto graph = compile("{\"steps\":[" + lua("a") + "]}");
  RunDriver run(graph, by_id({}));
  ASSERT_TRUE(run.start().ok());
  run.drive();
  for (const Record& record : run.records) {
    State state = new_state(RunDriver::kRun, graph);
    EXPECT_EQ(fold(state, record).ok(), std::holds_alternative<record::RunCreated>(record));
  }
}

TEST(RunRecovery, RetryTakesOverWhatIsNotBehindTheFailure) {
  const std::string steps = lua("a") + "," + lua("b", R"("depends_on":["a"])") + "," +
                            lua("c", R"("depends_on":["b"])") + "," + lua("d");
  const auto graph = compile("{\"steps\":[" + steps + "]}");
  RunDriver old(
      graph,
      by_id({{"a", returns("{\"x\":1}")}, {"b", fails(Code::kLuaError, "x")}, {"d", hangs()}}));
  ASSERT_TRUE(old.start().ok());
  old.drive();
  const auto carried = carry_over(old.state, *graph, "");
  ASSERT_TRUE(carried.ok());
  ASSERT_EQ(carried->size(), 1u);
  EXPECT_EQ(carried->front().step, 0u);
  EXPECT_TRUE(carry_over(old.state, *graph, "a")->empty());
  EXPECT_EQ(carry_over(old.state, *graph, "zz").error().code, Code::kNotFound);
  const auto changed = compile("{\"steps\":[" + lua("a", R"("priority":1)") + "]}");
  EXPECT_TRUE(carry_over(old.state, *changed, "")->empty());

  RunDriver again(graph, by_id({{"a", fails(Code::kLuaError, "must not run")},
                                {"b", [](const command::StartAttempt& attempt) {
                                   EXPECT_EQ(global(attempt, "/steps"), "missing");
                                   return Outcome{};
                                 }}}));
  event::Created created;
  created.spec.carried = *carried;
  ASSERT_TRUE(again.start(created).ok());
  again.drive();
  EXPECT_EQ(again.state.status, store::RunStatus::kCompleted);
  EXPECT_EQ(again.result("a"), "{\"x\":1}");
}

}  // namespace
}  // namespace troupe::run
