#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// An instant in microseconds since 1970-01-01T00:00:00Z. Zero means "none". The domain never asks
/// for the time: instants come in with the event.
struct TimePoint {
  std::int64_t us = 0;
  auto operator<=>(const TimePoint&) const = default;
  bool set() const { return us != 0; }
};

/// A length of time in microseconds.
struct Duration {
  std::int64_t us = 0;
  auto operator<=>(const Duration&) const = default;
};

constexpr Duration operator+(Duration a, Duration b) { return {a.us + b.us}; }
constexpr Duration milliseconds(std::int64_t n) { return {n * 1000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000}; }

/// Both stop at the ends of time: stored instants and asked-for lengths may be anything.
constexpr TimePoint operator+(TimePoint t, Duration d) {
  std::int64_t us = 0;
  if (__builtin_add_overflow(t.us, d.us, &us)) us = d.us < 0 ? INT64_MIN : INT64_MAX;
  return {us};
}
constexpr Duration operator-(TimePoint a, TimePoint b) {
  std::int64_t us = 0;
  if (__builtin_sub_overflow(a.us, b.us, &us)) us = b.us < 0 ? INT64_MAX : INT64_MIN;
  return {us};
}

/// RFC 3339 in UTC with milliseconds, such as 2026-11-22T03:01:00.250Z. Instants outside the years
/// 0 to 9999 are written as the nearest inside.
std::string to_rfc3339(TimePoint time);
/// Accepts any RFC 3339 date-time (offset or Z, up to nanoseconds); nothing else.
std::optional<TimePoint> parse_rfc3339(std::string_view text);

}  // namespace troupe
