// What each provider is told, and what its answers say, whole and as a stream.
#include "runtime/llm/dialect.h"

#include <gtest/gtest.h>

#include "runtime/json/text.h"

namespace troupe::llm {
namespace {

constexpr Dialect kDialects[] = {Dialect::kOpenAiChat, Dialect::kOpenAiResponses,
                                 Dialect::kAnthropic, Dialect::kGemini};

/// What a provider says in a stream, and how it says the same at once.
struct Said {
  Dialect dialect;
  std::vector<std::string> stream;
  std::string whole;
};

Result<Reply> read(Dialect dialect, const std::vector<std::string>& events,
                   std::string* live = nullptr) {
  const auto reader = reader_of(dialect);
  for (const std::string& data : events) {
    Status taken = reader->on_event({"", data}, [&](std::string_view text) {
      if (live != nullptr) live->append(text);
    });
    if (!taken) return std::move(taken).error();
  }
  return reader->end();
}

std::string shown(const Result<Reply>& reply) {
  if (!reply) return std::string(info(reply.error().code).name) + ": " + reply.error().message;
  std::string text = reply->model + " says '" + reply->text + "'";
  for (const ToolUse& use : reply->tool_uses) {
    text += " " + use.id + "=" + use.name + use.arguments;
  }
  const Usage& usage = reply->usage;
  for (const std::int64_t count : {usage.input, usage.cache_read, usage.cache_write, usage.output,
                                   usage.reasoning}) {
    text += " " + std::to_string(count);
  }
  return text + " finish " + std::to_string(static_cast<int>(reply->finish));
}

const Said kText[] = {
    {Dialect::kOpenAiChat,
     {R"({"model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})",
      R"({"model":"m-1","obfuscation":"x","choices":[{"index":0,"delta":{"content":"Hel"}}]})",
      R"({"model":"m-1","choices":[{"index":0,"delta":{"content":"lo"}}]})",
      R"({"model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})",
      R"({"model":"m-1","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,)"
      R"("prompt_tokens_details":{"cached_tokens":4},)"
      R"("completion_tokens_details":{"reasoning_tokens":2}}})",
      "[DONE]"},
     R"({"model":"m-1","choices":[{"message":{"role":"assistant","content":"Hello"},)"
     R"("finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,)"
     R"("prompt_tokens_details":{"cached_tokens":4},)"
     R"("completion_tokens_details":{"reasoning_tokens":2}}})"},
    {Dialect::kOpenAiResponses,
     {R"({"type":"response.created","response":{"model":"m-1"}})",
      R"({"type":"response.output_text.delta","delta":"Hel"})",
      R"({"type":"response.output_text.delta","delta":"lo"})",
      R"({"type":"response.output_item.done","item":{"type":"message","content":[]}})",
      R"({"type":"response.completed","response":{"model":"m-1","usage":{"input_tokens":10,)"
      R"("output_tokens":5,"input_tokens_details":{"cached_tokens":4},)"
      R"("output_tokens_details":{"reasoning_tokens":2}}}})"},
     R"({"model":"m-1","status":"completed","output":[{"type":"message","content":)"
     R"([{"type":"output_text","text":"Hello"}]}],"usage":{"input_tokens":10,)"
     R"("output_tokens":5,"input_tokens_details":{"cached_tokens":4},)"
     R"("output_tokens_details":{"reasoning_tokens":2}}})"},
    {Dialect::kAnthropic,
     {R"({"type":"message_start","message":{"model":"m-1","usage":{"input_tokens":6,)"
      R"("cache_read_input_tokens":4,"output_tokens":1}}})",
      R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
      R"({"type":"ping"})",
      R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}})",
      R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}})",
      R"({"type":"content_block_stop","index":0})",
      R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}})",
      R"({"type":"message_stop"})"},
     R"({"type":"message","model":"m-1","content":[{"type":"text","text":"Hello"}],)"
     R"("stop_reason":"end_turn","usage":{"input_tokens":6,"cache_read_input_tokens":4,)"
     R"("output_tokens":5}})"},
    {Dialect::kGemini,
     {R"({"modelVersion":"m-1","candidates":[{"content":{"parts":[{"text":"Hel"}]}}],)"
      R"("usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":4,)"
      R"("candidatesTokenCount":1}})",
      R"({"modelVersion":"m-1","candidates":[{"content":{"parts":[{"text":"mm","thought":true},)"
      R"({"text":"lo"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,)"
      R"("cachedContentTokenCount":4,"candidatesTokenCount":3,"thoughtsTokenCount":2}})"},
     R"({"modelVersion":"m-1","candidates":[{"content":{"parts":[{"text":"Hello"}]},)"
     R"("finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,)"
     R"("cachedContentTokenCount":4,"candidatesTokenCount":3,"thoughtsTokenCount":2}})"},
};

