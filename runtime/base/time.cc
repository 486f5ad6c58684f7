#include "runtime/base/time.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace troupe {
namespace {

using Days = std::chrono::sys_days;

// What RFC 3339 can write: years of four digits.
constexpr std::int64_t kFirstUs =
    std::int64_t{Days{std::chrono::January / 1 / 0}.time_since_epoch().count()} * 86'400'000'000;
constexpr std::int64_t kLastUs =
    std::int64_t{Days{std::chrono::January / 1 / 10'000}.time_since_epoch().count()} *
        86'400'000'000 -
    1;

/// Reads exactly `digits` decimal digits at `*at` and moves past them; -1 if they are not there.
int read_digits(std::string_view text, std::size_t* at, int digits) {
  int value = 0;
  for (int i = 0; i < digits; ++i, ++*at) {
    if (*at >= text.size() || text[*at] < '0' || text[*at] > '9') return -1;
    value = value * 10 + (text[*at] - '0');
  }
  return value;
}

bool expect(std::string_view text, std::size_t* at, char c) {
  if (*at >= text.size() || text[*at] != c) return false;
  ++*at;
  return true;
}

/// Fraction after the dot, in microseconds; further digits are cut off.
bool read_fraction(std::string_view text, std::size_t* at, std::int64_t* us) {
  *us = 0;
  if (*at >= text.size() || text[*at] != '.') return true;
  ++*at;
  int digits = 0;
  for (; *at < text.size() && text[*at] >= '0' && text[*at] <= '9'; ++*at, ++digits) {
    if (digits < 6) *us = *us * 10 + (text[*at] - '0');
  }
  for (int i = digits; i < 6; ++i) *us *= 10;
  return digits > 0 && digits <= 9;
}

/// Offset from UTC in minutes.
bool read_offset(std::string_view text, std::size_t* at, int* minutes) {
  *minutes = 0;
  if (*at >= text.size()) return false;
  const char sign = text[(*at)++];
  if (sign == 'Z' || sign == 'z') return true;
  if (sign != '+' && sign != '-') return false;
  const int hours = read_digits(text, at, 2);
  if (hours < 0 || hours > 23 || !expect(text, at, ':')) return false;
  const int rest = read_digits(text, at, 2);
  if (rest < 0 || rest > 59) return false;
  *minutes = (hours * 60 + rest) * (sign == '-' ? -1 : 1);
  return true;
}

}  // namespace

std::string to_rfc3339(TimePoint time) {
  const std::chrono::sys_time<std::chrono::microseconds> point{
      std::chrono::microseconds{std::clamp(time.us, kFirstUs, kLastUs)}};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::milliseconds>(point - day)};
  char text[40];
  const int size = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                                 int(date.year()), unsigned(date.month()), unsigned(date.day()),
                                 int(clock.hours().count()), int(clock.minutes().count()),
                                 int(clock.seconds().count()), int(clock.subseconds().count()));
  return {text, static_cast<std::size_t>(size)};
}

std::optional<TimePoint> parse_rfc3339(std::string_view text) {
  std::size_t at = 0;
  const int year = read_digits(text, &at, 4);
  if (year < 0 || !expect(text, &at, '-')) return std::nullopt;
  const int month = read_digits(text, &at, 2);
  if (month < 0 || !expect(text, &at, '-')) return std::nullopt;
  const int day = read_digits(text, &at, 2);
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (day < 0 || !date.ok()) return std::nullopt;
  if (at >= text.size() || (text[at] != 'T' && text[at] != 't' && text[at] != ' ')) {
    return std::nullopt;
  }
  ++at;
  const int hour = read_digits(text, &at, 2);
  if (hour < 0 || hour > 23 || !expect(text, &at, ':')) return std::nullopt;
  const int minute = read_digits(text, &at, 2);
  if (minute < 0 || minute > 59 || !expect(text, &at, ':')) return std::nullopt;
  const int second = read_digits(text, &at, 2);
  if (second < 0 || second > 60) return std::nullopt;
  std::int64_t fraction_us = 0;
  int offset_minutes = 0;
  if (!read_fraction(text, &at, &fraction_us) || !read_offset(text, &at, &offset_minutes) ||
      at != text.size()) {
    return std::nullopt;
  }
  const std::int64_t days = Days{date}.time_since_epoch().count();
  const std::int64_t total_s =
      days * 86400 + hour * 3600 + minute * 60 + second - offset_minutes * 60;
  const std::int64_t us = total_s * 1'000'000 + fraction_us;
  // An offset can lead out of the years that could be written again.
  if (us < kFirstUs || us > kLastUs) return std::nullopt;
  return TimePoint{us};
}

}  // namespace troupe
