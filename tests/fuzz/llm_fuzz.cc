#include <string>
#include <string_view>

#include "runtime/base/ensure.h"
#include "runtime/json/text.h"
#include "runtime/llm/dialect.h"
#include "runtime/llm/script.h"
#include "runtime/outward/llm_step.h"
#include "tests/fuzz/entries.h"

namespace troupe::fuzz {
namespace {

constexpr std::size_t kEventMax = 4096;

/// What a stream of a provider comes to, fed in pieces of this size: its words, or its code.
std::string heard(llm::Dialect dialect, std::string_view bytes, std::size_t piece) {
  const auto reader = llm::reader_of(dialect);
  std::string live;
  llm::SseReader events(kEventMax, [&](const llm::SseEvent& event) {
    return reader->on_event(event, [&](std::string_view text) { live += text; });
  });
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (Status fed = events.feed(bytes.substr(at, piece)); !fed) {
      return std::string(info(fed.error().code).name);
    }
  }
  const auto reply = reader->end();
  if (!reply) return std::string(info(reply.error().code).name);
  // An answer in the shape of a tool's arguments stands for all that was said before it.
  const bool in_shape = bytes.find("structured_answer") != std::string_view::npos;
  TROUPE_ENSURE(in_shape || reply->text == live);
  const json::Text result = outward::llm_result_of(*reply);
  TROUPE_ENSURE(json::Text::parse(std::string(result.view())).ok());
  return reply->text;
}

}  // namespace

// What model providers say, whole and as a stream: any bytes are an answer or a failure, the same
// in whatever pieces they come, and what is shown live is what the answer says.
void fuzz_llm(std::string_view bytes) {
  for (const auto dialect : {llm::Dialect::kOpenAiChat, llm::Dialect::kOpenAiResponses,
                             llm::Dialect::kAnthropic, llm::Dialect::kGemini}) {
    TROUPE_ENSURE(heard(dialect, bytes, 1) == heard(dialect, bytes, 7));
    TROUPE_ENSURE(heard(dialect, bytes, 1) == heard(dialect, bytes, bytes.size() + 1));
    const auto whole = llm::reader_of(dialect)->whole(bytes);
    if (whole) outward::llm_result_of(*whole);
  }
  if (const auto question = outward::question_of("{}"); question) TROUPE_ENSURE(false);
  if (auto fields = json::Text::parse(std::string(bytes))) {
    const auto question = outward::question_of(fields->view());
    if (question) {
      for (const auto dialect : {llm::Dialect::kOpenAiChat, llm::Dialect::kOpenAiResponses,
                                 llm::Dialect::kAnthropic, llm::Dialect::kGemini}) {
        const auto request = llm::request_of(dialect, "https://x.example", "k", *question);
        if (request) TROUPE_ENSURE(json::Text::parse(request->body).ok());
      }
    }
  }
  llm::ScriptedModel::read(bytes).ok();
}

}  // namespace troupe::fuzz
