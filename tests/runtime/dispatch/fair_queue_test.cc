#include "runtime/dispatch/fair_queue.h"

#include <gtest/gtest.h>

#include <map>

namespace troupe::dispatch {
namespace {

WorkspaceId workspace(std::uint64_t n) { return WorkspaceId{Uuid{n, 1}}; }

Request request(std::uint64_t token, std::uint64_t tenant, int priority = 0, std::string key = {}) {
  return {token, workspace(tenant), ProjectId{Uuid{tenant, 2}}, priority, std::move(key)};
}

TEST(FairQueue, OneRequestBesideAFloodIsServedInTheNextRound) {
  FairQueue queue;
  for (std::uint64_t i = 0; i < 100'000; ++i) queue.push(request(i, 1));
  ASSERT_EQ(queue.pop({1})->workspace, workspace(1));
  queue.push(request(999'999, 2));
  const auto first = queue.pop({1});
  const auto second = queue.pop({1});
  EXPECT_TRUE(first->token == 999'999 || second->token == 999'999);
}

TEST(FairQueue, WeightsShareTheGrants) {
  FairQueue queue;
  queue.set_weight(workspace(1), 3);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    queue.push(request(2 * i, 1));
    queue.push(request(2 * i + 1, 2));
  }
  std::map<WorkspaceId, int> granted;
  for (int i = 0; i < 400; ++i) ++granted[queue.pop({1})->workspace];
  EXPECT_EQ(granted[workspace(1)], 300);
  EXPECT_EQ(granted[workspace(2)], 100);
}

TEST(FairQueue, HigherPriorityGoesFirstInsideAWorkspaceAndAgeBreaksTies) {
  FairQueue queue;
  queue.push(request(1, 1, 0));
  queue.push(request(2, 1, 5));
  queue.push(request(3, 1, 5));
  queue.push(request(4, 1, -5));
  std::vector<std::uint64_t> order;
  while (auto next = queue.pop({1})) order.push_back(next->token);
  EXPECT_EQ(order, (std::vector<std::uint64_t>{2, 3, 1, 4}));
}

TEST(FairQueue, AConcurrencyKeyRunsOneAtATimeAndHoldsNobodyElseBack) {
  FairQueue queue;
  queue.push(request(1, 1, 0, "k"));
  queue.push(request(2, 1, 0, "k"));
  queue.push(request(3, 1));
  const auto first = queue.pop({1});
  ASSERT_EQ(first->token, 1u);
  EXPECT_EQ(queue.pop({1})->token, 3u);
  EXPECT_FALSE(queue.pop({1}));
  queue.finished(*first);
  EXPECT_EQ(queue.pop({1})->token, 2u);
}

TEST(FairQueue, CancelFreesThePlaceOfAKey) {
  FairQueue queue;
  queue.push(request(1, 1, 0, "k"));
  queue.push(request(2, 1, 0, "k"));
  EXPECT_TRUE(queue.cancel(1));
  EXPECT_FALSE(queue.cancel(1));
  EXPECT_EQ(queue.pop({1})->token, 2u);
  EXPECT_EQ(queue.waiting(), 0u);
}

TEST(FairQueue, ARateHoldsItsWorkspaceBackUntilTokensReturn) {
  FairQueue queue;
  queue.set_rate(workspace(1), {.per_second = 10, .burst = 1});
  queue.push(request(1, 1));
  queue.push(request(2, 1));
  queue.push(request(3, 2));
  std::vector<std::uint64_t> now;
  while (auto next = queue.pop({1'000'000})) now.push_back(next->token);
  EXPECT_EQ(now, (std::vector<std::uint64_t>{1, 3}));
  const TimePoint wake = queue.rate_wake();
  EXPECT_NEAR(static_cast<double>(wake.us), 1'100'000, 10);
  EXPECT_FALSE(queue.pop({wake.us - 10}));
  EXPECT_EQ(queue.pop(wake)->token, 2u);
}

}  // namespace
}  // namespace troupe::dispatch
