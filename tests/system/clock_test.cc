// One node whose wall clock jumps: what it has to wait for, before and behind the jump.
#include <gtest/gtest.h>
#include <time.h>

#include "tests/support/false_clock.h"
#include "tests/system/cluster_graphs.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

constexpr long long kHourMs = 3'600'000;

class Clocks : public SystemTest {
 protected:
  Clocks() : clock_(folder() + "/clock"), server_(data_dir(), clock_.environment()) {
    server_.start();
  }
  /// How long a run takes that waits twice 400 ms, at a node whose clock is so far ahead.
  long long waits_ms(Api& api, const std::string& flow, long long ahead_ms) {
    clock_.set(ahead_ms);
    const long long began = now_ms();
    const std::string run = api.start(flow, R"({"n":1})");
    EXPECT_EQ(int_at(api.wait_end(run), "/output"), 3);
    const long long took = now_ms() - began;
    // Its clock is what it was told to be: by as much its events are off.
    constexpr long long kDayMs = 86'400'000;
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const long long at = ms_of_day(text_at(api.events(run).back(), "/at"));
    const long long off = at - (now.tv_sec * 1'000 + ahead_ms);
    EXPECT_LE(((off + 60'000) % kDayMs + kDayMs) % kDayMs, 65'000) << "at " << ahead_ms;
    return took;
  }
  static std::size_t completions(Api& api, const std::string& run, const std::string& step) {
    std::size_t count = 0;
    for (const Json& event : api.events(run)) {
      if (text_at(event, "/event_type") == "step_completed" && text_at(event, "/step_id") == step) {
        ++count;
      }
    }
    return count;
  }

  FalseClock clock_;
  Server server_;
};

TEST_F(Clocks, TimersThatAreSetBehindAJumpTakeTheirTime) {
  Api api(server_);
  const std::string flow = api.publish(ticking_graph(2, 0.4));
  for (const long long ahead : {2 * kHourMs, 0LL, -2 * kHourMs, kHourMs, 0LL}) {
    const long long took = waits_ms(api, flow, ahead);
    EXPECT_GE(took, 800) << "at " << ahead;
    EXPECT_LE(took, 2'800) << "at " << ahead;
  }
}

TEST_F(Clocks, ATimerThatAJumpFindsGoesOffOnceAndNotForEver) {
  Api api(server_);
  const std::string flow = api.publish(ticking_graph(1, 2));
  const std::string tick = api.publish(ticking_graph(1, 0.1), "tick");
  const long long began = now_ms();
  const std::string run = api.start(flow, R"({"n":1})");
  api.wait_for(run, "step_waiting", "w1");
  // An hour away and back again: the clock is right when the timer is due, and others are set.
  clock_.set(kHourMs);
  api.run(tick, R"({"n":1})");
  clock_.set(-kHourMs);
  api.run(tick, R"({"n":1})");
  clock_.set(0);
  EXPECT_EQ(int_at(api.wait_end(run), "/output"), 2);
  EXPECT_LE(now_ms() - began, 6'000);
  EXPECT_EQ(completions(api, run, "w1"), 1u);
}

}  // namespace
}  // namespace troupe::testing
