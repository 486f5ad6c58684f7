// Google Gemini (generateContent).
#include "runtime/llm/wire.h"

namespace troupe::llm {
namespace {

void write_result(json::Writer& out, const ToolResult& result) {
  out.key("functionResponse").begin_object();
  if (!result.id.empty()) out.member("id", result.id);
  out.member("name", result.name).key("response").begin_object();
  // The API wants an object: what is one already is still put under a name, so that none is lost.
  out.member(result.is_error ? "error" : "output", result.content);
  out.end_object().end_object();
}

void write_part(json::Writer& out, const Part& part) {
  out.begin_object();
  if (const auto* const text = std::get_if<std::string>(&part)) {
    out.member("text", *text);
  } else if (const auto* const image = std::get_if<Image>(&part)) {
    if (image->url.empty()) {
      out.key("inlineData").begin_object().member("mimeType", image->media_type);
      out.member("data", image->base64).end_object();
    } else {
      out.key("fileData").begin_object().member("fileUri", image->url).end_object();
    }
  } else if (const auto* const use = std::get_if<ToolUse>(&part)) {
    out.key("functionCall").begin_object().member("id", use->id).member("name", use->name);
    out.member_raw("args", object_or_empty(use->arguments)).end_object();
  } else {
    write_result(out, std::get<ToolResult>(part));
  }
  out.end_object();
}

/// What the model said goes back as it came where it is known: its parts carry signatures.
void write_message(json::Writer& out, const Message& message) {
  out.begin_object().member("role", message.role == Role::kUser ? "user" : "model");
  if (!message.echo.empty()) {
    out.member_raw("parts", message.echo).end_object();
    return;
  }
  out.key("parts").begin_array();
  for (const Part& part : message.parts) write_part(out, part);
  out.end_array().end_object();
}

Usage usage_of(std::string_view raw) {
  Usage usage;
  usage.cache_read = count_at(raw, "/cachedContentTokenCount");
  usage.input = std::max<std::int64_t>(0, count_at(raw, "/promptTokenCount") - usage.cache_read);
  usage.reasoning = count_at(raw, "/thoughtsTokenCount");
  usage.output = count_at(raw, "/candidatesTokenCount") + usage.reasoning;
  return usage;
}

Finish finish_of(std::string_view reason) {
  if (reason == "STOP") return Finish::kStop;
  if (reason == "MAX_TOKENS") return Finish::kLength;
  for (const std::string_view filtered : {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT",
                                          "SPII", "IMAGE_SAFETY"}) {
    if (reason == filtered) return Finish::kFiltered;
  }
  return Finish::kOther;
}

class Reader final : public ReplyReader {
 public:
  Status on_event(const SseEvent& event, const OnText& on_text) override {
    const auto value = parsed(event.data);
    if (!value) return value.error();
    return take(value->view(), on_text);
  }
  Result<Reply> whole(std::string_view body) override {
    const auto value = parsed(body);
    if (!value) return value.error();
    if (Status taken = take(value->view(), {}); !taken) return std::move(taken).error();
    return end();
  }
  Result<Reply> end() override {
    if (!finished_) return broken_off();
    if (is_signed_) reply_.echo = "[" + parts_ + "]";
    if (!reply_.tool_uses.empty()) reply_.finish = Finish::kToolUse;
    return std::move(reply_);
  }

 private:
  Status take(std::string_view json, const OnText& on_text) {
    if (const std::string_view error = value_at(json, "/error"); error != "null") {
      return told_failure(text_at(error, "/status"), text_at(error, "/message"));
    }
    if (const std::string model = text_at(json, "/modelVersion"); !model.empty()) {
      reply_.model = model;
    }
    if (const std::string_view usage = value_at(json, "/usageMetadata"); usage != "null") {
      reply_.usage = usage_of(usage);
      reply_.raw_usage = usage;
    }
    if (value_at(json, "/promptFeedback/blockReason") != "null") {
      finished_ = true;
      reply_.finish = Finish::kFiltered;
    }
    const std::string_view candidate = value_at(json, "/candidates/0");
    json::for_each_element(value_at(candidate, "/content/parts"), [&](std::string_view part) {
      take_part(part, on_text);
      return true;
    });
    if (const std::string reason = text_at(candidate, "/finishReason"); !reason.empty()) {
      finished_ = true;
      reply_.finish = finish_of(reason);
    }
    return ok();
  }
  void take_part(std::string_view part, const OnText& on_text) {
    parts_.append(parts_.empty() ? "" : ",").append(part);
    is_signed_ = is_signed_ || value_at(part, "/thoughtSignature") != "null";
    if (const std::string_view call = value_at(part, "/functionCall"); call != "null") {
      std::string id = text_at(call, "/id");
      if (id.empty()) id = "call_" + std::to_string(reply_.tool_uses.size() + 1);
      reply_.tool_uses.push_back({std::move(id), text_at(call, "/name"),
                                  object_or_empty(value_at(call, "/args"))});
      return;
    }
    if (value_at(part, "/thought") == "true") return;
    const std::string text = text_at(part, "/text");
    reply_.text += text;
    if (!text.empty() && on_text) on_text(text);
  }

  Reply reply_;
  std::string parts_;
  bool finished_ = false, is_signed_ = false;
};

}  // namespace

std::unique_ptr<ReplyReader> gemini_reader() { return std::make_unique<Reader>(); }

std::string gemini_body(const Question& question) {
  json::Writer out;
  out.begin_object();
  if (!question.system.empty()) {
    out.key("systemInstruction").begin_object().key("parts").begin_array().begin_object();
    out.member("text", question.system).end_object().end_array().end_object();
  }
  out.key("contents").begin_array();
  for (const Message& message : question.messages) write_message(out, message);
  out.end_array();
  if (!question.tools.empty()) {
    out.key("tools").begin_array().begin_object().key("functionDeclarations").begin_array();
    for (const Tool& tool : question.tools) {
      out.begin_object().member("name", tool.name).member("description", tool.description);
      out.member_raw("parametersJsonSchema", tool.parameters).end_object();
    }
    out.end_array().end_object().end_array();
  }
  out.key("generationConfig").begin_object();
  if (!question.response_schema.empty()) {
    out.member("responseMimeType", "application/json");
    out.member_raw("responseJsonSchema", question.response_schema);
  }
  write_params(out, question.params, {"responseMimeType", "responseJsonSchema"});
  return out.end_object().end_object().take();
}

}  // namespace troupe::llm
