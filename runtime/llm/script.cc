#include "runtime/llm/script.h"

#include <optional>
#include <utility>

#include "runtime/json/read.h"

namespace troupe::llm {
namespace {

constexpr std::string_view kPrompt = "{{prompt}}";

std::string text_at(std::string_view object, std::string_view name) {
  return json::decode_string(json::member(object, name).value_or("null"));
}

std::int64_t count_at(std::string_view object, std::string_view name) {
  return json::as_int(json::member(object, name).value_or("null")).value_or(0);
}

Error wrong(std::size_t number, std::string_view what) {
  return {Code::kConfigInvalid,
          "/replies/" + std::to_string(number) + " " + std::string(what), {}};
}

/// The last message in one text, the last text of a user, and the tool that answered last.
struct Last {
  std::string said, prompt, tool;
};
Last last_of(const Question& question) {
  Last last;
  for (const Message& message : question.messages) {
    Last now{.said = {}, .prompt = last.prompt, .tool = {}};
    for (const Part& part : message.parts) {
      if (const auto* const text = std::get_if<std::string>(&part)) {
        now.said += *text;
        if (message.role == Role::kUser) now.prompt = *text;
      } else if (const auto* const result = std::get_if<ToolResult>(&part)) {
        now.said += result->content;
        now.tool = result->name;
      }
    }
    last = std::move(now);
  }
  return last;
}

std::string filled(std::string text, const std::string& prompt) {
  for (std::size_t at = text.find(kPrompt); at != std::string::npos;
       at = text.find(kPrompt, at + prompt.size())) {
    text.replace(at, kPrompt.size(), prompt);
  }
  return text;
}

}  // namespace

Result<ScriptedModel::Line> ScriptedModel::read_line(std::string_view raw, std::size_t number) {
  Line line;
  if (json::kind(raw) != json::Kind::kObject) return wrong(number, "must be an object");
  const std::string_view when = json::member(raw, "when").value_or("{}");
  line.model = text_at(when, "model");
  line.contains = text_at(when, "contains");
  line.after_tool = text_at(when, "after_tool");
  line.reply.text = text_at(raw, "text");
  const std::string_view usage = json::member(raw, "usage").value_or("{}");
  line.reply.usage.input = count_at(usage, "input");
  line.reply.usage.output = count_at(usage, "output");
  json::for_each_element(
      json::member(raw, "tool_calls").value_or("[]"), [&](std::string_view call) {
        ToolUse use;
        use.name = text_at(call, "name");
        use.arguments = json::compact(json::member(call, "arguments").value_or("{}"));
        line.reply.tool_uses.push_back(std::move(use));
        return true;
      });
  if (!line.reply.tool_uses.empty()) line.reply.finish = Finish::kToolUse;
  if (const auto error = json::member(raw, "error")) {
    const auto code = parse_code(text_at(*error, "code"));
    if (!code) return wrong(number, "has an error whose code is none of Troupe's");
    line.error = Error{*code, text_at(*error, "message"), {}};
  }
  const bool says = !line.reply.text.empty() || !line.reply.tool_uses.empty() || line.error;
  if (!says) return wrong(number, "has neither text nor tool_calls nor error");
  return line;
}

Result<std::shared_ptr<const ScriptedModel>> ScriptedModel::read(std::string_view document) {
  auto parsed = json::Text::parse(std::string(document));
  if (!parsed) return Error{Code::kConfigInvalid, parsed.error().message, {}};
  const auto replies = json::member(parsed->view(), "replies");
  if (!replies || json::kind(*replies) != json::Kind::kArray) {
    return Error{Code::kConfigInvalid, "\"replies\" must be a list", {}};
  }
  auto model = std::make_shared<ScriptedModel>();
  std::optional<Error> failed;
  json::for_each_element(*replies, [&](std::string_view raw) {
    auto line = read_line(raw, model->lines_.size());
    if (line) model->lines_.push_back(*std::move(line));
    else failed = std::move(line).error();
    return !failed;
  });
  if (failed) return *std::move(failed);
  return std::shared_ptr<const ScriptedModel>(std::move(model));
}

Result<Reply> ScriptedModel::answer(const Question& question) const {
  const Last last = last_of(question);
  for (const Line& line : lines_) {
    const bool fits = (line.model.empty() || line.model == question.model) &&
                      (line.contains.empty() || last.said.find(line.contains) != last.said.npos) &&
                      (line.after_tool.empty() || line.after_tool == last.tool);
    if (!fits) continue;
    if (line.error) return *line.error;
    Reply reply = line.reply;
    reply.model = question.model;
    reply.text = filled(std::move(reply.text), last.prompt);
    for (std::size_t i = 0; i < reply.tool_uses.size(); ++i) {
      reply.tool_uses[i].id =
          "call_" + std::to_string(question.messages.size()) + "_" + std::to_string(i);
    }
    return reply;
  }
  return Error{Code::kModelRequestRefused, "No reply of the script fits this question.", {}};
}

}  // namespace troupe::llm
