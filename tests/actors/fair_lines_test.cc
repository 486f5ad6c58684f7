#include "actors/committer/fair_lines.h"

#include <gtest/gtest.h>

#include "actors/store/reader_actor.h"
#include "adapters/memory/memory_store.h"

namespace troupe::actors {
namespace {

class FairLinesTest : public ::testing::Test {
 protected:
  /// A line is named by its tenant; any living actor will do.
  caf::strong_actor_ptr tenant() {
    return caf::actor_cast<caf::strong_actor_ptr>(spawn_reader(system_, store_, false));
  }
  static std::shared_ptr<Submission> submission(const caf::strong_actor_ptr& tenant,
                                                std::size_t bytes, store::Pos pos) {
    auto made = std::make_shared<Submission>();
    made->tenant = tenant;
    made->bytes = bytes;
    made->pos = pos;
    return made;
  }
  ~FairLinesTest() override {
    for (const auto& actor : {a_, b_}) caf::anon_send_exit(actor, caf::exit_reason::kill);
  }

  memory::MemoryStore store_;
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  caf::strong_actor_ptr a_ = tenant();
  caf::strong_actor_ptr b_ = tenant();
};

TEST_F(FairLinesTest, OneSubmissionBesideAFloodIsInTheNextBatch) {
  FairLines lines;
  for (store::Pos pos = 1; pos <= 10'000; ++pos) lines.push(submission(a_, 1000, pos));
  lines.push(submission(b_, 100, 99'999));
  const auto batch = lines.take(256 << 10);
  bool found = false;
  for (const auto& taken : batch) found = found || taken->pos == 99'999;
  EXPECT_TRUE(found);
  EXPECT_LT(batch.size(), 400u);
}

TEST_F(FairLinesTest, OrderInsideALineIsKeptOverBatches) {
  FairLines lines;
  for (store::Pos pos = 1; pos <= 500; ++pos) {
    lines.push(submission(pos % 2 == 0 ? a_ : b_, 700, pos));
  }
  store::Pos last_a = 0, last_b = 0;
  std::size_t taken = 0;
  while (!lines.empty()) {
    for (const auto& next : lines.take(50'000)) {
      store::Pos& last = next->tenant == a_ ? last_a : last_b;
      EXPECT_GT(next->pos, last);
      last = next->pos;
      ++taken;
    }
  }
  EXPECT_EQ(taken, 500u);
}

TEST_F(FairLinesTest, ALargeGroupLetsOthersGoFirstOnceAndThenGoesAlone) {
  FairLines lines;
  lines.push(submission(a_, 300 << 10, 1));
  lines.push(submission(a_, 300 << 10, 2));
  lines.push(submission(b_, 100, 11));
  const auto next = [&lines] {
    std::vector<store::Pos> taken;
    for (const auto& submission : lines.take(512 << 10)) taken.push_back(submission->pos);
    return taken;
  };
  EXPECT_EQ(next(), std::vector<store::Pos>{11});
  lines.push(submission(b_, 100, 12));
  EXPECT_EQ(next(), std::vector<store::Pos>{1});
  lines.push(submission(b_, 100, 13));
  EXPECT_EQ(next(), (std::vector<store::Pos>{12, 13}));
  EXPECT_EQ(next(), std::vector<store::Pos>{2});
  EXPECT_TRUE(lines.empty());
}

TEST_F(FairLinesTest, LargeGroupsOfManyDoNotWaitForEachOther) {
  FairLines lines;
  lines.push(submission(a_, 300 << 10, 1));
  lines.push(submission(b_, 300 << 10, 2));
  EXPECT_EQ(lines.take(512 << 10).front()->pos, 1u);
  EXPECT_EQ(lines.take(512 << 10).front()->pos, 2u);
}

TEST_F(FairLinesTest, ASubmissionLargerThanABatchGoesAlone) {
  FairLines lines;
  lines.push(submission(a_, 10 << 20, 1));
  lines.push(submission(a_, 10 << 20, 2));
  EXPECT_EQ(lines.take(1024).size(), 1u);
  EXPECT_EQ(lines.size(), 1u);
}

}  // namespace
}  // namespace troupe::actors
