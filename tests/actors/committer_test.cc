#include "actors/committer/committer.h"

#include <gtest/gtest.h>

#include "actors/tenant/admission.h"
#include "adapters/memory/memory_store.h"
#include "adapters/system/clock.h"
#include "adapters/system/hasher.h"
#include "tests/simulation/ports.h"

namespace troupe::actors {
namespace {

class NoScripts final : public ScriptExecutor {
 public:
  void submit(ScriptJob, Done) override {}
  void cancel(std::uint64_t) override {}
};

class CommitterTest : public ::testing::Test {
 protected:
  void submit(store::Pos pos) { submit(pos, RunId{Uuid{pos, 1}}, true, 0); }
  void submit(store::Pos pos, RunId run, bool creates, std::size_t bytes) {
    auto submission = std::make_shared<Submission>();
    submission->pos = pos;
    submission->creates = creates;
    submission->bytes = bytes;
    submission->batch.frames.push_back({pos, run, 0, "frame"});
    submission->done = [this](const Status&) { ++answers_; };
    committer_.submit(std::move(submission));
  }
  /// What a tenant sends behind all that a run's actor has submitted.
  void reopen(RunId run) {
    auto barrier = std::make_shared<Submission>();
    barrier->reopens = run;
    barrier->done = [this](const Status&) { ++answers_; };
    committer_.submit(std::move(barrier));
  }
  void nothing_follows_an_unknown_outcome(bool applied);
  bool landed(store::Pos pos) { return store_.writer().landed(pos).value(); }

  explicit CommitterTest(memory::Options options = {}) : store_(options) {}

  memory::MemoryStore store_;
  NoScripts scripts_;
  simulation::AnySyntax syntax_;
  simulation::NoPatterns patterns_;
  system::SystemClock clock_;
  simulation::SimEntropy entropy_{7};
  system::Blake2bHasher hasher_;
  simulation::SimLog log_;
  simulation::NoMetrics metrics_;
  int answers_ = 0, ends_ = 0, asked_for_ = 0;
  Services services_{{}, {store_, scripts_, syntax_, patterns_, clock_, entropy_, hasher_, log_,
                          metrics_, nullptr, [this] { ++ends_; }}};
  Committer committer_{services_, {[this] { ++asked_for_; }, [this](Duration) { ++asked_for_; },
                                   [this](Duration, Rest) { ++asked_for_; },
                                   [this] { ++asked_for_; }}};
};

void CommitterTest::nothing_follows_an_unknown_outcome(bool applied) {
  store_.fail_commits(Code::kOutcomeUnknown, applied);
  submit(1);
  submit(2);
  committer_.when_empty({[this] { ++answers_; }});
  committer_.flush();
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(landed(2), applied);

  const int asked_for = asked_for_;
  submit(3);
  committer_.write({[this](store::Writer&) { ++answers_; }});
  committer_.when_empty({[this] { ++answers_; }});
  committer_.flush();
  committer_.maintain();
  committer_.rest({0});
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(answers_, 0);
  EXPECT_EQ(asked_for_, asked_for);
  EXPECT_FALSE(landed(3));
}

TEST_F(CommitterTest, NothingFollowsAnUnknownOutcomeThatLanded) {
  nothing_follows_an_unknown_outcome(true);
}

TEST_F(CommitterTest, NothingFollowsAnUnknownOutcomeThatDidNotLand) {
  nothing_follows_an_unknown_outcome(false);
}

TEST_F(CommitterTest, SubmissionsBehindAnUnknownOutcomeInADamagedBatchAreNotWritten) {
  store_.fail_commits(Code::kCorrupt);                 // the batch, so that it is written singly
  store_.fail_commits(Code::kOutcomeUnknown, false);   // its first submission
  submit(1);
  submit(2);
  committer_.flush();
  EXPECT_EQ(ends_, 1);
  EXPECT_EQ(answers_, 0);
  EXPECT_FALSE(landed(2));
}

TEST_F(CommitterTest, NewRunsAreToldWhetherTheStoreIsFullOrAway) {
  for (const Code code : {Code::kStorageFull, Code::kUnavailable}) {
    store_.fail_commits(code);
    submit(code == Code::kStorageFull ? 1 : 2, RunId{Uuid{7, 7}}, false, 0);
    committer_.flush();
    EXPECT_EQ(may_admit(services_, 0).error().code, code);
    committer_.flush();
    EXPECT_TRUE(may_admit(services_, 0).ok());
  }
  services_.ownership.lease_until({});
  EXPECT_EQ(may_admit(services_, 0).error().code, Code::kUnavailable) << "the lease has run out";
}

class SmallTablesCommitterTest : public CommitterTest {
 protected:
  SmallTablesCommitterTest() : CommitterTest(memory::Options{.journal_table_bytes = 1 << 10}) {}
};

TEST_F(SmallTablesCommitterTest, TheRecoveryMarkDoesNotPassWhatHasNotLanded) {
  for (const store::Pos pos : {10u, 20u, 30u}) {  // each fills a table
    auto submission = std::make_shared<Submission>();
    submission->pos = pos;
    submission->closes = true;
    submission->batch.frames.push_back({pos, RunId{Uuid{pos, 1}}, 0, std::string(2048, 'x')});
    committer_.submit(std::move(submission));
    committer_.flush();
  }
  ASSERT_EQ(store_.writer().journal_tables().size(), 3u);
  submit(5, RunId{Uuid{5, 1}}, false, 0);  // drawn long since, and late
  committer_.maintain();
  committer_.maintain();
  committer_.flush();
  bool found = false;
  const auto look = [&found](const store::Frame& frame) {
    found = found || frame.pos == 5;
    return true;
  };
  ASSERT_TRUE(store_.open_reader()->scan_tail(cluster::all_slots(), look).ok());
  EXPECT_TRUE(found);
}

TEST_F(CommitterTest, NothingOfARunIsWrittenBehindWhatADamagedPageRefused) {
  const RunId hit{Uuid{7, 7}};
  constexpr std::size_t kAlone = 1 << 20;  // each in a batch of its own
  submit(1, hit, false, kAlone);
  submit(2, hit, false, kAlone);
  submit(3, RunId{Uuid{8, 8}}, false, kAlone);
  store_.fail_commits(Code::kCorrupt, false, 2);  // the batch, and what it consists of
  committer_.flush();
  EXPECT_FALSE(services_.store_failing);
  committer_.flush();
  committer_.flush();
  submit(4, hit, false, kAlone);
  committer_.flush();
  EXPECT_EQ(answers_, 4);
  EXPECT_FALSE(landed(1));
  EXPECT_FALSE(landed(2)) << "it would leave a gap";
  EXPECT_TRUE(landed(3));
  EXPECT_FALSE(landed(4));
  EXPECT_FALSE(services_.store_failing);
}

TEST_F(CommitterTest, ARunThatADamagedPageHitIsWrittenAgainBehindTheEndOfItsActor) {
  const RunId hit{Uuid{7, 7}};
  submit(1, hit, false, 1 << 20);
  submit(2, hit, false, 0);
  reopen(hit);
  store_.fail_commits(Code::kCorrupt, false, 2);  // the batch, and what it consists of
  committer_.flush();
  committer_.flush();
  submit(3, hit, false, 0);
  committer_.flush();
  EXPECT_EQ(answers_, 4);
  EXPECT_FALSE(landed(1));
  EXPECT_FALSE(landed(2)) << "it was decided before the end";
  EXPECT_TRUE(landed(3));
}

/// A store whose connection was lost around COMMIT, and which can be asked what came of it.
class ResolvingCommitterTest : public CommitterTest {
 protected:
  ResolvingCommitterTest() : CommitterTest(memory::Options{.can_resolve = true}) {}

