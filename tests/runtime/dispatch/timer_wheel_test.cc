#include "runtime/dispatch/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>

#include "runtime/base/random.h"

namespace troupe::dispatch {
namespace {

constexpr TimePoint kStart{1'700'000'000'000'000};

TEST(TimerWheel, EveryEntryFiresOnceAndNeverEarlyOverAnyHorizon) {
  Random random(7);
  TimerWheel wheel(kStart);
  std::map<RunId, TimePoint> expected;
  for (std::uint64_t i = 1; i <= 5000; ++i) {
    const std::int64_t span = std::int64_t{1} << (10 + random.below(28));  // 1 ms … 38 hours
    const TimePoint due = kStart + Duration{static_cast<std::int64_t>(random.below(span))};
    const RunId id{Uuid{i, i}};
    expected[id] = due;
    wheel.insert({due, {}, id});
  }
  TimePoint now = kStart;
  std::vector<TimerWheel::Entry> due;
  while (wheel.size() > 0) {
    now = now + Duration{static_cast<std::int64_t>(random.below(30'000'000))};
    due.clear();
    wheel.advance(now, &due);
    for (const auto& entry : due) {
      ASSERT_EQ(expected.count(entry.entity), 1u);
      EXPECT_LE(expected[entry.entity].us, now.us);
      expected.erase(entry.entity);
    }
    for (const auto& [id, at] : expected) ASSERT_GT(at.us, now.us - 2 * TimerWheel::kTickUs);
  }
  EXPECT_TRUE(expected.empty());
}

TEST(TimerWheel, AClockThatJumpsKeepsAllEntriesAndDelaysNoNewOne) {
  constexpr Duration kYear = seconds(365LL * 86'400);
  for (const Duration jump : {seconds(7'200), kYear, Duration{40 * kYear.us}}) {
    TimerWheel wheel(kStart);
    std::vector<TimerWheel::Entry> due;
    wheel.insert({kStart + jump + seconds(5), {}, RunId{Uuid{1, 1}}});
    wheel.insert({kStart + jump + seconds(100'000), {}, RunId{Uuid{2, 2}}});
    wheel.advance(kStart + jump, &due);
    EXPECT_TRUE(due.empty());
    wheel.follow(kStart);
    wheel.insert({kStart + seconds(1), {}, RunId{Uuid{3, 3}}});
    EXPECT_LE(wheel.next().us, (kStart + seconds(1)).us + TimerWheel::kTickUs);
    wheel.advance(kStart + seconds(1) + Duration{TimerWheel::kTickUs}, &due);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].entity, (RunId{Uuid{3, 3}}));
    wheel.advance(kStart + jump + seconds(5), &due);
    ASSERT_EQ(due.size(), 2u);
    EXPECT_EQ(due[1].entity, (RunId{Uuid{1, 1}}));
    wheel.advance(kStart + jump + seconds(100'000), &due);
    EXPECT_EQ(due.size(), 3u);
    EXPECT_EQ(wheel.size(), 0u);
  }
}

TEST(TimerWheel, WaitingUntilNextFindsEveryEntryWithinATick) {
  TimerWheel wheel(kStart);
  const TimePoint due = kStart + seconds(3600);
  wheel.insert({due, {}, RunId{Uuid{1, 1}}});
  std::vector<TimerWheel::Entry> fired;
  TimePoint now = kStart;
  int wakes = 0;
  while (fired.empty()) {
    ASSERT_LT(++wakes, 20);
    ASSERT_GT(wheel.next().us, now.us);
    now = wheel.next();
    wheel.advance(now, &fired);
  }
  EXPECT_LE(due.us, now.us);
  EXPECT_LE(now.us, due.us + 2 * TimerWheel::kTickUs);
}

}  // namespace
}  // namespace troupe::dispatch
