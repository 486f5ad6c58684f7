#include "actors/dispatch/gate.h"

#include <gtest/gtest.h>


namespace troupe::actors {
namespace {

struct NoHistogram final : Histogram {
  void observe(double) override {}
};
struct StillClock final : Clock {
  TimePoint at{1'000'000};
  TimePoint now() const override { return at; }
};

class GateTest : public ::testing::Test {
 protected:
  dispatch::Request request(std::string key = {}) {
    return {gate_.new_token(), WorkspaceId{Uuid{1, 1}}, ProjectId{Uuid{1, 2}}, 0, std::move(key)};
  }
  StillClock clock_;
  NoHistogram histogram_;
  Gate gate_{clock_, 2, 3, milliseconds(250), histogram_};
  RunActor nobody_;  // messages to it vanish: these tests look at what acquire() says
};

TEST_F(GateTest, GrantsAtOnceUpToItsLimitAndThenQueues) {
  EXPECT_TRUE(gate_.acquire(request(), nobody_));
  EXPECT_TRUE(gate_.acquire(request(), nobody_));
  EXPECT_FALSE(gate_.acquire(request(), nobody_));
  EXPECT_EQ(gate_.in_flight(), 2u);
  EXPECT_EQ(gate_.waiting(), 1u);
}

TEST_F(GateTest, AReleaseGrantsTheNext) {
  const auto first = request();
  EXPECT_TRUE(gate_.acquire(first, nobody_));
  EXPECT_TRUE(gate_.acquire(request(), nobody_));
  EXPECT_FALSE(gate_.acquire(request(), nobody_));
  gate_.release(first.token);
  EXPECT_EQ(gate_.in_flight(), 2u);
  EXPECT_EQ(gate_.waiting(), 0u);
}

TEST_F(GateTest, WhatWorkersElsewhereDoTakesNoPlaceFromWhatIsDoneHere) {
  const auto elsewhere = [this](std::string key = {}) {
    dispatch::Request asked = request(std::move(key));
    asked.place = dispatch::Place::kElsewhere;
    return asked;
  };
  const auto first = elsewhere("k");
  EXPECT_TRUE(gate_.acquire(first, nobody_));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(gate_.acquire(elsewhere(), nobody_));
  EXPECT_FALSE(gate_.acquire(elsewhere(), nobody_));
  EXPECT_TRUE(gate_.acquire(request(), nobody_));
  EXPECT_FALSE(gate_.acquire(request("k"), nobody_));  // a key holds wherever its work is done
  EXPECT_EQ(gate_.in_flight(), 4u);
  gate_.release(first.token);
  EXPECT_EQ(gate_.in_flight(), 5u);
  EXPECT_EQ(gate_.waiting(), 0u);
}

TEST_F(GateTest, OneConcurrencyKeyRunsOneAtATime) {
  const auto first = request("k");
  EXPECT_TRUE(gate_.acquire(first, nobody_));
  EXPECT_FALSE(gate_.acquire(request("k"), nobody_));
  EXPECT_EQ(gate_.in_flight(), 1u);
  gate_.release(first.token);
  EXPECT_EQ(gate_.in_flight(), 1u);
}

TEST_F(GateTest, WhileThrottledOrClosedNothingIsGranted) {
  gate_.throttle(true);
  EXPECT_FALSE(gate_.acquire(request(), nobody_));
  gate_.throttle(false);
  EXPECT_EQ(gate_.in_flight(), 1u);
  gate_.close();
  EXPECT_FALSE(gate_.acquire(request(), nobody_));
  EXPECT_EQ(gate_.in_flight(), 1u);
}

TEST_F(GateTest, ACancelledRequestIsForgottenWhetherItWaitsOrRuns) {
  const auto running = request();
  const auto other = request();
  const auto waiting = request();
  EXPECT_TRUE(gate_.acquire(running, nobody_));
  EXPECT_TRUE(gate_.acquire(other, nobody_));
  EXPECT_FALSE(gate_.acquire(waiting, nobody_));
  gate_.cancel(waiting.token);
  EXPECT_EQ(gate_.waiting(), 0u);
  gate_.cancel(running.token);
  EXPECT_EQ(gate_.in_flight(), 1u);
}

}  // namespace
}  // namespace troupe::actors
