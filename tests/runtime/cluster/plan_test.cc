#include "runtime/cluster/plan.h"

#include <gtest/gtest.h>

#include <map>

namespace troupe::cluster {
namespace {

using store::ClusterView;
using store::NodeNumber;

ClusterView view_of(std::vector<NodeNumber> members) {
  ClusterView view;
  for (const NodeNumber number : members) {
    view.members.push_back({number, "n" + std::to_string(number), "", false, seconds(6)});
  }
  view.owners.assign(kSlotCount, 0);
  return view;
}

std::map<NodeNumber, std::size_t> shares(const ClusterView& view) {
  std::map<NodeNumber, std::size_t> shares;
  for (const NodeNumber owner : view.owners) ++shares[owner];
  return shares;
}

/// Carries out what everybody plans, from one view, as nodes do at the same time.
std::size_t move_all(ClusterView& view, std::size_t slots_max) {
  const ClusterView before = view;
  std::size_t moved = 0;
  for (const store::Member& member : before.members) {
    for (const Gift& gift : plan_gifts(before, member.number, slots_max)) {
      EXPECT_LE(gift.slots.count(), slots_max);
      for (std::size_t slot = 0; slot < kSlotCount; ++slot) {
        if (!gift.slots.test(slot)) continue;
        EXPECT_EQ(before.owners[slot], member.number) << "gives only what is its own";
        view.owners[slot] = gift.to;
        ++moved;
      }
    }
  }
  return moved;
}

TEST(Plan, NobodysSlotsGoToAllAlike) {
  ClusterView view = view_of({4, 7, 9});
  view.owners = plan_takeover(view, 0);
  EXPECT_EQ(shares(view), (std::map<NodeNumber, std::size_t>{{4, 342}, {7, 341}, {9, 341}}));
}

TEST(Plan, WhatIsTakenOverEvensOutSharesAndMovesNothingElse) {
  ClusterView view = view_of({4, 7, 9});
  for (std::size_t slot = 0; slot < kSlotCount; ++slot) {
    view.owners[slot] = slot < 500 ? 4 : slot < 900 ? 7 : 9;
  }
  const std::vector<NodeNumber> plan = plan_takeover(view, 4);
  for (std::size_t slot = 500; slot < kSlotCount; ++slot) {
    EXPECT_EQ(plan[slot], view.owners[slot]);
  }
  view.owners = plan;
  EXPECT_EQ(shares(view), (std::map<NodeNumber, std::size_t>{{7, 512}, {9, 512}}));
}

TEST(Plan, NobodyIsLeftToTakeOver) {
  ClusterView view = view_of({4});
  EXPECT_TRUE(plan_takeover(view, 4).empty());
  view.members.front().draining = true;
  EXPECT_TRUE(plan_takeover(view, 0).empty());
}

TEST(Plan, ANewcomerGetsItsShareInBoundedMovesAndThenNothingMoves) {
  ClusterView view = view_of({4, 7, 9});
  for (std::size_t slot = 0; slot < kSlotCount; ++slot) view.owners[slot] = slot % 2 ? 4 : 7;
  std::size_t moved = 0, rounds = 0;
  for (std::size_t step = 1; step > 0; ++rounds) moved += step = move_all(view, 64);
  EXPECT_EQ(moved, 341u) << "no more than the share";
  EXPECT_LE(rounds, 5u);
  for (const auto& [number, share] : shares(view)) EXPECT_EQ(share / 341, 1u) << number;
  EXPECT_EQ(move_all(view, 64), 0u);
}

TEST(Plan, WhoDrainsGivesAllAndGetsNothing) {
  ClusterView view = view_of({4, 7, 9});
  view.owners = plan_takeover(view, 0);
  view.members[0].draining = true;
  while (move_all(view, 100) > 0) {}
  EXPECT_EQ(shares(view), (std::map<NodeNumber, std::size_t>{{7, 512}, {9, 512}}));
}

TEST(Plan, WhatSomebodyDrainsIsNotPassedOnByWhoGotTheFirstOfIt) {
  ClusterView view = view_of({4, 7, 9});
  view.owners = plan_takeover(view, 0);
  view.members[0].draining = true;
  const auto first = plan_gifts(view, 4, kSlotCount).front();
  for (std::size_t slot = 0; slot < kSlotCount; ++slot) {
    if (first.slots.test(slot)) view.owners[slot] = first.to;
  }
  EXPECT_TRUE(plan_gifts(view, first.to, kSlotCount).empty());
}

TEST(Plan, TheLastOneKeepsWhatItHas) {
  ClusterView view = view_of({4});
  view.owners = plan_takeover(view, 0);
  EXPECT_TRUE(plan_gifts(view, 4, 64).empty());
  view.members[0].draining = true;
  EXPECT_TRUE(plan_gifts(view, 4, 64).empty());
}

}  // namespace
}  // namespace troupe::cluster
