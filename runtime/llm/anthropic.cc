// Anthropic Messages.
#include <map>

#include "runtime/llm/wire.h"

namespace troupe::llm {
namespace {

constexpr std::int64_t kTokensMax = 4096;  ///< where the question does not say; the API needs one

void write_part(json::Writer& out, const Part& part) {
  out.begin_object();
  if (const auto* const text = std::get_if<std::string>(&part)) {
    out.member("type", "text").member("text", *text);
  } else if (const auto* const image = std::get_if<Image>(&part)) {
    out.member("type", "image").key("source").begin_object();
    if (image->url.empty()) {
      out.member("type", "base64").member("media_type", image->media_type);
      out.member("data", image->base64);
    } else {
      out.member("type", "url").member("url", image->url);
    }
    out.end_object();
  } else if (const auto* const use = std::get_if<ToolUse>(&part)) {
    out.member("type", "tool_use").member("id", use->id).member("name", use->name);
    out.member_raw("input", object_or_empty(use->arguments));
  } else {
    const auto& result = std::get<ToolResult>(part);
    out.member("type", "tool_result").member("tool_use_id", result.id);
    out.member("content", result.content);
    if (result.is_error) out.member("is_error", true);
  }
  out.end_object();
}

void write_message(json::Writer& out, const Message& message) {
  out.begin_object().member("role", message.role == Role::kUser ? "user" : "assistant");
  out.key("content").begin_array();
  // Thoughts come before what they led to, and the API refuses texts that say nothing.
  const std::string_view echo = message.echo.empty() ? "[]" : std::string_view(message.echo);
  json::for_each_element(echo, [&](std::string_view block) {
    out.raw(block);
    return true;
  });
  for (const Part& part : message.parts) {
    const auto* const text = std::get_if<std::string>(&part);
    if (text == nullptr || !text->empty()) write_part(out, part);
  }
  out.end_array().end_object();
}

void take_usage(std::string_view raw, Usage& usage) {
  const auto take = [raw](std::string_view name, std::int64_t& into) {
    if (value_at(raw, name) != "null") into = count_at(raw, name);
  };
  take("/input_tokens", usage.input);
  take("/cache_read_input_tokens", usage.cache_read);
  take("/cache_creation_input_tokens", usage.cache_write);
  take("/output_tokens", usage.output);
}

Finish finish_of(std::string_view reason) {
  if (reason == "end_turn" || reason == "stop_sequence") return Finish::kStop;
  if (reason == "max_tokens" || reason == "model_context_window_exceeded") return Finish::kLength;
  if (reason == "tool_use") return Finish::kToolUse;
  if (reason == "pause_turn") return Finish::kPaused;
  return reason == "refusal" ? Finish::kRefused : Finish::kOther;
}

class Reader final : public ReplyReader {
 public:
  Status on_event(const SseEvent& event, const OnText& on_text) override {
    const auto value = parsed(event.data);
    if (!value) return value.error();
    const std::string_view json = value->view();
    const std::string type = text_at(json, "/type");
    if (type == "message_start") {
      reply_.model = text_at(json, "/message/model");
      take_counts(value_at(json, "/message/usage"));
    } else if (type == "content_block_start") {
      begin_block(json, on_text);
    } else if (type == "content_block_delta") {
      add_to_block(json, on_text);
    } else if (type == "message_delta") {
      take_counts(value_at(json, "/usage"));
      reason_ = text_at(json, "/delta/stop_reason");
    } else if (type == "message_stop") {
      finished_ = true;
    } else if (type == "error") {
      return told_failure(text_at(json, "/error/type"), text_at(json, "/error/message"));
    }
    return ok();
  }
  Result<Reply> whole(std::string_view body) override {
    const auto value = parsed(body);
    if (!value) return value.error();
    const std::string_view json = value->view();
    if (text_at(json, "/type") == "error") {
      return told_failure(text_at(json, "/error/type"), text_at(json, "/error/message"));
    }
    reply_.model = text_at(json, "/model");
    take_counts(value_at(json, "/usage"));
    reason_ = text_at(json, "/stop_reason");
    finished_ = !reason_.empty();
    std::uint64_t index = 0;
    json::for_each_element(value_at(json, "/content"), [&](std::string_view raw) {
      Block& block = blocks_[index++];
      block.type = text_at(raw, "/type");
      block.raw = raw;
      if (block.type == "text") reply_.text += text_at(raw, "/text");
      block.thought = text_at(raw, "/thinking");
      block.signature = text_at(raw, "/signature");
      block.use = {text_at(raw, "/id"), text_at(raw, "/name"),
                   std::string(value_at(raw, "/input"))};
      return true;
    });
    return end();
  }
  Result<Reply> end() override {
    if (!finished_) return broken_off();
    reply_.finish = finish_of(reason_);
    std::string echo;
    for (auto& [index, block] : blocks_) {
      if (block.type == "tool_use") end_use(block.use);
      const std::string thought = thought_of(block);
      if (!thought.empty()) echo.append(echo.empty() ? "" : ",").append(thought);
    }
    if (!echo.empty()) reply_.echo = "[" + echo + "]";
    return std::move(reply_);
  }

