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
