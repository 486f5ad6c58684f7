#include "runtime/outward/answered.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>

namespace troupe::outward {
namespace {

constexpr std::size_t kWordsMax = 200;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

/// Seconds since 1970 of an IMF-fixdate (RFC 9110 §5.6.7).
std::optional<std::int64_t> http_date(std::string_view text) {
  std::tm parts{};
  std::istringstream in{std::string(text)};
  in.imbue(std::locale::classic());
  in >> std::get_time(&parts, "%a, %d %b %Y %H:%M:%S GMT");
  if (in.fail()) return std::nullopt;
  return std::int64_t{::timegm(&parts)};
}

/// The beginning of a body, as far as people can read it.
std::string words_of(std::string_view body) {
  std::string words;
  for (const char c : body.substr(0, kWordsMax)) {
    words.push_back(c >= 0x20 && c < 0x7f ? c : ' ');
  }
  return words;
}

Code code_of(int status) {
  if (status == 429) return Code::kRateLimited;
  if (status == 408 || status == 425 || status == 503 || status == 529) {
    return Code::kUnavailable;  // 529: what one of the model providers says when it is overloaded
  }
  if (status == 502 || status == 504) return Code::kOutcomeUnknown;
  return Code::kUpstreamFailed;
}

}  // namespace

Duration wait_asked(const EgressResponse& response) {
  constexpr std::int64_t kSecondsMax = 86'400 * 365;
  if (const auto ms = whole_number(response.header("retry-after-ms"))) {
    return milliseconds(std::min(*ms, kSecondsMax * 1000));
  }
  const std::string_view after = response.header("retry-after");
  if (after.empty()) return {};
  if (const auto wait = whole_number(after)) return seconds(std::min(*wait, kSecondsMax));
  // By the clock of whoever says it.
  const auto until = http_date(after), now = http_date(response.header("date"));
  if (!until || !now || *until <= *now) return {};
  return seconds(std::min(*until - *now, kSecondsMax));
}

std::optional<AttemptResult> failure_of(std::string_view host, const EgressResponse& response) {
  const int status = response.status;
  if (status < 500 && status != 408 && status != 425 && status != 429) return std::nullopt;
  AttemptResult failed;
  failed.error.code = code_of(status);
  failed.error.message = std::string(host) + " answered " + std::to_string(status);
  const std::string words = words_of(response.body);
  failed.error.message += words.empty() ? "." : ": " + words;
  failed.wait_min = wait_asked(response);
  return failed;
}

}  // namespace troupe::outward
