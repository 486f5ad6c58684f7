#include "runtime/outward/llm_step.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "runtime/json/read.h"
#include "runtime/json/write.h"
#include "runtime/llm/price.h"

namespace troupe::outward {
namespace {

using json::Kind;

Error wrong(std::string_view field, std::string_view what) {
  return {Code::kInvalidField, "\"" + std::string(field) + "\" " + std::string(what), {}};
}

/// A field's value; nothing if it is absent or null.
std::optional<std::string_view> field(std::string_view object, std::string_view name) {
  const auto value = json::member(object, name);
  if (!value || json::kind(*value) == Kind::kNull) return std::nullopt;
  return value;
}

std::string as_text(std::string_view value) {
  return json::kind(value) == Kind::kString ? json::decode_string(value) : json::compact(value);
}

std::string text_field(std::string_view object, std::string_view name) {
  const auto value = field(object, name);
  return value ? as_text(*value) : std::string();
}

Result<llm::Part> part_of(std::string_view raw) {
  const std::string type = text_field(raw, "type");
  if (type == "text") return llm::Part(text_field(raw, "text"));
  llm::Image image;
  if (type == "image_url") {
    const auto url = field(raw, "image_url");
    const bool is_object = url && json::kind(*url) == Kind::kObject;
    if (url) image.url = is_object ? text_field(*url, "url") : as_text(*url);
  } else if (type == "image") {
    image.media_type = text_field(raw, "media_type");
    image.base64 = text_field(raw, "data");
  } else {
    return wrong("messages", "has a part that is neither text nor image");
  }
  const bool is_whole = !image.url.empty() || (!image.media_type.empty() && !image.base64.empty());
  if (!is_whole) return wrong("messages", "has an image without an address or data");
  return llm::Part(std::move(image));
}

Status add_parts(std::string_view content, llm::Message& message) {
  if (json::kind(content) != Kind::kArray) {
    message.parts.emplace_back(as_text(content));
    return ok();
  }
  Status status = ok();
  json::for_each_element(content, [&](std::string_view raw) {
    auto part = part_of(raw);
    if (part) message.parts.push_back(*std::move(part));
    else status = std::move(part).error();
    return status.ok();
  });
  return status;
}

Status add_message(std::string_view raw, llm::Question& question) {
  const std::string role = text_field(raw, "role");
  const auto content = field(raw, "content");
  if (!content) return wrong("messages", "has one without content");
  if (role == "system" || role == "developer") {
    if (!question.system.empty()) question.system += "\n\n";
    question.system += as_text(*content);
    return ok();
  }
  if (role != "user" && role != "assistant") {
    return wrong("messages", "has a role that is none of system, user, assistant");
  }
  llm::Message message;
  message.role = role == "user" ? llm::Role::kUser : llm::Role::kAssistant;
  if (Status added = add_parts(*content, message); !added) return added;
  question.messages.push_back(std::move(message));
  return ok();
}

std::string_view name_of(llm::Finish finish) {
  switch (finish) {
    case llm::Finish::kStop: return "stop";
    case llm::Finish::kLength: return "length";
    case llm::Finish::kToolUse: return "tool_calls";
    case llm::Finish::kFiltered: return "content_filter";
    case llm::Finish::kRefused: return "refusal";
    case llm::Finish::kPaused: return "pause";
    case llm::Finish::kOther: break;
  }
  return "other";
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// What stands between the marks of a text that is one fenced block; else the text.
std::string_view unfenced(std::string_view text) {
  constexpr std::string_view kFence = "```";
  if (text.size() < 7 || !text.starts_with(kFence) || !text.ends_with(kFence)) return text;
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos || line + kFence.size() >= text.size()) return text;
  return trimmed(text.substr(line, text.size() - kFence.size() - line));
}

}  // namespace

Result<llm::Question> question_of(std::string_view fields) {
  llm::Question question;
  question.model = text_field(fields, "model");
  question.system = text_field(fields, "system");
  if (const auto messages = field(fields, "messages")) {
    if (json::kind(*messages) != Kind::kArray) return wrong("messages", "must be a list");
    Status status = ok();
    json::for_each_element(*messages, [&](std::string_view raw) {
      status = add_message(raw, question);
      return status.ok();
    });
    if (!status) return std::move(status).error();
  }
  if (const auto prompt = field(fields, "prompt")) {
    question.messages.push_back({llm::Role::kUser, {as_text(*prompt)}, {}});
  }
  if (question.messages.empty()) return wrong("messages", "must have one of a user");
  if (const auto schema = field(fields, "response_schema")) question.response_schema = *schema;
  if (const auto params = field(fields, "llm_params")) {
    if (json::kind(*params) != Kind::kObject) return wrong("llm_params", "must be an object");
    question.params = *params;
  }
  return question;
}

json::Text json_in(std::string_view text) {
  const std::string_view inner = unfenced(trimmed(text));
  if (!inner.starts_with('{') && !inner.starts_with('[')) return {};
  auto value = json::Text::parse(std::string(inner), {.bytes_max = std::size_t{8} << 20});
  return value ? *std::move(value) : json::Text();
}

json::Text llm_result_of(const llm::Reply& reply) {
  constexpr std::string_view kOwn[] = {"text", "json", "usage", "model", "finish_reason"};
  json::Writer out;
  out.begin_object().member("text", reply.text);
  const json::Text value = json_in(reply.text);
  if (!value.empty()) out.member_raw("json", value.view());
  out.key("usage");
  llm::write_usage(out, reply.usage);
  out.member("model", reply.model).member("finish_reason", name_of(reply.finish));
  json::for_each_member(value.view(), [&](std::string_view name, std::string_view member) {
    const bool is_own = std::find(std::begin(kOwn), std::end(kOwn), name) != std::end(kOwn);
    if (!is_own) out.member_raw(name, member);
    return true;
  });
  return out.end_object().take_text();
}

}  // namespace troupe::outward
