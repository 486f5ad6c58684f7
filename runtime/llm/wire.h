#pragma once

#include <string>
#include <string_view>

#include "runtime/json/read.h"
#include "runtime/json/text.h"
#include "runtime/json/write.h"
#include "runtime/llm/dialect.h"

// What the dialects share; nobody else includes it.

namespace troupe::llm {

/// The raw value of a pointer; `null` where it is absent.
std::string_view value_at(std::string_view json, std::string_view pointer);
std::string text_at(std::string_view json, std::string_view pointer);
std::int64_t count_at(std::string_view json, std::string_view pointer);

/// The event's data as JSON, or kInvalidJson.
Result<json::Text> parsed(std::string_view data);
/// A failure that a provider tells of in its own words.
Error told_failure(std::string_view word, std::string_view message);
Error broken_off();

/// Writes the members of the question's params, except those that are the caller's to write.
void write_params(json::Writer& out, std::string_view params,
                  std::initializer_list<std::string_view> except);
/// All text of a message in one.
std::string text_of(const Message& message);
bool has_images(const Message& message);
/// "data:image/png;base64,…" or the address.
std::string image_url(const Image& image);
/// The arguments as an object; {} where a model wrote none or no JSON.
std::string object_or_empty(std::string_view arguments);

std::unique_ptr<ReplyReader> openai_chat_reader();
std::unique_ptr<ReplyReader> openai_responses_reader();
std::unique_ptr<ReplyReader> anthropic_reader();
std::unique_ptr<ReplyReader> gemini_reader();
std::string openai_chat_body(const Question& question);
std::string openai_responses_body(const Question& question);
std::string anthropic_body(const Question& question);
std::string gemini_body(const Question& question);

/// A tool that stands for the answer where a provider knows schemas of tools alone.
inline constexpr std::string_view kAnswerTool = "structured_answer";

}  // namespace troupe::llm
