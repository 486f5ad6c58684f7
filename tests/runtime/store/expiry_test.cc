#include "runtime/store/expiry.h"

#include <gtest/gtest.h>

namespace troupe::testing {
namespace {

constexpr std::int64_t kDayUs = 24ll * 3600 * 1'000'000;

TEST(Expiry, NothingGoesBeforeItsTimeAndEverythingWithinAWeekOfIt) {
  for (std::int64_t created = 20'000 * kDayUs; created < 20'016 * kDayUs; created += kDayUs / 3) {
    for (const std::uint32_t days : {1u, 6u, 7u, 30u, 36'500u}) {
      const std::uint32_t bucket = store::bucket_of({created}, days);
      EXPECT_TRUE(store::expires(bucket));
      const std::int64_t over = created + days * kDayUs;
      EXPECT_LT(store::last_expired({over - 1}), bucket);
      EXPECT_GE(store::last_expired({over + 7 * kDayUs}), bucket);
    }
  }
}

TEST(Expiry, WhatIsKeptForEverIsInNoExpiredBucket) {
  const std::uint32_t bucket = store::bucket_of({20'000 * kDayUs}, 0);
  EXPECT_FALSE(store::expires(bucket));
  EXPECT_LT(bucket, store::kFirstExpiring);
}

TEST(Expiry, TheNextOneIsWhenAnotherBucketIsOver) {
  for (std::int64_t now = 20'000 * kDayUs; now < 20'010 * kDayUs; now += kDayUs / 2) {
    const TimePoint next = store::next_expiry({now});
    EXPECT_GT(next.us, now);
    EXPECT_EQ(store::last_expired(next), store::last_expired({now}) + 1);
    EXPECT_EQ(store::last_expired({next.us - 1}), store::last_expired({now}));
  }
}

}  // namespace
}  // namespace troupe::testing
