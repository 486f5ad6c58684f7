// What an owner of slots reads of what others wrote, and what becomes of the journals of the gone.
#include <algorithm>

#include "tests/conformance/membership_suite.h"

namespace troupe::testing {
namespace {

using store::Frame;
using store::Pos;


TEST_F(MembershipConformance, EachHeirReadsTheTailOfItsOwnSlots) {
  const auto a = join("a");
  const auto b = join("b");
  const auto c = join("c");
  ASSERT_TRUE(a->membership->take_over(0, all_to(b->number), a->view().version).ok());
  const RunId low = entity(*b, true);
  const RunId high = entity(*b, false);
  ASSERT_TRUE(b->write({low, high, low}).ok());
  const Pos first_low = b->make.last_pos() - 2;
  EXPECT_TRUE(a->tail(cluster::all_slots()).empty()) << "b lives: nobody reads for it";
  EXPECT_EQ(b->tail(), (std::vector{low, high, low}));
  harness->pass(kLease + seconds(1));
  ASSERT_TRUE(a->membership->renew(0).ok() && c->membership->renew(0).ok());
  ASSERT_TRUE(
      a->membership->take_over(b->number, split(a->number, c->number), a->view().version).ok());
  EXPECT_EQ(a->tail(), (std::vector{low, low}));
  EXPECT_EQ(c->tail(), std::vector{high});
  // What the heirs write stands behind it, and is not the other's.
  a->begin_epoch();
  ASSERT_TRUE(a->write({low}).ok());
  EXPECT_EQ(a->tail(), (std::vector{low, low, low}));
  EXPECT_EQ(c->tail(), std::vector{high});
  std::vector<Pos> of_low;
  const auto collect = [&](Frame frame) {
    EXPECT_EQ(frame.entity, low);
    of_low.push_back(frame.pos);
    return true;
  };
  ASSERT_TRUE(a->reader->scan_tail_of(low, first_low, collect).ok());
  EXPECT_EQ(of_low, (std::vector<Pos>{first_low + 2, a->make.last_pos()}));
}

TEST_F(MembershipConformance, TailsOfSeveralGoneNodesAreReadUntilSettled) {
  const auto a = join("a");
  const auto b = join("b");
  const auto c = join("c");
  ASSERT_TRUE(a->membership->take_over(0, all_to(b->number), a->view().version).ok());
  const RunId of_b = b->make.id<RunId>();
  const RunId of_a = a->make.id<RunId>();
  ASSERT_TRUE(b->write({of_b}).ok());
  take_over(*a, *b, *harness);
  a->begin_epoch();
  ASSERT_TRUE(a->write({of_b, of_a}).ok());
  ASSERT_TRUE(c->membership->renew(0).ok());
  take_over(*c, *a, *harness);
  EXPECT_EQ(c->tail(), (std::vector{of_b, of_b, of_a}));
  cluster::SlotSet settled;
  settled.set(cluster::slot_of(of_b));
  ASSERT_TRUE(c->membership->settle(settled).ok());
  EXPECT_EQ(c->tail(), std::vector{of_a});
  ASSERT_TRUE(c->membership->settle(cluster::all_slots()).ok());
  EXPECT_TRUE(c->tail().empty());
}

TEST_F(MembershipConformance, ATailBeginsAtTheMarkOfItsNode) {
  const auto a = join("a");
  const auto b = join("b");
  ASSERT_TRUE(a->membership->take_over(0, all_to(b->number), a->view().version).ok());
  const RunId before = b->make.id<RunId>();
  const RunId after = b->make.id<RunId>();
  ASSERT_TRUE(b->write({before}).ok());
  ASSERT_TRUE(b->write({after}).ok());
  ASSERT_TRUE(b->writer().set_recovery_mark(b->make.last_pos()).ok());
  EXPECT_EQ(b->tail(), std::vector{after});
  take_over(*a, *b, *harness);
  EXPECT_EQ(a->tail(), std::vector{after});
}

TEST_F(MembershipConformance, GivenSlotsCarryNoTail) {
  const auto a = join("a");
  const auto b = join("b");
  ASSERT_TRUE(a->membership->take_over(0, all_to(b->number), a->view().version).ok());
  const RunId low = entity(*b, true);
  const RunId high = entity(*b, false);
  ASSERT_TRUE(b->write({low, high}).ok());
  cluster::SlotSet given;
  for (std::size_t n = 0; n < cluster::kSlotCount / 2; ++n) given.set(n);
  EXPECT_EQ(a->membership->give(given, a->number).error().code, Code::kConflict) << "not a's own";
  EXPECT_EQ(b->membership->give(given, 999).error().code, Code::kConflict);
  const std::uint64_t before = a->view().version;
  ASSERT_TRUE(b->membership->give(given, a->number).ok());
  EXPECT_GT(a->view().version, before);
  EXPECT_EQ(a->view().owners, split(a->number, b->number));
  EXPECT_TRUE(a->tail().empty());
  EXPECT_EQ(b->tail(), std::vector{high});
}

TEST_F(MembershipConformance, WhoLeavesLeavesItsSlotsToNobodyWithATail) {
  const auto a = join("a");
  const auto b = join("b");
  ASSERT_TRUE(a->membership->take_over(0, all_to(b->number), a->view().version).ok());
  const RunId run = b->make.id<RunId>();
  ASSERT_TRUE(b->write({run}).ok());
  ASSERT_TRUE(b->membership->leave().ok());
  EXPECT_EQ(b->write({run}).error().code, Code::kStaleEpoch);
  EXPECT_EQ(a->view().owners, all_to(0));
  EXPECT_EQ(a->view().members.size(), 1u);
  ASSERT_TRUE(a->membership->take_over(0, all_to(a->number), a->view().version).ok());
  EXPECT_EQ(a->tail(), std::vector{run});
}

TEST_F(MembershipConformance, AFrameOfAnEarlierEpochOfItsNodeGoesWhereItBelongs) {
  const auto a = join("a");
  const auto b = join("b");
  store::Batch batch;
  batch.frames = {a->make.frame(a->make.id<RunId>())};
  ASSERT_TRUE(b->writer().next_epoch().ok());
  a->begin_epoch();
  batch.frames.push_back(a->make.frame(batch.frames[0].entity));
  ASSERT_TRUE(a->writer().commit(batch).ok());
  EXPECT_EQ(**b->reader->frame(batch.frames[0].pos), batch.frames[0]);
  EXPECT_EQ(**b->reader->frame(batch.frames[1].pos), batch.frames[1]);
  store::Batch foreign;
  foreign.frames = {b->make.frame(b->make.id<RunId>())};
  EXPECT_EQ(a->writer().commit(foreign).error().code, Code::kInternal) << "b's epoch";
}

TEST_F(MembershipConformance, WhatAGoneNodeHasNotPublishedIsClaimedByOneAtATime) {
  const auto a = join("a");
  const auto b = join("b");
  const auto c = join("c");
  ASSERT_TRUE(a->membership->take_over(0, all_to(b->number), a->view().version).ok());
  const RunId run = b->make.id<RunId>();
  ASSERT_TRUE(b->write({run}).ok());
  const Pos mark = b->make.last_pos();
  ASSERT_TRUE(b->writer().set_publish_mark(mark).ok());
  ASSERT_TRUE(b->write({run}).ok());
  const auto of = [](Peer& peer) {
    const auto claimed = peer.writer().claim_unpublished();
    EXPECT_TRUE(claimed.ok());
    std::vector<std::pair<store::NodeNumber, Pos>> journals;
    for (const auto& journal : *claimed) journals.emplace_back(journal.node, journal.mark);
    return journals;
  };
  using Journals = std::vector<std::pair<store::NodeNumber, Pos>>;
  EXPECT_EQ(of(*a), Journals()) << "b lives";
  take_over(*a, *b, *harness);
  ASSERT_TRUE(c->membership->renew(0).ok());
  EXPECT_EQ(of(*a), (Journals{{b->number, mark}}));
  EXPECT_EQ(of(*a), (Journals{{b->number, mark}})) << "its own claim is still there";
  EXPECT_EQ(of(*c), Journals());
  ASSERT_TRUE(c->writer().set_publish_mark_of(b->number, 0).ok());
  const auto piece = c->reader->journal_of(b->number, mark, 1 << 20);
  ASSERT_TRUE(piece.ok());
  EXPECT_EQ(piece->size(), 2u);

  // Settled, and yet kept, until it has been published. The next one goes on where the last was.
  ASSERT_TRUE(a->membership->settle(cluster::all_slots()).ok());
  while (*a->writer().retire_journal()) {
  }
  ASSERT_TRUE(a->writer().set_publish_mark_of(b->number, mark + 1).ok());
  take_over(*c, *a, *harness);
  EXPECT_EQ(a->writer().set_publish_mark_of(b->number, 0).error().code, Code::kStaleEpoch);
  EXPECT_EQ(of(*c), (Journals{{b->number, mark + 1}}));
  EXPECT_EQ(c->reader->journal_of(b->number, mark + 1, 1 << 20)->size(), 1u);
  ASSERT_TRUE(c->membership->settle(cluster::all_slots()).ok());
  ASSERT_TRUE(c->writer().set_publish_mark_of(b->number, 0).ok());
  EXPECT_EQ(of(*c), Journals());
  while (*c->writer().retire_journal()) {
  }
  EXPECT_TRUE(c->reader->journal_of(b->number, mark, 1 << 20)->empty());
  EXPECT_FALSE(*c->store->open_reader()->in_journal(mark));
}

TEST_F(MembershipConformance, AGoneNodesJournalIsRetiredOnceNoSlotNeedsIt) {
  const auto a = join("a");
  const auto b = join("b");
  ASSERT_TRUE(a->membership->take_over(0, all_to(b->number), a->view().version).ok());
  const RunId run = b->make.id<RunId>();
  std::vector<Frame> all;
  for (Peer* writer : {b.get(), a.get()}) {
    for (int i = 0; i < 40; ++i) {
      store::Batch batch;
      batch.frames = {writer->make.frame(run, 300)};
      all.push_back(batch.frames[0]);
      ASSERT_TRUE(writer->writer().commit(batch).ok());
    }
    if (writer == b.get()) {
      take_over(*a, *b, *harness);
      a->begin_epoch();
    }
  }
  while (*a->writer().retire_journal()) {
  }
  EXPECT_EQ(a->tail().size(), all.size()) << "a slot still names it";
  EXPECT_TRUE(*a->reader->in_journal(all.front().pos));
  // Of its own journal, which is newer, something may be in history first.
  ASSERT_TRUE(a->writer().set_recovery_mark(a->make.last_pos()).ok());
  while (*a->writer().retire_journal()) {
  }
  EXPECT_TRUE(*a->reader->in_journal(all.front().pos));
  EXPECT_FALSE(*a->store->open_reader()->in_journal(all[41].pos));
  ASSERT_TRUE(a->membership->settle(cluster::all_slots()).ok());
  while (*a->writer().retire_journal()) {
  }
  const auto later = a->store->open_reader();
  for (const Frame& frame : {all.front(), all[39]}) {
    EXPECT_FALSE(*later->in_journal(frame.pos));
    const auto stale = a->reader->frame(frame.pos);
    ASSERT_TRUE(stale.ok()) << stale.error().message;
    EXPECT_FALSE(*stale);
  }
  std::vector<Frame> seen = *later->history(run, 0, 1 << 20);
  for (const Frame& frame : all) {
    if (!*later->in_journal(frame.pos)) continue;
    seen.push_back(**later->frame(frame.pos));
  }
  EXPECT_EQ(seen, all);
}

}  // namespace
}  // namespace troupe::testing
