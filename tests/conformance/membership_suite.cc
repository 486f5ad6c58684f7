// Who is there, who owns what, and that nobody writes who is not there.
#include "tests/conformance/membership_suite.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace troupe::testing {
namespace {

using store::Batch;
using store::NodeNumber;

TEST_F(MembershipConformance, MembersSeeEachOtherAndEveryChange) {
  const auto a = join("a");
  const auto alone = a->view();
  const auto b = join("b");
  const auto both = a->view();
  EXPECT_GT(both.version, alone.version);
  ASSERT_EQ(both.members.size(), 2u);
  EXPECT_EQ(both.members[0].number, a->number);
  EXPECT_EQ(both.members[1].number, b->number);
  EXPECT_EQ(both.members[1].name, "b");
  EXPECT_EQ(both.members[1].address, "http://b");
  EXPECT_FALSE(both.members[1].draining);
  EXPECT_EQ(both.members[1].lease, kLease);
  EXPECT_GT(both.members[1].lease_left, seconds(0));
  EXPECT_LE(both.members[1].lease_left, kLease);
  EXPECT_EQ(both.owners, all_to(0));
  const auto same = *a->membership->renew(both.version);
  EXPECT_EQ(same.version, both.version);
  EXPECT_TRUE(same.owners.empty()) << "they are known already";
  EXPECT_EQ(same.members.size(), 2u);
  ASSERT_TRUE(b->membership->drain().ok());
  const auto drained = *a->membership->renew(both.version);
  EXPECT_GT(drained.version, both.version);
  EXPECT_TRUE(drained.members[1].draining);
  EXPECT_EQ(drained.owners, all_to(0));
}

TEST_F(MembershipConformance, EachRenewalShowsWhetherTheCatalogHasChanged) {
  const auto a = join("a");
  const auto b = join("b");
  const store::Workspace workspace = a->make.workspace("acme");
  ASSERT_TRUE(a->writer().create_workspace(workspace).ok());
  const store::TenantScope scope{workspace.id, a->make.project(workspace.id, "main").id};
  const store::Workflow flow = *a->writer().create_workflow(a->make.workflow(scope));
  const std::uint64_t before = b->view().catalog;
  EXPECT_EQ(b->view().catalog, before);
  ASSERT_TRUE(a->writer().publish(scope, {flow.id, 0, "{}", "s", "c", a->make.time()}).ok());
  const std::uint64_t published = b->view().catalog;
  EXPECT_GT(published, before);
  ASSERT_TRUE(a->writer().update_workflow(flow, 0).ok());
  EXPECT_GT(b->view().catalog, published);
}

TEST_F(MembershipConformance, ALeaseRunsOutUnlessItIsRenewed) {
  const auto a = join("a");
  const auto b = join("b");
  harness->pass(seconds(4));
  const std::uint64_t version = a->view().version;
  harness->pass(seconds(1));
  EXPECT_EQ(a->membership->take_over(b->number, all_to(a->number), version).error().code,
            Code::kConflict);
  EXPECT_TRUE(b->membership->renew(0).ok());
  harness->pass(seconds(3));
  EXPECT_EQ(a->membership->take_over(b->number, all_to(a->number), version).error().code,
            Code::kConflict);
  harness->pass(seconds(4));
  EXPECT_LT(a->view().members[1].lease_left, seconds(0));
  EXPECT_TRUE(a->membership->take_over(b->number, all_to(a->number), version).ok());
  EXPECT_EQ(b->membership->renew(0).error().code, Code::kStaleEpoch);
  EXPECT_EQ(a->view().members.size(), 1u);
  EXPECT_EQ(a->membership->take_over(b->number, all_to(a->number), a->view().version).error().code,
            Code::kConflict)
      << "it is gone already";
}

TEST_F(MembershipConformance, ATakeoverFollowsItsPlanOrChangesNothing) {
  const auto a = join("a");
  const auto b = join("b");
  const auto c = join("c");
  ASSERT_TRUE(
      a->membership->take_over(0, split(a->number, c->number, 100), a->view().version).ok());
  const auto before = a->view();
  EXPECT_EQ(before.owners, split(a->number, c->number, 100));
  harness->pass(kLease + seconds(1));
  ASSERT_TRUE(a->membership->renew(0).ok() && b->membership->renew(0).ok());
  const auto taken_by = [&](const std::vector<NodeNumber>& plan, std::uint64_t version) {
    return a->membership->take_over(c->number, plan, version);
  };
  EXPECT_EQ(taken_by(all_to(a->number), before.version - 1).error().code, Code::kConflict);
  EXPECT_EQ(taken_by(all_to(c->number), before.version).error().code, Code::kConflict);
  EXPECT_EQ(taken_by(all_to(999), before.version).error().code, Code::kConflict);
  EXPECT_EQ(a->view().owners, before.owners);
  ASSERT_TRUE(taken_by(split(a->number, b->number, 500), before.version).ok());
  const auto after = a->view();
  EXPECT_GT(after.version, before.version);
  EXPECT_EQ(after.owners, split(a->number, b->number, 500));
  ASSERT_TRUE(b->membership->drain().ok());
  EXPECT_EQ(a->membership->take_over(0, all_to(b->number), a->view().version).error().code,
            Code::kConflict)
      << "who drains gets no more slots";
}

TEST_F(MembershipConformance, ANodeOfTheSameNameEndsTheEarlierLife) {
  const auto first = join("a");
  ASSERT_TRUE(first->membership->take_over(0, all_to(first->number), first->view().version).ok());
  const auto run = first->make.id<RunId>();
  ASSERT_TRUE(first->write({run}).ok());
  const auto second = join("a");
  EXPECT_GT(second->number, first->number);
  EXPECT_EQ(second->view().members.size(), 1u);
  EXPECT_EQ(second->view().owners, all_to(second->number));
  EXPECT_EQ(first->membership->renew(0).error().code, Code::kStaleEpoch);
  EXPECT_EQ(first->write({run}).error().code, Code::kStaleEpoch);
  EXPECT_EQ(second->tail(), std::vector{run});
}

TEST_F(MembershipConformance, WhoIsGoneWritesNothingAtAll) {
  const auto a = join("a");
  const auto b = join("b");
  const auto scope = b->make.scope();
  const auto workflow = b->make.workflow(scope);
  ASSERT_TRUE(b->writer().create_workflow(workflow).ok());
  take_over(*a, *b, *harness);
  Batch batch;
  batch.runs = {b->make.run(scope)};
  EXPECT_EQ(b->writer().commit(batch).error().code, Code::kStaleEpoch);
  batch.frames = {b->make.frame(batch.runs[0].id)};
  EXPECT_EQ(b->writer().commit(batch).error().code, Code::kStaleEpoch);
  EXPECT_EQ(b->writer().next_epoch().error().code, Code::kStaleEpoch);
  EXPECT_EQ(b->writer().set_recovery_mark(batch.frames[0].pos).error().code, Code::kStaleEpoch);
  EXPECT_EQ(b->writer().create_workspace(b->make.workspace("w")).error().code, Code::kStaleEpoch);
  EXPECT_EQ(b->writer().create_project(b->make.project(scope.workspace, "p")).error().code,
            Code::kStaleEpoch);
  EXPECT_EQ(b->writer().create_workflow(b->make.workflow(scope)).error().code, Code::kStaleEpoch);
  EXPECT_EQ(b->writer().update_workflow(workflow, 0).error().code, Code::kStaleEpoch);
  EXPECT_EQ(b->writer().publish(scope, {workflow.id}).error().code, Code::kStaleEpoch);
  EXPECT_EQ(b->writer().landed(batch.frames[0].pos).error().code, Code::kStaleEpoch);
  EXPECT_FALSE(*a->reader->run_unscoped(batch.runs[0].id));
  EXPECT_FALSE(*a->reader->frame(batch.frames[0].pos));
  EXPECT_TRUE(a->reader->workspaces()->empty());
  cluster::SlotSet one;
  one.set(1);
  EXPECT_EQ(b->membership->give(one, a->number).error().code, Code::kStaleEpoch);
  EXPECT_EQ(b->membership->settle(one).error().code, Code::kStaleEpoch);
  EXPECT_EQ(b->membership->drain().error().code, Code::kStaleEpoch);
  EXPECT_EQ(b->membership->leave().error().code, Code::kStaleEpoch);
  EXPECT_EQ(b->membership->take_over(0, all_to(b->number), a->view().version).error().code,
            Code::kStaleEpoch);
}

TEST_F(MembershipConformance, NothingLandsBehindATakeoverOfANodeThatKeepsWriting) {
  const auto a = join("a");
  const auto b = join("b");
  ASSERT_TRUE(a->membership->take_over(0, all_to(b->number), a->view().version).ok());
  std::vector<RunId> acknowledged;
  std::vector<RunId> tried;
  std::atomic<int> committed{0};
  std::thread writing([&] {
    for (Code code = Code::kUnavailable; code != Code::kStaleEpoch;) {
      tried.push_back(b->make.id<RunId>());
      const Status done = b->write({tried.back()});
      if (done) {
        acknowledged.push_back(tried.back());
        ++committed;
        committed.notify_one();
      } else {
        code = done.error().code;
      }
    }
  });
  while (committed < 20) committed.wait(committed);
  take_over(*a, *b, *harness);
  const auto seen = a->tail();
  writing.join();
  EXPECT_EQ(a->tail(), seen) << "something landed behind the takeover";
  for (const RunId run : acknowledged) {
    EXPECT_EQ(std::count(seen.begin(), seen.end(), run), 1) << "an acknowledged one is lost";
  }
  EXPECT_LT(seen.size(), tried.size());
}

TEST_F(MembershipConformance, EpochsGrowOverNodesAndLives) {
  std::uint64_t last = 0;
  const auto a = join("a");
  for (int round = 0; round < 3; ++round) {
    const auto b = join("b");
    for (Peer* peer : {a.get(), b.get()}) {
      const auto epoch = peer->writer().next_epoch();
      ASSERT_TRUE(epoch.ok());
      EXPECT_GT(*epoch, last);
      last = *epoch;
    }
  }
}

TEST_F(MembershipConformance, NodesWriteAtOnceIntoRowsOfEveryKind) {
  const auto a = join("a");
  const auto b = join("b");
  const auto scope = a->make.scope();
  const auto workflow = a->make.workflow(scope);
  ASSERT_TRUE(a->writer().create_workflow(workflow).ok());
  constexpr int kRounds = 20;
  std::vector<RunId> runs[2];
  std::vector<std::int32_t> versions[2];
  const auto write = [&](Peer& peer, int which) {
    for (int round = 0; round < kRounds; ++round) {
      Batch batch;
      // Scopes, buckets and bodies that the other makes at the same time, in another order.
      for (int i = 0; i < 8; ++i) {
        const auto n = static_cast<std::uint64_t>(round * 8 + (which == 0 ? i : 7 - i));
        const store::TenantScope other{WorkspaceId(Uuid{n, 1}), ProjectId(Uuid{n, 2})};
        batch.runs.push_back(peer.make.run(other));
        batch.tasks.push_back(peer.make.task(other, batch.runs.back().id));
        batch.waiters.push_back(peer.make.waiter(other, "e", "k"));
        Digest hash{};
        hash[0] = static_cast<std::uint8_t>(n);
        batch.payloads.push_back({static_cast<std::uint32_t>(n % 16), *scope.project, hash, "x"});
        batch.frames.push_back(peer.make.frame(batch.runs.back().id));
        batch.snapshots.push_back(peer.make.snapshot(other.workspace));
        runs[which].push_back(batch.runs.back().id);
      }
      const Status done = peer.writer().commit(batch);
      ASSERT_TRUE(done.ok()) << done.error().message;
      const auto version = peer.writer().publish(scope, {workflow.id});
      ASSERT_TRUE(version.ok()) << version.error().message;
      versions[which].push_back(version->version);
    }
  };
  std::thread other([&] { write(*b, 1); });
  write(*a, 0);
  other.join();
  for (const auto& own : runs) {
    for (const RunId run : own) EXPECT_TRUE(*a->reader->run_unscoped(run));
  }
  std::vector<std::int32_t> all = versions[0];
  all.insert(all.end(), versions[1].begin(), versions[1].end());
  std::sort(all.begin(), all.end());
  for (int n = 0; n < 2 * kRounds; ++n) EXPECT_EQ(all[static_cast<std::size_t>(n)], n + 1);
  const store::TenantScope shared{WorkspaceId(Uuid{3, 1}), ProjectId(Uuid{3, 2})};
  EXPECT_EQ(a->reader->runs(shared, {}, {})->items.size(), 2u) << "both used one scope";
}

}  // namespace
}  // namespace troupe::testing
