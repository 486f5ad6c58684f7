// OpenAI Responses.
#include "runtime/llm/wire.h"

namespace troupe::llm {
namespace {

void write_parts(json::Writer& out, const Message& message) {
  const bool asks = message.role == Role::kUser;
  bool begun = false;
  for (const Part& part : message.parts) {
    const auto* const text = std::get_if<std::string>(&part);
    const auto* const image = std::get_if<Image>(&part);
    if (text == nullptr && image == nullptr) continue;
    if (!begun) {
      out.begin_object().member("role", asks ? "user" : "assistant").key("content").begin_array();
    }
    begun = true;
    if (text != nullptr) {
      out.begin_object().member("type", asks ? "input_text" : "output_text");
      out.member("text", *text).end_object();
    } else {
      out.begin_object().member("type", "input_image").member("image_url", image_url(*image));
      out.end_object();
    }
  }
  if (begun) out.end_array().end_object();
}

void write_items(json::Writer& out, const Message& message) {
  // Reasoning comes before what it led to.
  if (!message.echo.empty()) {
    json::for_each_element(message.echo, [&](std::string_view item) {
      out.raw(item);
      return true;
    });
  }
  for (const Part& part : message.parts) {
    if (const auto* const result = std::get_if<ToolResult>(&part)) {
      out.begin_object().member("type", "function_call_output").member("call_id", result->id);
      out.member("output", result->content).end_object();
    }
  }
  write_parts(out, message);
  for (const Part& part : message.parts) {
    if (const auto* const use = std::get_if<ToolUse>(&part)) {
      out.begin_object().member("type", "function_call").member("call_id", use->id);
      out.member("name", use->name).member("arguments", use->arguments).end_object();
    }
  }
}

Usage usage_of(std::string_view raw) {
  Usage usage;
  usage.cache_read = count_at(raw, "/input_tokens_details/cached_tokens");
  usage.cache_write = count_at(raw, "/input_tokens_details/cache_write_tokens");
  usage.input = std::max<std::int64_t>(
      0, count_at(raw, "/input_tokens") - usage.cache_read - usage.cache_write);
  usage.output = count_at(raw, "/output_tokens");
  usage.reasoning = count_at(raw, "/output_tokens_details/reasoning_tokens");
  return usage;
}

class Reader final : public ReplyReader {
 public:
  Status on_event(const SseEvent& event, const OnText& on_text) override {
    if (event.data == "[DONE]") return ok();  // some servers that speak it say so
    const auto value = parsed(event.data);
    if (!value) return value.error();
    const std::string_view json = value->view();
    const std::string type = text_at(json, "/type");
    if (type == "response.output_text.delta" || type == "response.refusal.delta") {
      const std::string text = text_at(json, "/delta");
      reply_.text += text;
      if (!text.empty()) on_text(text);
    } else if (type == "response.output_item.done") {
      take_item(value_at(json, "/item"));
    } else if (type == "response.completed" || type == "response.incomplete") {
      take_end(value_at(json, "/response"));
    } else if (type == "response.failed") {
      return told_failure(text_at(json, "/response/error/code"),
                          text_at(json, "/response/error/message"));
    } else if (type == "error") {
      return told_failure(text_at(json, "/code"), text_at(json, "/message"));
    }
    return ok();
  }
  Result<Reply> whole(std::string_view body) override {
    const auto value = parsed(body);
    if (!value) return value.error();
    const std::string_view json = value->view();
    if (text_at(json, "/status") == "failed") {
      return told_failure(text_at(json, "/error/code"), text_at(json, "/error/message"));
    }
    json::for_each_element(value_at(json, "/output"), [&](std::string_view item) {
      take_item(item);
      json::for_each_element(value_at(item, "/content"), [&](std::string_view part) {
        reply_.text += text_at(part, "/text") + text_at(part, "/refusal");
        return true;
      });
      return true;
    });
    take_end(json);
    return end();
  }
  Result<Reply> end() override {
    if (!finished_) return broken_off();
    if (!echo_.empty()) reply_.echo = "[" + echo_ + "]";
    if (!reply_.tool_uses.empty()) reply_.finish = Finish::kToolUse;
    else if (refused_) reply_.finish = Finish::kRefused;
    return std::move(reply_);
  }

 private:
  void take_item(std::string_view item) {
    const std::string type = text_at(item, "/type");
    if (type == "function_call") {
      reply_.tool_uses.push_back({text_at(item, "/call_id"), text_at(item, "/name"),
                                  text_at(item, "/arguments")});
    } else if (type == "reasoning") {
      echo_.append(echo_.empty() ? "" : ",").append(item);
    } else if (type == "message") {
      refused_ = refused_ || value_at(item, "/content/0/refusal") != "null";
    }
  }
  void take_end(std::string_view response) {
    finished_ = true;
    reply_.model = text_at(response, "/model");
    const std::string_view usage = value_at(response, "/usage");
    if (usage != "null") {
      reply_.usage = usage_of(usage);
      reply_.raw_usage = usage;
    }
    const std::string why = text_at(response, "/incomplete_details/reason");
    if (why == "max_output_tokens") reply_.finish = Finish::kLength;
    else if (why == "content_filter") reply_.finish = Finish::kFiltered;
    else if (!why.empty()) reply_.finish = Finish::kOther;
  }

  Reply reply_;
  std::string echo_;
  bool finished_ = false, refused_ = false;
};

}  // namespace

std::unique_ptr<ReplyReader> openai_responses_reader() { return std::make_unique<Reader>(); }

std::string openai_responses_body(const Question& question) {
  json::Writer out;
  out.begin_object().member("model", question.model);
  if (!question.system.empty()) out.member("instructions", question.system);
  out.key("input").begin_array();
  for (const Message& message : question.messages) write_items(out, message);
  out.end_array();
  if (!question.tools.empty()) {
    out.key("tools").begin_array();
    for (const Tool& tool : question.tools) {
      out.begin_object().member("type", "function").member("name", tool.name);
      out.member("description", tool.description).member("strict", false);
      out.member_raw("parameters", tool.parameters).end_object();
    }
    out.end_array();
  }
  if (!question.response_schema.empty()) {
    out.key("text").begin_object().key("format").begin_object().member("type", "json_schema");
    out.member("name", "answer").member_raw("schema", question.response_schema);
    out.end_object().end_object();
  }
  // The transcript is ours: nothing is kept there, and what it needs back travels sealed.
  out.member("store", false).member_raw("include", R"(["reasoning.encrypted_content"])");
  if (question.streams) out.member("stream", true);
  write_params(out, question.params,
               {"model", "instructions", "input", "tools", "text", "store", "include", "stream"});
  return out.end_object().take();
}

}  // namespace troupe::llm
