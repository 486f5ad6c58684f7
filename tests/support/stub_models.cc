#include "tests/support/stub_models.h"

#include <utility>

#include "runtime/json/read.h"
#include "runtime/json/text.h"
#include "runtime/json/write.h"

namespace troupe::testing {
namespace {

using llm::Dialect;
using Asked = StubModels::Asked;
using Say = StubModels::Say;

std::string at(std::string_view json, std::string_view pointer) {
  return std::string(json::at_pointer(json, pointer).value_or("null"));
}

std::string text_at(std::string_view json, std::string_view pointer) {
  return json::decode_string(at(json, pointer));
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  return text;
}

/// The text of a message, which is a string or a list of parts.
std::string content_text(std::string_view content) {
  if (json::kind(content) == json::Kind::kString) return json::decode_string(content);
  std::string text;
  json::for_each_element(content, [&](std::string_view part) {
    text += text_at(part, "/text");
    return true;
  });
  return text;
}

std::string last_text(std::string_view list, std::string_view content) {
  std::string last;
  json::for_each_element(list, [&](std::string_view message) {
    last = content_text(at(message, content));
    return true;
  });
  return last;
}

Asked read_question(const StubHttp::Request& request) {
  Asked asked;
  asked.body = request.body;
  const std::string& path = request.path;
  asked.model = text_at(asked.body, "/model");
  asked.streams = at(asked.body, "/stream") == "true";
  const std::string bearer = request.header("authorization");
  if (bearer.starts_with("Bearer ")) asked.key = bearer.substr(7);
  if (path.ends_with("/chat/completions")) {
    asked.dialect = Dialect::kOpenAiChat;
    asked.last = last_text(at(asked.body, "/messages"), "/content");
  } else if (path.ends_with("/responses")) {
    asked.dialect = Dialect::kOpenAiResponses;
    const std::string input = at(asked.body, "/input");
    asked.last = json::kind(input) == json::Kind::kString ? json::decode_string(input)
                                                          : last_text(input, "/content");
  } else if (path.ends_with("/messages")) {
    asked.dialect = Dialect::kAnthropic;
    asked.key = request.header("x-api-key");
    asked.last = last_text(at(asked.body, "/messages"), "/content");
  } else {
    asked.dialect = Dialect::kGemini;
    asked.key = request.header("x-goog-api-key");
    asked.last = last_text(at(asked.body, "/contents"), "/parts");
    asked.streams = path.find(":streamGenerateContent") != std::string::npos;
    const std::size_t from = path.find("/models/") + 8;
    asked.model = path.substr(from, path.find(':', from) - from);
  }
  return asked;
}

class Teller {
 public:
  Teller(const Asked& asked, const Say& say, StubHttp::Wire& wire)
      : asked_(asked), say_(say), wire_(wire) {}

  void tell() {
    if (say_.status != 200) return wire_.answer(say_.status, say_.error, say_.headers);
    if (!asked_.streams) return wire_.answer(200, whole(), say_.headers);
    wire_.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
               "Transfer-Encoding: chunked\r\n" + say_.headers + "\r\n");
    begin();
    bool is_first = true;
    for (const std::string& text : say_.pieces) {
      piece(text);
      if (std::exchange(is_first, false) && say_.between) say_.between();
    }
    if (say_.breaks_off) return wire_.reset();
    if (say_.hangs) return wire_.wait_closed();
    end();
    wire_.send("0\r\n\r\n");
  }

 private:
  void event(const std::string& data, const std::string& type = "") {
    const std::string text = (type.empty() ? "" : "event: " + type + "\n") + "data: " + data +
                             "\n\n";
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", text.size());
    wire_.send(size + text + "\r\n");
  }

  std::string quoted_model() const { return json::quote(asked_.model); }
  std::int64_t input() const {
    return say_.usage.input + say_.usage.cache_read + say_.usage.cache_write;
  }