TEST(LlmDialect, ATextIsTheSameWholeAndAsAStreamAndForwardedAsItComes) {
  for (const Said& said : kText) {
    std::string expected = "m-1 says 'Hello' 6 4 0 5 2 finish 0";
    if (said.dialect == Dialect::kAnthropic) expected = "m-1 says 'Hello' 6 4 0 5 0 finish 0";
    std::string live;
    EXPECT_EQ(shown(read(said.dialect, said.stream, &live)), expected) << name(said.dialect);
    EXPECT_EQ(live, "Hello") << name(said.dialect);
    EXPECT_EQ(shown(reader_of(said.dialect)->whole(said.whole)), expected) << name(said.dialect);
  }
}

TEST(LlmDialect, AStreamThatBreaksOffIsNoAnswer) {
  for (const Said& said : kText) {
    // The last events of the first two only count and close.
    const std::size_t needed = said.dialect == Dialect::kOpenAiChat ? 3 : said.stream.size() - 1;
    for (std::size_t kept = 0; kept <= needed; ++kept) {
      const auto reply =
          read(said.dialect, {said.stream.begin(), said.stream.begin() + static_cast<long>(kept)});
      ASSERT_FALSE(reply) << name(said.dialect) << " after " << kept;
      EXPECT_EQ(reply.error().code, Code::kOutcomeUnknown);
    }
  }
}

const Said kTools[] = {
    {Dialect::kOpenAiChat,
     {R"({"model":"m","choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","type":"function",)"
      R"("function":{"name":"f","arguments":""}}]}}]})",
      R"({"model":"m","choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","type":"function",)"
      R"("function":{"name":"g","arguments":"{}"}}]}}]})",
      R"({"model":"m","choices":[{"delta":{"tool_calls":[{"index":0,"function":)"
      R"({"arguments":"{\"x\":"}}]}}]})",
      R"({"model":"m","choices":[{"delta":{"tool_calls":[{"index":0,"function":)"
      R"({"arguments":"1}"}}]}}]})",
      R"({"model":"m","choices":[{"delta":{},"finish_reason":"tool_calls"}]})", "[DONE]"},
     R"({"model":"m","choices":[{"message":{"content":null,"tool_calls":[{"id":"a","function":)"
     R"({"name":"f","arguments":"{\"x\":1}"}},{"id":"b","function":{"name":"g",)"
     R"("arguments":"{}"}}]},"finish_reason":"tool_calls"}]})"},
    {Dialect::kOpenAiResponses,
     {R"({"type":"response.output_item.added","item":{"type":"function_call","call_id":"a"}})",
      R"({"type":"response.function_call_arguments.delta","delta":"{\"x\""})",
      R"({"type":"response.output_item.done","item":{"type":"function_call","call_id":"a",)"
      R"("name":"f","arguments":"{\"x\":1}"}})",
      R"({"type":"response.output_item.done","item":{"type":"function_call","call_id":"b",)"
      R"("name":"g","arguments":"{}"}})",
      R"({"type":"response.completed","response":{"model":"m"}})"},
     R"({"model":"m","status":"completed","output":[{"type":"function_call","call_id":"a",)"
     R"("name":"f","arguments":"{\"x\":1}"},{"type":"function_call","call_id":"b","name":"g",)"
     R"("arguments":"{}"}]})"},
    {Dialect::kAnthropic,
     {R"({"type":"message_start","message":{"model":"m"}})",
      R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a",)"
      R"("name":"f","input":{}}})",
      R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta",)"
      R"("partial_json":"{\"x\":"}})",
      R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta",)"
      R"("partial_json":"1}"}})",
      R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"b",)"
      R"("name":"g","input":{}}})",
      R"({"type":"message_delta","delta":{"stop_reason":"tool_use"}})",
      R"({"type":"message_stop"})"},
     R"({"type":"message","model":"m","content":[{"type":"tool_use","id":"a","name":"f",)"
     R"("input":{"x":1}},{"type":"tool_use","id":"b","name":"g","input":{}}],)"
     R"("stop_reason":"tool_use"})"},
    {Dialect::kGemini,
     {R"({"modelVersion":"m","candidates":[{"content":{"parts":[{"functionCall":{"id":"a",)"
      R"("name":"f","args":{"x":1}}}]}}]})",
      R"({"modelVersion":"m","candidates":[{"content":{"parts":[{"functionCall":{"id":"b",)"
      R"("name":"g"}}]},"finishReason":"STOP"}]})"},
     R"({"modelVersion":"m","candidates":[{"content":{"parts":[{"functionCall":{"id":"a",)"
     R"("name":"f","args":{"x":1}}},{"functionCall":{"id":"b","name":"g"}}]},)"
     R"("finishReason":"STOP"}]})"},
};

