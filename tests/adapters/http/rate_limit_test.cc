// Token buckets: what they let through, what they say, and that names cannot fill memory.
#include "adapters/http/rate_limit.h"

#include <gtest/gtest.h>

namespace troupe::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr RateLimit::SteadyTime kStart{std::chrono::hours(1)};

TEST(RateLimit, LetsTheBurstThroughAndThenTheRate) {
  RateLimit limit(2, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.take("a", kStart).allowed);
  const auto refused = limit.take("a", kStart);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.remaining, 0u);
  EXPECT_EQ(refused.retry_after_s, 1u);
  EXPECT_TRUE(limit.take("b", kStart).allowed) << "each name has a bucket of its own";
  EXPECT_FALSE(limit.take("a", kStart + milliseconds(499)).allowed);
  EXPECT_TRUE(limit.take("a", kStart + milliseconds(501)).allowed);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.take("a", kStart + seconds(60)).allowed);
  EXPECT_FALSE(limit.take("a", kStart + seconds(60)).allowed) << "it holds no more than the burst";
}

TEST(RateLimit, WhatIsGivenBackIsThereAgainUpToTheBurst) {
  RateLimit limit(1, 1);
  EXPECT_TRUE(limit.take("a", kStart).allowed);
  EXPECT_FALSE(limit.take("a", kStart).allowed);
  limit.give_back("a");
  limit.give_back("a");
  EXPECT_TRUE(limit.take("a", kStart).allowed);
  EXPECT_FALSE(limit.take("a", kStart).allowed) << "it holds no more than the burst";
}

TEST(RateLimit, OffItLetsEverythingThroughAndSaysNothing) {
  RateLimit limit(0, 0);
  EXPECT_FALSE(limit.is_on());
  EXPECT_TRUE(limit.take("a", kStart).allowed);
  EXPECT_EQ(limit.take("a", kStart).fields("requests"), "");
}

TEST(RateLimit, SaysItInTheFieldsOfTheDraft) {
  RateLimit limit(2, 4);
  const auto first = limit.take("a", kStart);
  EXPECT_EQ(first.fields("requests"),
            "RateLimit-Policy: \"requests\";q=4;w=2\r\nRateLimit: \"requests\";r=3;t=0\r\n");
  for (int i = 0; i < 3; ++i) (void)limit.take("a", kStart);
  EXPECT_NE(limit.take("a", kStart).fields("requests").find("Retry-After: 1\r\n"),
            std::string::npos);
}

TEST(RateLimit, ManyNamesDoNotEmptyTheBucketOfOneThatIsRefused) {
  RateLimit limit(1, 2);
  for (int i = 0; i < 3; ++i) (void)limit.take("attacker", kStart);
  for (int i = 0; i < 250'000; ++i) (void)limit.take(std::to_string(i), kStart);
  EXPECT_FALSE(limit.take("attacker", kStart).allowed);
}

}  // namespace
}  // namespace troupe::http
