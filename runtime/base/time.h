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

constexpr Duration milliseconds(std::int64_t n) { return {n * 1000}; }
constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000}; }
constexpr TimePoint operator+(TimePoint t, Duration d) { return {t.us + d.us}; }
constexpr Duration operator-(TimePoint a, TimePoint b) { return {a.us - b.us}; }

/// RFC 3339 in UTC with milliseconds, such as 2026-11-22T03:01:00.250Z.
std::string to_rfc3339(TimePoint time);
/// Accepts any RFC 3339 date-time (offset or Z, up to nanoseconds); nothing else.
std::optional<TimePoint> parse_rfc3339(std::string_view text);

}  // namespace troupe
