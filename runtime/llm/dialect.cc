#include "runtime/llm/dialect.h"

#include <algorithm>
#include <cctype>

#include "runtime/llm/wire.h"

namespace troupe::llm {
namespace {

constexpr std::string_view kNames[] = {"openai_chat", "openai_responses", "anthropic", "gemini"};

/// A model's name stands in the path of one provider, and nowhere may it be anything else.
bool is_model_name(std::string_view model) {
  return !model.empty() && model.size() <= 200 && model.find("..") == std::string_view::npos &&
         std::all_of(model.begin(), model.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || std::string_view("-_.:/@").find(static_cast<char>(c)) !=
                                              std::string_view::npos;
         });
}

std::string path_of(Dialect dialect, const Question& question) {
  switch (dialect) {
    case Dialect::kOpenAiChat: return "/chat/completions";
    case Dialect::kOpenAiResponses: return "/responses";
    case Dialect::kAnthropic: return "/v1/messages";
    case Dialect::kGemini: break;
  }
  return "/v1beta/models/" + question.model +
         (question.streams ? ":streamGenerateContent?alt=sse" : ":generateContent");
}

std::string body_of(Dialect dialect, const Question& question) {
  switch (dialect) {
    case Dialect::kOpenAiChat: return openai_chat_body(question);
    case Dialect::kOpenAiResponses: return openai_responses_body(question);
    case Dialect::kAnthropic: return anthropic_body(question);
    case Dialect::kGemini: break;
  }
  return gemini_body(question);
}

void add_key(Dialect dialect, std::string_view key, EgressRequest& request) {
  if (dialect == Dialect::kAnthropic) {
    request.headers.emplace_back("anthropic-version", "2023-06-01");
    if (!key.empty()) request.headers.emplace_back("x-api-key", key);
  } else if (!key.empty() && dialect == Dialect::kGemini) {
    request.headers.emplace_back("x-goog-api-key", key);
  } else if (!key.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + std::string(key));
  }
}

}  // namespace

std::string_view name(Dialect dialect) { return kNames[static_cast<std::size_t>(dialect)]; }

std::optional<Dialect> parse_dialect(std::string_view name) {
  const auto* const found = std::find(std::begin(kNames), std::end(kNames), name);
  if (found == std::end(kNames)) return std::nullopt;
  return static_cast<Dialect>(found - std::begin(kNames));
}

std::string_view default_base_url(Dialect dialect) {
  switch (dialect) {
    case Dialect::kOpenAiChat:
    case Dialect::kOpenAiResponses: return "https://api.openai.com/v1";
    case Dialect::kAnthropic: return "https://api.anthropic.com";
    case Dialect::kGemini: break;
  }
  return "https://generativelanguage.googleapis.com";
}

Result<EgressRequest> request_of(Dialect dialect, std::string_view base_url, std::string_view key,
                                 const Question& question) {
  if (!is_model_name(question.model)) {
    return Error{Code::kInvalidRequest, "There is no model of such a name.", {}};
  }
  EgressRequest request;
  request.method = "POST";
  request.url = std::string(base_url) + path_of(dialect, question);
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("Accept",
                               question.streams ? "text/event-stream" : "application/json");
  add_key(dialect, key, request);
  request.body = body_of(dialect, question);
  return request;
}

std::unique_ptr<ReplyReader> reader_of(Dialect dialect) {
  switch (dialect) {
    case Dialect::kOpenAiChat: return openai_chat_reader();
    case Dialect::kOpenAiResponses: return openai_responses_reader();
    case Dialect::kAnthropic: return anthropic_reader();
    case Dialect::kGemini: break;
  }
  return gemini_reader();
}

// ---- what the dialects share --------------------------------------------------------------------

std::string_view value_at(std::string_view json, std::string_view pointer) {
  return json::at_pointer(json, pointer).value_or("null");
}

std::string text_at(std::string_view json, std::string_view pointer) {
  return json::decode_string(value_at(json, pointer));
}

std::int64_t count_at(std::string_view json, std::string_view pointer) {
  const std::string_view value = value_at(json, pointer);
  if (json::kind(value) != json::Kind::kNumber) return 0;
  return std::max<std::int64_t>(0, json::as_int(value).value_or(0));
}

Result<json::Text> parsed(std::string_view data) {
  // What a model may write in one event is bounded by the reader of the stream.
  return json::Text::parse(std::string(data), {.bytes_max = std::size_t{64} << 20});
}

Error told_failure(std::string_view word, std::string_view message) {
  Code code = Code::kUpstreamFailed;
  const auto says = [word](std::string_view part) { return word.find(part) != word.npos; };
  if (says("rate_limit") || says("RESOURCE_EXHAUSTED")) code = Code::kRateLimited;
  else if (says("overloaded") || says("UNAVAILABLE")) code = Code::kUnavailable;
  std::string text = "The model's provider: ";
  text.append(message.empty() ? word : message);
  return {code, std::move(text), {}};
}

Error broken_off() {
  return {Code::kOutcomeUnknown, "The model's answer broke off before its end.", {}};
}

void write_params(json::Writer& out, std::string_view params,
                  std::initializer_list<std::string_view> except) {
  if (params.empty()) return;
  json::for_each_member(params, [&](std::string_view name, std::string_view value) {
    if (std::find(except.begin(), except.end(), name) == except.end()) out.member_raw(name, value);
    return true;
  });
}

std::string text_of(const Message& message) {
  std::string text;
  for (const Part& part : message.parts) {
    if (const auto* const piece = std::get_if<std::string>(&part)) text += *piece;
  }
  return text;
}

bool has_images(const Message& message) {
  return std::any_of(message.parts.begin(), message.parts.end(),
                     [](const Part& part) { return std::holds_alternative<Image>(part); });
}

std::string image_url(const Image& image) {
  if (!image.url.empty()) return image.url;
  return "data:" + image.media_type + ";base64," + image.base64;
}

std::string object_or_empty(std::string_view arguments) {
  const auto value = parsed(arguments);
  if (!value || json::kind(value->view()) != json::Kind::kObject) return "{}";
  return std::string(value->view());
}

}  // namespace troupe::llm
