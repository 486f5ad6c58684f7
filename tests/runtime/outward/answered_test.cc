#include "runtime/outward/answered.h"

#include <gtest/gtest.h>

namespace troupe::outward {
namespace {

EgressResponse answer(int status, std::vector<std::pair<std::string, std::string>> headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = "so\n\x01sorry"};
}

TEST(Answered, AStatusIsAnAnswerOrAFailureOfItsKind) {
  const struct {
    int status;
    std::optional<Code> code;
  } kTable[] = {
      {200, {}},  {204, {}}, {301, {}}, {400, {}}, {401, {}}, {404, {}}, {409, {}}, {422, {}},
      {408, Code::kUnavailable},    {425, Code::kUnavailable},    {429, Code::kRateLimited},
      {500, Code::kUpstreamFailed}, {501, Code::kUpstreamFailed}, {502, Code::kOutcomeUnknown},
      {503, Code::kUnavailable},    {504, Code::kOutcomeUnknown}, {599, Code::kUpstreamFailed},
  };
  for (const auto& row : kTable) {
    const auto failed = failure_of("a.example", answer(row.status));
    ASSERT_EQ(failed.has_value(), row.code.has_value()) << row.status;
    if (!failed) continue;
    EXPECT_FALSE(failed->ok);
    EXPECT_EQ(failed->error.code, *row.code) << row.status;
    EXPECT_EQ(failed->error.message,
              "a.example answered " + std::to_string(row.status) + ": so  sorry");
  }
}

TEST(Answered, HowLongToWaitIsReadInAllItsForms) {
  const auto wait = [](std::string name, std::string value, std::string date = "") {
    return wait_asked(answer(429, {{std::move(name), std::move(value)}, {"date", date}}));
  };
  EXPECT_EQ(wait("retry-after", "7"), seconds(7));
  EXPECT_EQ(wait("retry-after-ms", "250"), milliseconds(250));
  EXPECT_EQ(wait("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:07 GMT"),
            seconds(30));
  EXPECT_EQ(wait("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:50:00 GMT"),
            Duration{});
  EXPECT_EQ(wait("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), Duration{});
  for (const char* nonsense : {"", "-1", "soon", "1.5", "99999999999999999999", "7 "}) {
    EXPECT_EQ(wait("retry-after", nonsense), Duration{}) << nonsense;
  }
}

}  // namespace
}  // namespace troupe::outward