 private:
  struct Block {
    std::string type, raw, thought, signature;
    ToolUse use;
  };

  void begin_block(std::string_view json, const OnText& on_text) {
    const std::string_view raw = value_at(json, "/content_block");
    Block& block = blocks_[static_cast<std::uint64_t>(count_at(json, "/index"))];
    block.type = text_at(raw, "/type");
    block.raw = raw;
    const std::string text = block.type == "text" ? text_at(raw, "/text") : std::string();
    reply_.text += text;
    block.use = {text_at(raw, "/id"), text_at(raw, "/name"), {}};
    if (!text.empty()) on_text(text);
  }
  void add_to_block(std::string_view json, const OnText& on_text) {
    Block& block = blocks_[static_cast<std::uint64_t>(count_at(json, "/index"))];
    const std::string_view delta = value_at(json, "/delta");
    const std::string text = text_at(delta, "/text");
    const std::string piece = text_at(delta, "/partial_json");
    reply_.text += text;
    block.use.arguments += piece;
    block.thought += text_at(delta, "/thinking");
    block.signature += text_at(delta, "/signature");
    if (!text.empty()) on_text(text);
    if (!piece.empty() && block.use.name == kAnswerTool) on_text(piece);
  }
  /// An answer in the shape of a tool's arguments is an answer.
  void end_use(ToolUse& use) {
    if (use.arguments.empty()) use.arguments = "{}";
    if (use.name != kAnswerTool) {
      reply_.tool_uses.push_back(std::move(use));
      return;
    }
    reply_.text = std::move(use.arguments);
    if (reply_.finish == Finish::kToolUse) reply_.finish = Finish::kStop;
  }
  static std::string thought_of(const Block& block) {
    if (block.type == "redacted_thinking") return block.raw;
    if (block.type != "thinking") return {};
    json::Writer out;
    out.begin_object().member("type", "thinking").member("thinking", block.thought);
    return out.member("signature", block.signature).end_object().take();
  }
  void take_counts(std::string_view raw) {
    if (raw == "null") return;
    take_usage(raw, reply_.usage);
    reply_.raw_usage = raw;
  }

  Reply reply_;
  std::map<std::uint64_t, Block> blocks_;  ///< by the index that events name
  std::string reason_;
  bool finished_ = false;
};

void write_tools(json::Writer& out, const Question& question) {
  const bool must_answer = !question.response_schema.empty();
  if (question.tools.empty() && !must_answer) return;
  out.key("tools").begin_array();
  for (const Tool& tool : question.tools) {
    out.begin_object().member("name", tool.name).member("description", tool.description);
    out.member_raw("input_schema", tool.parameters).end_object();
  }
  if (must_answer) {
    out.begin_object().member("name", kAnswerTool);
    out.member("description", "Give the final answer in this form.");
    out.member_raw("input_schema", question.response_schema).end_object();
  }
  out.end_array();
  if (!must_answer) return;
  // Where there are other tools the model has to be able to use them first.
  out.key("tool_choice").begin_object();
  if (question.tools.empty()) out.member("type", "tool").member("name", kAnswerTool);
  else out.member("type", "any");
  out.end_object();
}

}  // namespace

std::unique_ptr<ReplyReader> anthropic_reader() { return std::make_unique<Reader>(); }

std::string anthropic_body(const Question& question) {
  json::Writer out;
  out.begin_object().member("model", question.model);
  const std::string_view most = question.params.empty()
                                    ? std::string_view("null")
                                    : value_at(question.params, "/max_tokens");
  if (most == "null") out.member("max_tokens", kTokensMax);
  if (!question.system.empty()) out.member("system", question.system);
  out.key("messages").begin_array();
  for (const Message& message : question.messages) write_message(out, message);
  out.end_array();
  write_tools(out, question);
  if (question.streams) out.member("stream", true);
  if (most == "null") {
    write_params(out, question.params,
                 {"model", "max_tokens", "system", "messages", "tools", "tool_choice", "stream"});
  } else {
    write_params(out, question.params,
                 {"model", "system", "messages", "tools", "tool_choice", "stream"});
  }
  return out.end_object().take();
}

}  // namespace troupe::llm
