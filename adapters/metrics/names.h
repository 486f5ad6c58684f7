#pragma once

#include <span>
#include <string_view>

namespace troupe::metrics {

enum class Kind { kCounter, kGauge, kHistogram };
/// Which bounds a histogram has.
enum class Buckets { kNone, kSeconds, kLongSeconds, kRecords };

/// One metric without the prefix `troupe_`. Label names are empty where there are fewer than two.
struct Name {
  Kind kind;
  std::string_view name;
  std::string_view label1;
  std::string_view label2;
  Buckets buckets;
  std::string_view help;
};

std::span<const Name> names();

}  // namespace troupe::metrics
