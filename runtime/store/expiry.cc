#include "runtime/store/expiry.h"

namespace troupe::store {
namespace {

constexpr std::int64_t kDayUs = 24ll * 3600 * 1'000'000;
constexpr std::int64_t kWeekUs = 7 * kDayUs;

}  // namespace

std::uint32_t bucket_of(TimePoint created, std::uint32_t retention_days) {
  const std::int64_t until = created.us + static_cast<std::int64_t>(retention_days) * kDayUs;
  const auto week = static_cast<std::uint32_t>(until / kWeekUs);
  return retention_days == 0 ? week : kFirstExpiring + week;
}

std::uint32_t last_expired(TimePoint now) {
  return kFirstExpiring + static_cast<std::uint32_t>(now.us / kWeekUs) - 1;
}

TimePoint next_expiry(TimePoint now) { return TimePoint{(now.us / kWeekUs + 1) * kWeekUs}; }

}  // namespace troupe::store
