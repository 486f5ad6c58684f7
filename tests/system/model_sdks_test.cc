// The stub of model providers is no better than it knows them: the vendors' own SDKs judge it.
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "tests/support/json_value.h"
#include "tests/support/process.h"
#include "tests/support/stub_models.h"
#include "tests/system/node_package.h"

namespace troupe::testing {
namespace {

using llm::Dialect;

StubModels::Say answer(const StubModels::Asked& asked) {
  StubModels::Say say;
  say.usage = {.input = 11, .output = 7};
  if (asked.last == "fail") {
    say.status = 429;
    say.error = R"({"error":{"type":"rate_limit_error","message":"slow down","code":429}})";
  } else if (asked.last == "use a tool") {
    say.tools = {{"call_a", "f", R"({"x":1})"}, {"call_b", "f", R"({"x":2})"}};
  } else {
    say.pieces = {"Hel", "lo \"you\"\n", "é"};
  }
  return say;
}

TEST(ModelSdks, HearFromTheStubWhatItSays) {
  StubModels stub(answer);
  const Outcome installed = install_packages(TROUPE_MODELS_FOLDER);
  ASSERT_EQ(installed.exit, 0) << installed.out << installed.err;
  const Outcome judged = run_program(
      {.arguments = {TROUPE_NODE, "judge.js"},
       .environment = {{"OPENAI_URL", stub.url(Dialect::kOpenAiChat)},
                       {"ANTHROPIC_URL", stub.url(Dialect::kAnthropic)},
                       {"GOOGLE_URL", stub.url(Dialect::kGemini)}},
       .directory = TROUPE_MODELS_FOLDER},
      60'000);
  ASSERT_EQ(judged.exit, 0) << judged.out << judged.err;
  const std::map<std::string, std::pair<std::string, std::string>> kFinish = {
      {"chat", {"stop", "tool_calls"}},
      {"responses", {"completed", "completed"}},
      {"messages", {"end_turn", "tool_use"}},
      {"content", {"STOP", "STOP"}}};
  std::map<std::string, int> heard;
  std::istringstream lines(judged.out);
  for (std::string line; std::getline(lines, line);) {
    const Json said = parse_json(line);
    const std::string who = text_at(said, "/who");
    const int turn = heard[who]++;
    if (turn == 2) {
      EXPECT_EQ(int_at(said, "/status"), 429) << line;
      continue;
    }
    const auto& finish = kFinish.at(who.substr(0, who.find(' ')));
    EXPECT_EQ(int_at(said, "/usage/input"), 11) << line;
    EXPECT_EQ(int_at(said, "/usage/output"), 7) << line;
    EXPECT_EQ(text_at(said, "/text"), turn == 0 ? "Hello \"you\"\né" : "") << line;
    EXPECT_EQ(boost::json::serialize(at(said, "/tools")),
              turn == 0 ? "[]"
                        : R"([{"name":"f","arguments":{"x":1}},{"name":"f","arguments":{"x":2}}])")
        << line;
    EXPECT_EQ(text_at(said, "/finish"), turn == 0 ? finish.first : finish.second) << line;
  }
  for (const char* who : {"chat", "responses", "messages", "content"}) {
    EXPECT_EQ(heard[who], 3) << who << judged.out;
    EXPECT_EQ(heard[std::string(who) + " stream"], 2) << who;
  }
}

}  // namespace
}  // namespace troupe::testing
