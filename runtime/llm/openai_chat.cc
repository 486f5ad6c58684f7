// OpenAI Chat Completions, which most other servers of models speak as well.
#include <map>

#include "runtime/llm/wire.h"

namespace troupe::llm {
namespace {

void write_content(json::Writer& out, const Message& message) {
  if (!has_images(message)) {
    out.member("content", text_of(message));
    return;
  }
  out.key("content").begin_array();
  for (const Part& part : message.parts) {
    if (const auto* const text = std::get_if<std::string>(&part)) {
      out.begin_object().member("type", "text").member("text", *text).end_object();
    } else if (const auto* const image = std::get_if<Image>(&part)) {
      out.begin_object().member("type", "image_url").key("image_url").begin_object();
      out.member("url", image_url(*image)).end_object().end_object();
    }
  }
  out.end_array();
}

void write_assistant(json::Writer& out, const Message& message) {
  out.begin_object().member("role", "assistant").member("content", text_of(message));
  bool begun = false;
  for (const Part& part : message.parts) {
    const auto* const use = std::get_if<ToolUse>(&part);
    if (use == nullptr) continue;
    if (!begun) out.key("tool_calls").begin_array();
    begun = true;
    out.begin_object().member("id", use->id).member("type", "function").key("function");
    out.begin_object().member("name", use->name).member("arguments", use->arguments);
    out.end_object().end_object();
  }
  if (begun) out.end_array();
  out.end_object();
}

/// Results are messages of their own here.
void write_user(json::Writer& out, const Message& message) {
  bool says_more = false;
  for (const Part& part : message.parts) {
    if (const auto* const result = std::get_if<ToolResult>(&part)) {
      out.begin_object().member("role", "tool").member("tool_call_id", result->id);
      out.member("content", result->content).end_object();
    } else {
      says_more = true;
    }
  }
  if (!says_more) return;
  out.begin_object().member("role", "user");
  write_content(out, message);
  out.end_object();
}

Usage usage_of(std::string_view raw) {
  Usage usage;
  usage.cache_read = count_at(raw, "/prompt_tokens_details/cached_tokens");
  usage.input = std::max<std::int64_t>(0, count_at(raw, "/prompt_tokens") - usage.cache_read);
  usage.output = count_at(raw, "/completion_tokens");
  usage.reasoning = count_at(raw, "/completion_tokens_details/reasoning_tokens");
  return usage;
}

Finish finish_of(std::string_view reason) {
  if (reason == "stop") return Finish::kStop;
  if (reason == "length") return Finish::kLength;
  if (reason == "tool_calls" || reason == "function_call") return Finish::kToolUse;
  return reason == "content_filter" ? Finish::kFiltered : Finish::kOther;
}

class Reader final : public ReplyReader {
 public:
  Status on_event(const SseEvent& event, const OnText& on_text) override {
    if (event.data == "[DONE]") {
      done_ = true;
      return ok();
    }
    const auto chunk = parsed(event.data);
    if (!chunk) return chunk.error();
    return take(chunk->view(), "/delta", on_text);
  }
  Result<Reply> whole(std::string_view body) override {
    const auto value = parsed(body);
    if (!value) return value.error();
    if (Status taken = take(value->view(), "/message", {}); !taken) return std::move(taken).error();
    return end();
  }
  Result<Reply> end() override {
    if (!finished_ && !done_) return broken_off();
    for (auto& [index, use] : uses_) reply_.tool_uses.push_back(std::move(use));
    if (!reply_.tool_uses.empty()) reply_.finish = Finish::kToolUse;
    return std::move(reply_);
  }

 private:
  Status take(std::string_view json, std::string_view where, const OnText& on_text) {
    if (const std::string_view error = value_at(json, "/error"); error != "null") {
      return told_failure(text_at(error, "/type") + text_at(error, "/code"),
                          text_at(error, "/message"));
    }
    if (reply_.model.empty()) reply_.model = text_at(json, "/model");
    if (const std::string_view usage = value_at(json, "/usage"); usage != "null") {
      reply_.usage = usage_of(usage);
      reply_.raw_usage = usage;
    }
    const std::string_view choice = value_at(json, "/choices/0");
    const std::string_view said = value_at(choice, where);
    const std::string text = text_at(said, "/content");
    reply_.text += text;
    if (!text.empty() && on_text) on_text(text);
    std::uint64_t place = 0;
    json::for_each_element(value_at(said, "/tool_calls"), [&](std::string_view call) {
      const std::string_view index = value_at(call, "/index");
      const std::int64_t named = count_at(call, "/index");
      ToolUse& use = uses_[index == "null" ? place : static_cast<std::uint64_t>(named)];
      ++place;
      if (use.id.empty()) use.id = text_at(call, "/id");
      if (use.name.empty()) use.name = text_at(call, "/function/name");
      use.arguments += text_at(call, "/function/arguments");
      return true;
    });
    if (const std::string reason = text_at(choice, "/finish_reason"); !reason.empty()) {
      finished_ = true;
      reply_.finish = finish_of(reason);
    }
    if (!text_at(said, "/refusal").empty()) {
      reply_.text += text_at(said, "/refusal");
      refused_ = true;
    }
    if (refused_) reply_.finish = Finish::kRefused;
    return ok();
  }

  Reply reply_;
  std::map<std::uint64_t, ToolUse> uses_;  ///< by the index that fragments name
  bool finished_ = false, done_ = false, refused_ = false;
};

}  // namespace

std::unique_ptr<ReplyReader> openai_chat_reader() { return std::make_unique<Reader>(); }

std::string openai_chat_body(const Question& question) {
  json::Writer out;
  out.begin_object().member("model", question.model).key("messages").begin_array();
  if (!question.system.empty()) {
    out.begin_object().member("role", "system").member("content", question.system).end_object();
  }
  for (const Message& message : question.messages) {
    if (message.role == Role::kAssistant) write_assistant(out, message);
    else write_user(out, message);
  }
  out.end_array();
  if (!question.tools.empty()) {
    out.key("tools").begin_array();
    for (const Tool& tool : question.tools) {
      out.begin_object().member("type", "function").key("function").begin_object();
      out.member("name", tool.name).member("description", tool.description);
      out.member_raw("parameters", tool.parameters).end_object().end_object();
    }
    out.end_array();
  }
  if (!question.response_schema.empty()) {
    out.key("response_format").begin_object().member("type", "json_schema").key("json_schema");
    out.begin_object().member("name", "answer").member_raw("schema", question.response_schema);
    out.end_object().end_object();
  }
  if (question.streams) {
    out.member("stream", true).member_raw("stream_options", R"({"include_usage":true})");
  }
  write_params(out, question.params,
               {"model", "messages", "tools", "response_format", "stream", "stream_options"});
  return out.end_object().take();
}

}  // namespace troupe::llm
