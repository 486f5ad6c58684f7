#include "adapters/console/tree.h"

#include <gtest/gtest.h>

#include "adapters/console/style.h"

namespace troupe::console {
namespace {

constexpr TimePoint kStart{1'000'000'000'000'000};

std::string event(const std::string& type,
                  const std::string& step,
                  const std::string& data,
                  std::int64_t after_ms = 0) {
  std::string json = R"({"run_id":"r","seq":1,"event_type":")" + type + "\"";
  if (!step.empty()) json += R"(,"step_id":")" + step + "\"";
  return json + R"(,"at":")" + to_rfc3339(kStart + milliseconds(after_ms)) + R"(","data":)" + data +
         "}";
}

Style narrow() {
  Style style;
  style.width = 60;
  return style;
}

RunView two_steps() {
  RunView view("audit", {{"load", "lua_script"}, {"check", "for_each"}});
  view.apply(event("run_created", "", R"({"input":{}})"));
  view.apply(event("run_started", "", "{}"));
  return view;
}

TEST(ConsoleTree, ShowsEveryStateOfARunThatWorks) {
  RunView view = two_steps();
  view.apply(event("step_started", "load", "{}", 100));
  view.apply(event("step_completed", "load", R"({"result":{}})", 1300));
  view.apply(event("step_started", "check", "{}", 1300));
  view.apply(event("step_progress", "check", R"({"done":5,"failed":1,"total":12})", 2000));
  const auto lines = draw(view, kStart + milliseconds(3300), 0, narrow());
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "audit  running  3.3s");
  EXPECT_EQ(lines[1], "├─ ✔ load   lua_script   1.2s");
  EXPECT_EQ(lines[2], "└─ ⠋ check  for_each     ██████░░░░░░ 6/12 1 failed  2.0s");
  EXPECT_EQ(lines[3], "██████████░░░░░░░░░░  1/2 steps");
}

TEST(ConsoleTree, AsciiStyleUsesNoOtherBytes) {
  RunView view = two_steps();
  view.apply(event("step_failed", "load", R"({"error":{"code":"lua_error","message":"kaput"}})"));
  Style style = narrow();
  style.unicode = false;
  for (const std::string& line : draw(view, kStart, 3, style)) {
    for (const char c : line) EXPECT_LT(static_cast<unsigned char>(c), 0x7F) << line;
  }
}

TEST(ConsoleTree, NoLineIsWiderThanTheTerminal) {
  RunView view("a very long title that goes on and on and on and on and on and on and on",
               {{"step-with-a-very-long-identifier-indeed-so-that-it-does-not-fit", "lua_script"}});
  view.apply(
      event("step_failed", "step-with-a-very-long-identifier-indeed-so-that-it-does-not-fit",
            R"({"error":{"code":"lua_error","message":"äöü äöü äöü äöü äöü äöü äöü äöü äöü"}})"));
  Style style = narrow();
  style.color = true;
  style.width = 40;
  for (std::string line : draw(view, kStart, 0, style)) {
    while (line.find('\x1b') != std::string::npos) {
      const std::size_t start = line.find('\x1b');
      line.erase(start, line.find('m', start) - start + 1);
    }
    EXPECT_LE(width_of(line), 40) << line;
  }
}

TEST(ConsoleTree, ALongGraphShowsWhatMovesAndCountsTheRest) {
  std::vector<StepOutline> steps;
  for (int i = 0; i < 500; ++i) steps.push_back({"s" + std::to_string(i), "lua_script"});
  RunView view("long", steps);
  view.apply(event("step_completed", "s0", R"({"result":{}})"));
  view.apply(event("step_started", "s250", "{}"));
  view.apply(event("step_started", "s250#0#inner", "{}"));
  view.apply(event("step_started", "s250#0#second", "{}"));
  Style style = narrow();
  style.height = 10;
  const auto lines = draw(view, kStart, 0, style);
  EXPECT_LE(lines.size(), 10u);
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  EXPECT_NE(all.find("s250 "), std::string::npos) << all;
  EXPECT_NE(all.find("494 more steps"), std::string::npos) << all;
  EXPECT_NE(all.find("1/500 steps"), std::string::npos) << all;
}

TEST(ConsoleTree, OnlyTheNewestIterationOfALoopIsShown) {
  RunView view("loop", {{"poll", "while"}});
  view.apply(event("step_completed", "poll#0#ask", R"({"result":{}})"));
  view.apply(event("step_started", "poll#1#ask", "{}"));
  const auto lines = draw(view, kStart, 0, narrow());
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_NE(lines[1].find("iteration 1"), std::string::npos) << lines[1];
  EXPECT_NE(lines[2].find("ask"), std::string::npos) << lines[2];
}

TEST(ConsoleTree, TextOfARunCannotSteerTheTerminal) {
  RunView view = two_steps();
  view.apply(event("step_failed", "load",
                   R"({"error":{"code":"lua_error","message":"\u001b[2Jgone\u009b31m\r\n"}})"));
  for (const std::string& line : draw(view, kStart, 0, narrow())) {
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    EXPECT_EQ(line.find("\xC2\x9B"), std::string::npos);
    EXPECT_EQ(line.find('\r'), std::string::npos);
  }
}

TEST(ConsolePlain, OneLinePerEventThatMatters) {
  EXPECT_EQ(plain_line(event("step_completed", "b", R"({"skipped":true,"reason":"condition"})")),
            to_rfc3339(kStart) + "  b  step_completed  condition");
  EXPECT_EQ(
      plain_line(event("step_failed", "b", R"({"error":{"code":"timeout","message":"5 s"}})")),
      to_rfc3339(kStart) + "  b  step_failed  timeout: 5 s");
  EXPECT_EQ(plain_line(event("step_progress", "b", R"({"done":1,"failed":0,"total":2})")), "");
}

TEST(ConsoleStyle, LengthsOfTimeReadNaturally) {
  EXPECT_EQ(duration_text(40'000), "0.0s");
  EXPECT_EQ(duration_text(59'990'000), "59.9s");
  EXPECT_EQ(duration_text(185'000'000), "3m 05s");
  EXPECT_EQ(duration_text(7'800'000'000), "2h 10m");
}

}  // namespace
}  // namespace troupe::console