  std::string openai_usage(const char* in, const char* out) const {
    const Usage& u = say_.usage;
    return std::string(R"({")") + in + R"(_tokens":)" + std::to_string(input()) + R"(,")" + out +
           R"(_tokens":)" + std::to_string(u.output) + R"(,"total_tokens":)" +
           std::to_string(input() + u.output) + R"(,")" + in +
           R"(_tokens_details":{"cached_tokens":)" + std::to_string(u.cache_read) + R"(},")" + out +
           R"(_tokens_details":{"reasoning_tokens":)" + std::to_string(u.reasoning) + "}}";
  }
  std::string anthropic_usage() const {
    const Usage& u = say_.usage;
    return R"({"input_tokens":)" + std::to_string(u.input) + R"(,"cache_read_input_tokens":)" +
           std::to_string(u.cache_read) + R"(,"cache_creation_input_tokens":)" +
           std::to_string(u.cache_write) + R"(,"output_tokens":)" + std::to_string(u.output) + "}";
  }
  std::string gemini_usage() const {
    const Usage& u = say_.usage;
    return R"({"promptTokenCount":)" + std::to_string(input()) + R"(,"cachedContentTokenCount":)" +
           std::to_string(u.cache_read) + R"(,"candidatesTokenCount":)" +
           std::to_string(u.output - u.reasoning) + R"(,"thoughtsTokenCount":)" +
           std::to_string(u.reasoning) + R"(,"totalTokenCount":)" +
           std::to_string(input() + u.output) + "}";
  }

  std::string chat_chunk(const std::string& delta, const std::string& finish = "null") const {
    return R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":)" +
           quoted_model() + R"(,"choices":[{"index":0,"delta":)" + delta +
           R"(,"finish_reason":)" + finish + "}]}";
  }
  std::string chat_tool(const llm::ToolUse& use, std::size_t index, bool indexed) const {
    return "{" + (indexed ? R"("index":)" + std::to_string(index) + "," : std::string()) +
           R"("id":)" + json::quote(use.id) + R"(,"type":"function","function":{"name":)" +
           json::quote(use.name) + R"(,"arguments":)" + json::quote(use.arguments) + "}}";
  }
  std::string call_item(const llm::ToolUse& use) const {
    return R"({"type":"function_call","id":"fc_)" + use.id +
           R"(","status":"completed","call_id":)" + json::quote(use.id) + R"(,"name":)" +
           json::quote(use.name) + R"(,"arguments":)" +
           json::quote(use.arguments) + "}";
  }
  std::string message_item(const std::string& text) const {
    return R"({"type":"message","id":"msg_1","role":"assistant","status":"completed","content":)"
           R"([{"type":"output_text","annotations":[],"text":)" + json::quote(text) + "}]}";
  }
  std::string response(const std::string& output, const std::string& status) const {
    std::string text = R"({"id":"resp_1","object":"response","created_at":1,"status":")" + status +
                       R"(","model":)" + quoted_model() + R"(,"output":)" + output +
                       R"(,"parallel_tool_calls":true,"tools":[],"error":null)";
    if (status == "completed") text += R"(,"usage":)" + openai_usage("input", "output");
    return text + "}";
  }
  std::string outputs() const {
    std::string items = "[";
    if (!say_.pieces.empty()) items += message_item(joined(say_.pieces));
    for (const llm::ToolUse& use : say_.tools) {
      items += (items.size() > 1 ? "," : "") + call_item(use);
    }
    return items + "]";
  }
  std::string anthropic_message(const std::string& content, const std::string& reason) const {
    return R"({"id":"msg_1","type":"message","role":"assistant","model":)" + quoted_model() +
           R"(,"content":)" + content + R"(,"stop_reason":)" + reason +
           R"(,"stop_sequence":null,"usage":)" + anthropic_usage() + "}";
  }
  std::string anthropic_reason() const {
    return say_.tools.empty() ? R"("end_turn")" : R"("tool_use")";
  }
  std::string gemini_part(const llm::ToolUse& use) const {
    return R"({"functionCall":{"id":)" + json::quote(use.id) + R"(,"name":)" +
           json::quote(use.name) + R"(,"args":)" + use.arguments + "}}";
  }
  std::string gemini(const std::string& parts, bool last) const {
    return R"({"modelVersion":)" + quoted_model() +
           R"(,"candidates":[{"index":0,"content":{"role":"model","parts":[)" + parts + "]}" +
           (last ? R"(,"finishReason":"STOP")" : "") + R"(}],"usageMetadata":)" + gemini_usage() +
           "}";
  }

  std::string whole() const {
    const std::string text = joined(say_.pieces);
    std::string tools;
    for (std::size_t i = 0; i < say_.tools.size(); ++i) {
      const llm::ToolUse& use = say_.tools[i];
      if (!tools.empty()) tools += ",";
      if (asked_.dialect == Dialect::kOpenAiChat) tools += chat_tool(use, i, false);
      if (asked_.dialect == Dialect::kGemini) tools += gemini_part(use);
      if (asked_.dialect == Dialect::kAnthropic) tools += tool_block(use, use.arguments);
    }
    switch (asked_.dialect) {
      case Dialect::kOpenAiChat:
        return R"({"id":"chatcmpl-1","object":"chat.completion","created":1,"model":)" +
               quoted_model() +
               R"(,"choices":[{"index":0,"message":{"role":"assistant","content":)" +
               (text.empty() ? "null" : json::quote(text)) +
               (tools.empty() ? "" : R"(,"tool_calls":[)" + tools + "]") +
               R"(},"finish_reason":)" + (tools.empty() ? R"("stop")" : R"("tool_calls")") +
               R"(}],"usage":)" + openai_usage("prompt", "completion") + "}";
      case Dialect::kOpenAiResponses: return response(outputs(), "completed");
      case Dialect::kAnthropic: {
        std::string content;
        if (!text.empty()) content = R"({"type":"text","text":)" + json::quote(text) + "}";
        if (!content.empty() && !tools.empty()) content += ",";
        return anthropic_message("[" + content + tools + "]", anthropic_reason());
      }
      case Dialect::kGemini: break;
    }
    std::string parts = text.empty() ? "" : R"({"text":)" + json::quote(text) + "}";
    if (!parts.empty() && !tools.empty()) parts += ",";
    return gemini(parts + tools, true);
  }

  std::string tool_block(const llm::ToolUse& use, const std::string& input) const {
    return R"({"type":"tool_use","id":)" + json::quote(use.id) + R"(,"name":)" +
           json::quote(use.name) + R"(,"input":)" + input + "}";
  }
  void anthropic(const std::string& type, const std::string& rest) {
    event(R"({"type":")" + type + "\"" + (rest.empty() ? "" : "," + rest) + "}", type);
  }
  void responses(const std::string& type, const std::string& rest) {
    event(R"({"type":")" + type + R"(","sequence_number":)" + std::to_string(sequence_++) + "," +
              rest + "}",
          type);
  }

  void begin() {
    switch (asked_.dialect) {
      case Dialect::kOpenAiChat:
        return event(chat_chunk(R"({"role":"assistant","content":""})"));
      case Dialect::kOpenAiResponses:
        responses("response.created", R"("response":)" + response("[]", "in_progress"));
        if (say_.pieces.empty()) return;
        responses("response.output_item.added",
                  R"("output_index":0,"item":{"type":"message","id":"msg_1","role":"assistant",)"
                  R"("status":"in_progress","content":[]})");
        return responses("response.content_part.added",
                         R"("item_id":"msg_1","output_index":0,"content_index":0,"part":)"
                         R"({"type":"output_text","annotations":[],"text":""})");
      case Dialect::kAnthropic:
        anthropic("message_start", R"("message":)" + anthropic_message("[]", "null"));
        if (say_.pieces.empty()) return;
        return anthropic("content_block_start",
                         R"("index":0,"content_block":{"type":"text","text":""})");
      case Dialect::kGemini: return;
    }
  }

  void piece(const std::string& text) {
    const std::string quoted = json::quote(text);
    switch (asked_.dialect) {
      case Dialect::kOpenAiChat: return event(chat_chunk(R"({"content":)" + quoted + "}"));
      case Dialect::kOpenAiResponses:
        return responses("response.output_text.delta",
                         R"("item_id":"msg_1","output_index":0,"content_index":0,"logprobs":[],)"
                         R"("delta":)" + quoted);
      case Dialect::kAnthropic:
        return anthropic("content_block_delta",
                         R"("index":0,"delta":{"type":"text_delta","text":)" + quoted + "}");
      case Dialect::kGemini: return event(gemini(R"({"text":)" + quoted + "}", false));
    }
  }

  void end() {
    switch (asked_.dialect) {
      case Dialect::kOpenAiChat: return end_chat();
      case Dialect::kOpenAiResponses: return end_responses();
      case Dialect::kAnthropic: return end_anthropic();
      case Dialect::kGemini: break;
    }
    std::string parts;
    for (const llm::ToolUse& use : say_.tools) {
      parts += (parts.empty() ? "" : ",") + gemini_part(use);
    }
    event(gemini(parts.empty() ? R"({"text":""})" : parts, true));
  }

  void end_chat() {
    for (std::size_t i = 0; i < say_.tools.size(); ++i) {
      event(chat_chunk(R"({"tool_calls":[)" + chat_tool(say_.tools[i], i, true) + "]}"));
    }
    event(chat_chunk("{}", say_.tools.empty() ? R"("stop")" : R"("tool_calls")"));
    event(R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":)" +
          quoted_model() + R"(,"choices":[],"usage":)" + openai_usage("prompt", "completion") +
          "}");
    event("[DONE]");
  }

  void end_responses() {
    int index = 0;
    if (!say_.pieces.empty()) {
      const std::string text = json::quote(joined(say_.pieces));
      responses("response.output_text.done",
                R"("item_id":"msg_1","output_index":0,"content_index":0,"logprobs":[],"text":)" +
                    text);
      responses("response.output_item.done",
                R"("output_index":0,"item":)" + message_item(joined(say_.pieces)));
      index = 1;
    }
    for (const llm::ToolUse& use : say_.tools) {
      const std::string place = R"("output_index":)" + std::to_string(index++);
      const llm::ToolUse empty{use.id, use.name, ""};
      responses("response.output_item.added", place + R"(,"item":)" + call_item(empty));
      responses("response.function_call_arguments.delta",
                place + R"(,"item_id":"fc_)" + use.id + R"(","delta":)" +
                    json::quote(use.arguments));
      responses("response.output_item.done", place + R"(,"item":)" + call_item(use));
    }
    responses("response.completed", R"("response":)" + response(outputs(), "completed"));
  }

  void end_anthropic() {
    int index = 0;
    if (!say_.pieces.empty()) {
      anthropic("content_block_stop", R"("index":)" + std::to_string(index++));
    }
    for (const llm::ToolUse& use : say_.tools) {
      const std::string place = R"("index":)" + std::to_string(index++);
      anthropic("content_block_start", place + R"(,"content_block":)" + tool_block(use, "{}"));
      anthropic("content_block_delta",
                place + R"(,"delta":{"type":"input_json_delta","partial_json":)" +
                    json::quote(use.arguments) + "}");
      anthropic("content_block_stop", place);
    }
    anthropic("message_delta", R"("delta":{"stop_reason":)" + anthropic_reason() +
                                   R"(,"stop_sequence":null},"usage":)" + anthropic_usage());
    anthropic("message_stop", "");
  }

  const Asked& asked_;
  const Say& say_;
  StubHttp::Wire& wire_;
  int sequence_ = 0;
};

}  // namespace

StubModels::StubModels(Answer answer)
    : answer_(std::move(answer)), server_([this](const auto& request, auto& wire) {
        serve(request, wire);
      }) {}

std::string StubModels::url(Dialect dialect) const {
  const bool has_version = dialect == Dialect::kOpenAiChat || dialect == Dialect::kOpenAiResponses;
  return server_.url(has_version ? "/v1" : "");
}

std::vector<Asked> StubModels::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void StubModels::serve(const StubHttp::Request& request, StubHttp::Wire& wire) {
  const Asked asked = read_question(request);
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(asked);
  }
  const Say say = answer_(asked);
  Teller(asked, say, wire).tell();
}

}  // namespace troupe::testing