TEST(LlmDialect, ToolsThatAreAskedForAreFoundHoweverTheyArePutInPieces) {
  for (const Said& said : kTools) {
    const std::string expected = "m says '' a=f{\"x\":1} b=g{} 0 0 0 0 0 finish 2";
    EXPECT_EQ(shown(read(said.dialect, said.stream)), expected) << name(said.dialect);
    EXPECT_EQ(shown(reader_of(said.dialect)->whole(said.whole)), expected) << name(said.dialect);
  }
}

TEST(LlmDialect, AFailureInTheStreamIsOneOfItsKind) {
  const struct {
    Dialect dialect;
    const char* event;
    Code code;
  } kTable[] = {
      {Dialect::kOpenAiChat, R"({"error":{"type":"server_error","message":"x"}})",
       Code::kUpstreamFailed},
      {Dialect::kOpenAiChat, R"({"error":{"code":"rate_limit_exceeded","message":"x"}})",
       Code::kRateLimited},
      {Dialect::kOpenAiResponses,
       R"({"type":"response.failed","response":{"error":{"code":"server_error","message":"x"}}})",
       Code::kUpstreamFailed},
      {Dialect::kOpenAiResponses, R"({"type":"error","code":"rate_limit_exceeded","message":"x"})",
       Code::kRateLimited},
      {Dialect::kAnthropic,
       R"({"type":"error","error":{"type":"overloaded_error","message":"x"}})",
       Code::kUnavailable},
      {Dialect::kGemini, R"({"error":{"status":"RESOURCE_EXHAUSTED","message":"x"}})",
       Code::kRateLimited},
      {Dialect::kGemini, R"({"error":)", Code::kInvalidJson},
      {Dialect::kAnthropic, "oops", Code::kInvalidJson},
  };
  for (const auto& row : kTable) {
    const auto reply = read(row.dialect, {row.event});
    ASSERT_FALSE(reply) << row.event;
    EXPECT_EQ(reply.error().code, row.code) << row.event;
  }
}

TEST(LlmDialect, EventsOfAnyShapeDoNoHarm) {
  for (const Dialect dialect : kDialects) {
    for (const char* event :
         {"{}", "[]", "null", "7", "\"x\"", R"({"type":7,"choices":{},"error":null})",
          R"({"choices":[{"delta":{"tool_calls":[{"index":-1},{"index":1e300},7]}}]})",
          R"({"candidates":[{"content":{"parts":[1,{}]}}]})",
          R"({"type":"content_block_delta","index":"x","delta":[]})",
          R"({"type":"response.output_item.done"})"}) {
      EXPECT_FALSE(read(dialect, {event})) << event;
    }
  }
}

Question question() {
  Question question;
  question.model = "m-1";
  question.system = "Be brief.";
  Message asked{Role::kUser, {std::string("What is this?"), Image{"", "image/png", "aGk="}}, ""};
  Message said{
      Role::kAssistant, {std::string("Let me see."), ToolUse{"c1", "look", R"({"x":1})"}}, ""};
  Message told{Role::kUser, {ToolResult{"c1", "look", "a cat", false}}, ""};
  question.messages = {asked, said, told};
  question.tools = {{"look", "Looks.", R"({"type":"object"})"}};
  question.params = R"({"temperature":0.5,"model":"evil","messages":[],"stream":false})";
  return question;
}

std::string body(Dialect dialect, const Question& question) {
  const auto request = request_of(dialect, "https://a.example", "key", question);
  EXPECT_TRUE(request);
  EXPECT_TRUE(json::Text::parse(request->body)) << request->body;
  return request ? request->body : "";
}

