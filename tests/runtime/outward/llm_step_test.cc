#include "runtime/outward/llm_step.h"

#include <gtest/gtest.h>

namespace troupe::outward {
namespace {

std::string refusal(std::string_view fields) {
  const auto question = question_of(fields);
  EXPECT_FALSE(question);
  return question ? "" : question.error().message;
}

TEST(LlmStep, APromptIsOneMessageAndMessagesComeBeforeIt) {
  const auto question = question_of(
      R"({"model":"m","system":"Be brief.","messages":[{"role":"system","content":"Really."},)"
      R"({"role":"assistant","content":"Yes?"},)"
      R"({"role":"user","content":[{"type":"text","text":"a"},)"
      R"({"type":"image_url","image_url":{"url":"https://x/y.png"}},{"type":"image",)"
      R"("media_type":"image/png","data":"aGk="}]}],"prompt":{"n":1},"llm_params":{"t":0},)"
      R"("response_schema":{"type":"object"}})");
  ASSERT_TRUE(question) << question.error().message;
  EXPECT_EQ(question->model, "m");
  EXPECT_EQ(question->system, "Be brief.\n\nReally.");
  ASSERT_EQ(question->messages.size(), 3u);
  EXPECT_EQ(question->messages[0].role, llm::Role::kAssistant);
  ASSERT_EQ(question->messages[1].parts.size(), 3u);
  EXPECT_EQ(std::get<llm::Image>(question->messages[1].parts[1]).url, "https://x/y.png");
  EXPECT_EQ(std::get<llm::Image>(question->messages[1].parts[2]).base64, "aGk=");
  EXPECT_EQ(std::get<std::string>(question->messages[2].parts[0]), R"({"n":1})");
  EXPECT_EQ(question->params, R"({"t":0})");
  EXPECT_EQ(question->response_schema, R"({"type":"object"})");
}

TEST(LlmStep, WhatIsNoQuestionIsRefusedByItsField) {
  EXPECT_NE(refusal(R"({"model":"m"})").find("messages"), std::string::npos);
  for (const char* messages :
       {R"("x")", R"([7])", R"([{"role":"user"}])", R"([{"role":"tool","content":"x"}])",
        R"([{"role":"user","content":[{"type":"audio"}]}])",
        R"([{"role":"user","content":[{"type":"image_url"}]}])",
        R"([{"role":"user","content":[{"type":"image","data":"x"}]}])"}) {
    EXPECT_NE(refusal(R"({"messages":)" + std::string(messages) + "}").find("messages"),
              std::string::npos)
        << messages;
  }
  EXPECT_NE(refusal(R"({"prompt":"x","llm_params":[]})").find("llm_params"), std::string::npos);
}

TEST(LlmStep, AResultSaysWhatTheModelSaidAndWhatItCost) {
  llm::Reply reply;
  reply.model = "m-1";
  reply.text = R"({"a":1})";
  reply.usage = {1, 2, 3, 4, 5};
  EXPECT_EQ(llm_result_of(reply).view(),
            R"({"text":"{\"a\":1}","json":{"a":1},"usage":{"input":1,"cache_read":2,)"
            R"("cache_write":3,"output":4,"reasoning":5},"model":"m-1",)"
            R"("finish_reason":"stop","a":1})");
  reply.text = "Hello";
  reply.finish = llm::Finish::kLength;
  EXPECT_EQ(llm_result_of(reply).view(),
            R"({"text":"Hello","usage":{"input":1,"cache_read":2,"cache_write":3,"output":4,)"
            R"("reasoning":5},"model":"m-1","finish_reason":"length"})");
}

TEST(LlmStep, JsonIsFoundAloneOrInOneFence) {
  EXPECT_EQ(json_in(" {\"a\": 1} ").view(), "{\"a\": 1}");
  EXPECT_EQ(json_in("```json\n[1]\n```").view(), "[1]");
  EXPECT_EQ(json_in("```\n{}\n```\n").view(), "{}");
  for (const char* text : {"", "7", "\"x\"", "{oops", "Here: {}", "{} and {}", "```", "``````",
                           "```json\n```", "```{}```"}) {
    EXPECT_TRUE(json_in(text).empty()) << text;
  }
}

}  // namespace
}  // namespace troupe::outward
