#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/llm/message.h"
#include "runtime/llm/sse.h"
#include "runtime/port/egress.h"

namespace troupe::llm {

/// How a provider is spoken with.
enum class Dialect : std::uint8_t { kOpenAiChat, kOpenAiResponses, kAnthropic, kGemini };
std::string_view name(Dialect dialect);  ///< "openai_chat", "openai_responses", …
std::optional<Dialect> parse_dialect(std::string_view name);

/// Reads one answer as it comes. Unknown events and members are skipped: providers add some.
class ReplyReader {
 public:
  /// A piece of text, as it arrives.
  using OnText = std::function<void(std::string_view)>;

  virtual ~ReplyReader() = default;
  /// kUpstreamFailed (or kRateLimited, kUnavailable) where the stream itself tells of a failure,
  /// kInvalidJson for an event that is none.
  virtual Status on_event(const SseEvent& event, const OnText& on_text) = 0;
  /// What the whole body of an answer without a stream says.
  virtual Result<Reply> whole(std::string_view body) = 0;
  /// After the stream's last byte. kOutcomeUnknown: it broke off before its end.
  virtual Result<Reply> end() = 0;
};

/// The request without its time and limits. `base_url` has no slash at its end; the key may be
/// empty where the provider wants none. kInvalidRequest: the question has what the provider cannot
/// be told.
Result<EgressRequest> request_of(Dialect dialect, std::string_view base_url, std::string_view key,
                                 const Question& question);
std::unique_ptr<ReplyReader> reader_of(Dialect dialect);

/// The provider's own public address, without a slash at its end.
std::string_view default_base_url(Dialect dialect);

}  // namespace troupe::llm