TEST(LlmDialect, AQuestionIsPutAsEachProviderWantsIt) {
  EXPECT_EQ(body(Dialect::kOpenAiChat, question()),
            R"({"model":"m-1","messages":[{"role":"system","content":"Be brief."},)"
            R"({"role":"user","content":[{"type":"text","text":"What is this?"},)"
            R"({"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]},)"
            R"({"role":"assistant","content":"Let me see.","tool_calls":[{"id":"c1",)"
            R"("type":"function","function":{"name":"look","arguments":"{\"x\":1}"}}]},)"
            R"({"role":"tool","tool_call_id":"c1","content":"a cat"}],"tools":[{"type":"function",)"
            R"("function":{"name":"look","description":"Looks.","parameters":{"type":"object"}}}],)"
            R"("stream":true,"stream_options":{"include_usage":true},"temperature":0.5})");
  EXPECT_EQ(body(Dialect::kOpenAiResponses, question()),
            R"({"model":"m-1","instructions":"Be brief.","input":[{"role":"user","content":[)"
            R"({"type":"input_text","text":"What is this?"},{"type":"input_image",)"
            R"("image_url":"data:image/png;base64,aGk="}]},{"role":"assistant","content":[)"
            R"({"type":"output_text","text":"Let me see."}]},{"type":"function_call",)"
            R"("call_id":"c1","name":"look","arguments":"{\"x\":1}"},)"
            R"({"type":"function_call_output","call_id":"c1","output":"a cat"}],"tools":[)"
            R"({"type":"function","name":"look","description":"Looks.","strict":false,)"
            R"("parameters":{"type":"object"}}],"store":false,)"
            R"("include":["reasoning.encrypted_content"],"stream":true,"temperature":0.5,)"
            R"("messages":[]})");
  EXPECT_EQ(body(Dialect::kAnthropic, question()),
            R"({"model":"m-1","max_tokens":4096,"system":"Be brief.","messages":[{"role":"user",)"
            R"("content":[{"type":"text","text":"What is this?"},{"type":"image","source":)"
            R"({"type":"base64","media_type":"image/png","data":"aGk="}}]},{"role":"assistant",)"
            R"("content":[{"type":"text","text":"Let me see."},{"type":"tool_use","id":"c1",)"
            R"("name":"look","input":{"x":1}}]},{"role":"user","content":[{"type":"tool_result",)"
            R"("tool_use_id":"c1","content":"a cat"}]}],"tools":[{"name":"look",)"
            R"("description":"Looks.","input_schema":{"type":"object"}}],"stream":true,)"
            R"("temperature":0.5})");
  EXPECT_EQ(body(Dialect::kGemini, question()),
            R"({"systemInstruction":{"parts":[{"text":"Be brief."}]},"contents":[{"role":"user",)"
            R"("parts":[{"text":"What is this?"},{"inlineData":{"mimeType":"image/png",)"
            R"("data":"aGk="}}]},{"role":"model","parts":[{"text":"Let me see."},{"functionCall":)"
            R"({"id":"c1","name":"look","args":{"x":1}}}]},{"role":"user","parts":[)"
            R"({"functionResponse":{"id":"c1","name":"look","response":{"output":"a cat"}}}]}],)"
            R"("tools":[{"functionDeclarations":[{"name":"look","description":"Looks.",)"
            R"("parametersJsonSchema":{"type":"object"}}]}],"generationConfig":)"
            R"({"temperature":0.5,"model":"evil","messages":[],"stream":false}})");
}

TEST(LlmDialect, KeysStandWhereTheirProviderLooksForThem) {
  const auto header = [](Dialect dialect, std::string_view name) {
    const auto request = request_of(dialect, default_base_url(dialect), "k", question());
    for (const auto& [key, value] : request->headers) {
      if (key == name) return value;
    }
    return std::string();
  };
  EXPECT_EQ(header(Dialect::kOpenAiChat, "Authorization"), "Bearer k");
  EXPECT_EQ(header(Dialect::kOpenAiResponses, "Authorization"), "Bearer k");
  EXPECT_EQ(header(Dialect::kAnthropic, "x-api-key"), "k");
  EXPECT_EQ(header(Dialect::kAnthropic, "anthropic-version"), "2023-06-01");
  EXPECT_EQ(header(Dialect::kGemini, "x-goog-api-key"), "k");
  for (const Dialect dialect : kDialects) {
    const auto request = request_of(dialect, default_base_url(dialect), "k", question());
    EXPECT_EQ(request->url.find("k="), std::string::npos) << request->url;
    EXPECT_EQ(parse_dialect(name(dialect)), dialect);
  }
  Question evil = question();
  for (const char* model : {"", "../x", "a b", "a?b", "a#b", "a\r\nb", "a%2e"}) {
    evil.model = model;
    EXPECT_FALSE(request_of(Dialect::kGemini, "https://a.example", "k", evil)) << model;
  }
}

