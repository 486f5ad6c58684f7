#pragma once

#include <cstdint>

#include "runtime/base/time.h"

namespace troupe::store {

// A run's bodies and history lie in a bucket, which goes as a whole. Those of runs that are kept
// for ever lie together by the week of their creation; those of others by the week in which the
// last of them has been kept for as long as its project wanted.

/// The first bucket that goes at some time.
inline constexpr std::uint32_t kFirstExpiring = 1'000'000;

/// Of a run created then in a project that keeps its runs for so many days (0: for ever).
std::uint32_t bucket_of(TimePoint created, std::uint32_t retention_days);
inline bool expires(std::uint32_t bucket) { return bucket >= kFirstExpiring; }
/// The last bucket whose time is over; below kFirstExpiring if there is none.
std::uint32_t last_expired(TimePoint now);
/// When the next one's is.
TimePoint next_expiry(TimePoint now);

}  // namespace troupe::store