  void goes_on_behind_an_unknown_outcome(bool applied) {
    store_.fail_commits(Code::kOutcomeUnknown, applied);
    submit(1);
    submit(2);
    committer_.flush();
    EXPECT_EQ(answers_, 0) << "nobody knows yet";
    submit(3);
    committer_.write({[this](store::Writer&) { ++answers_; }});
    EXPECT_EQ(answers_, 0) << "nothing overtakes it";
    committer_.flush();
    committer_.flush();
    EXPECT_EQ(ends_, 0);
    EXPECT_EQ(answers_, 4);
    for (const std::uint64_t pos : {1, 2, 3}) EXPECT_TRUE(landed(pos)) << pos;
  }
};

TEST_F(ResolvingCommitterTest, WhatHadLandedIsAcknowledgedAndWrittenOnce) {
  goes_on_behind_an_unknown_outcome(true);
}

TEST_F(ResolvingCommitterTest, WhatHadNotLandedIsWrittenBeforeEverythingElse) {
  goes_on_behind_an_unknown_outcome(false);
}

TEST_F(CommitterTest, ALifeThatHasBeenDeclaredGoneWritesAndAcknowledgesNothingMore) {
  store_.fail_commits(Code::kStaleEpoch);
  submit(1);
  committer_.flush();
  EXPECT_EQ(ends_, 1);
  submit(2);
  committer_.write({[this](store::Writer&) { ++answers_; }});
  committer_.flush();
  EXPECT_EQ(answers_, 0);
  EXPECT_FALSE(landed(1));
  EXPECT_FALSE(landed(2));
}

}  // namespace
}  // namespace troupe::actors