TEST(LlmDialect, WhatAProviderWantsBackComesBackUnchanged) {
  const auto thinking = read(
      Dialect::kAnthropic,
      {R"({"type":"message_start","message":{"model":"m"}})",
       R"({"type":"content_block_start","index":0,)"
       R"("content_block":{"type":"thinking","thinking":""}})",
       R"({"type":"content_block_delta","index":0,)"
       R"("delta":{"type":"thinking_delta","thinking":"so"}})",
       R"({"type":"content_block_delta","index":0,)"
       R"("delta":{"type":"signature_delta","signature":"s=="}})",
       R"({"type":"content_block_start","index":1,)"
       R"("content_block":{"type":"redacted_thinking","data":"d"}})",
       R"({"type":"content_block_start","index":2,"content_block":{"type":"text","text":"Yes"}})",
       R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})",
       R"({"type":"message_stop"})"});
  ASSERT_TRUE(thinking);
  EXPECT_EQ(thinking->echo, R"([{"type":"thinking","thinking":"so","signature":"s=="},)"
                            R"({"type":"redacted_thinking","data":"d"}])");
  Question again = question();
  again.messages = {{Role::kAssistant, {thinking->text}, thinking->echo}};
  EXPECT_NE(body(Dialect::kAnthropic, again)
                .find(R"("content":[{"type":"thinking","thinking":"so","signature":"s=="},)"
                      R"({"type":"redacted_thinking","data":"d"},{"type":"text","text":"Yes"}])"),
            std::string::npos);
  const auto reasoned =
      read(Dialect::kOpenAiResponses,
           {R"({"type":"response.output_item.done","item":{"type":"reasoning","id":"r"}})",
            R"({"type":"response.completed","response":{"model":"m"}})"});
  EXPECT_EQ(reasoned->echo, R"([{"type":"reasoning","id":"r"}])");
  const auto signed_part =
      read(Dialect::kGemini, {R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"},)"
                              R"("thoughtSignature":"s"}]},"finishReason":"STOP"}]})"});
  EXPECT_EQ(signed_part->echo, R"([{"functionCall":{"name":"f"},"thoughtSignature":"s"}])");
  again.messages = {{Role::kAssistant, {signed_part->tool_uses[0]}, signed_part->echo}};
  EXPECT_NE(body(Dialect::kGemini, again).find(R"("parts":[{"functionCall":{"name":"f"},)"),
            std::string::npos);
}

TEST(LlmDialect, AnAnswerByASchemaIsAskedForInEachProvidersWay) {
  Question by_schema = question();
  by_schema.tools.clear();
  by_schema.params.clear();
  by_schema.response_schema = R"({"type":"object","required":["n"]})";
  EXPECT_NE(
      body(Dialect::kOpenAiChat, by_schema).find(R"("response_format":{"type":"json_schema")"),
      std::string::npos);
  EXPECT_NE(body(Dialect::kOpenAiResponses, by_schema).find(R"("format":{"type":"json_schema")"),
            std::string::npos);
  EXPECT_NE(body(Dialect::kGemini, by_schema).find(R"("responseJsonSchema":{"type":"object")"),
            std::string::npos);
  EXPECT_NE(body(Dialect::kAnthropic, by_schema)
                .find(R"("tool_choice":{"type":"tool","name":"structured_answer"})"),
            std::string::npos);
  std::string live;
  const auto reply = read(
      Dialect::kAnthropic,
      {R"({"type":"message_start","message":{"model":"m"}})",
       R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a",)"
       R"("name":"structured_answer","input":{}}})",
       R"({"type":"content_block_delta","index":0,"delta":{"partial_json":"{\"n\":1}"}})",
       R"({"type":"message_delta","delta":{"stop_reason":"tool_use"}})",
       R"({"type":"message_stop"})"},
      &live);
  EXPECT_EQ(shown(reply), "m says '{\"n\":1}' 0 0 0 0 0 finish 0");
  EXPECT_EQ(live, "{\"n\":1}");
}

}  // namespace
}  // namespace troupe::llm
