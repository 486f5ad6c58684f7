// Runs whose time is over: gone with all that was theirs, and nothing else with them.
#include "runtime/store/expiry.h"
#include "tests/conformance/store_suite.h"

namespace troupe::testing {
namespace {

constexpr std::int64_t kDayUs = 24ll * 3600 * 1'000'000;

class ExpiryConformance : public StoreConformance {
 protected:
  /// A run that ends with a body and a decided task.
  RunRow add(std::uint32_t bucket, RunStatus status = RunStatus::kCompleted) {
    RunRow run = make.run(scope);
    run.bucket = bucket;
    run.status = status;
    Batch batch = of_runs({run});
    batch.frames = {make.frame(run.id)};
    batch.payloads = {{bucket, *scope.project, harness->hasher().hash(body), body}};
    batch.tasks = {make.task(scope, run.id)};
    batch.tasks[0].pending = false;
    tasks[run.id] = batch.tasks[0].id;
    commit(batch);
    return run;
  }
  void expire(TimePoint now) {
    for (int piece = 0;; ++piece) {
      const auto more = writer().expire(now);
      ASSERT_TRUE(more.ok()) << more.error().message;
      if (!*more) return;
      ASSERT_LT(piece, 1000);
    }
  }
  bool is_there(const RunRow& run) {
    open_reader();
    const bool row = reader->run(scope, run.id)->has_value();
    EXPECT_EQ(reader->task(scope, tasks[run.id])->has_value(), row);
    return row;
  }
  bool has_body(std::uint32_t bucket) {
    open_reader();
    return reader->payload(bucket, *scope.project, harness->hasher().hash(body))->has_value();
  }

  const TenantScope scope = make.scope();
  const TimePoint now{20'000 * kDayUs};
  const std::uint32_t last = store::last_expired(now);
  const std::string body = std::string(2000, 'b') + make.bytes(20);
  std::map<RunId, TaskId> tasks;
};

TEST_F(ExpiryConformance, WhatIsOverGoesAndNothingElse) {
  const RunRow older = add(last - 3);
  const RunRow over = add(last);
  const RunRow next = add(last + 1);
  const RunRow for_ever = add(store::bucket_of(TimePoint{kDayUs}, 0));
  expire(now);
  EXPECT_FALSE(is_there(older));
  EXPECT_FALSE(is_there(over));
  EXPECT_FALSE(has_body(last));
  EXPECT_FALSE(has_body(last - 3));
  EXPECT_TRUE(is_there(next));
  EXPECT_TRUE(has_body(next.bucket));
  EXPECT_TRUE(is_there(for_ever));
  EXPECT_TRUE(has_body(for_ever.bucket));
  EXPECT_EQ(all_runs(scope, {}), (std::vector<RunRow>{for_ever, next}));
  EXPECT_FALSE(*writer().expire(now)) << "there is no more to do";
  reopen();
  EXPECT_FALSE(is_there(over));
  // The bucket can be written to again, as if it had never been.
  EXPECT_TRUE(is_there(add(last)));
  EXPECT_TRUE(has_body(last));
}

TEST_F(ExpiryConformance, AnOpenRunHoldsItsBucketAndNoOther) {
  const RunRow over = add(last - 1);
  const RunRow beside = add(last - 2);
  RunRow open = add(last - 2, RunStatus::kPaused);
  expire(now);
  EXPECT_FALSE(is_there(over));
  EXPECT_TRUE(is_there(beside));
  EXPECT_TRUE(is_there(open));
  EXPECT_TRUE(has_body(last - 2));
  open.status = RunStatus::kStopped;
  commit(of_runs({open}));
  expire(now);
  EXPECT_FALSE(is_there(beside));
  EXPECT_FALSE(is_there(open));
  EXPECT_FALSE(has_body(last - 2));
}

TEST_F(ExpiryConformance, ManyGoInPiecesAndTheirCountsStay) {
  std::vector<RunRow> rows;
  for (int i = 0; i < 1200; ++i) {
    rows.push_back(make.run(scope));
    rows.back().bucket = last;
    rows.back().status = RunStatus::kFailed;
  }
  commit(of_runs(rows));
  const store::TallyQuery all{{}, 0, 1'000'000, false};
  const auto before = *reader->tallies(scope, all);
  EXPECT_TRUE(*writer().expire(now));
  const std::size_t left = all_runs(scope, {}, 200).size();
  EXPECT_LT(left, 1200u);
  EXPECT_TRUE(left > 0 || *writer().expire(now) == false);
  reopen();
  expire(now);
  EXPECT_TRUE(all_runs(scope, {}, 200).empty());
  EXPECT_EQ(*reader->tallies(scope, all), before);
}

TEST_F(ExpiryConformance, FramesOfARunThatIsGoneGoNowhereAndOthersStay) {
  RunRow over = add(last);
  const RunRow kept = add(last + 1);
  const std::vector<Frame> of_over = fill_tables(over.id, 3);
  const std::vector<Frame> of_kept = fill_tables(kept.id, 5);
  ASSERT_TRUE(writer().set_recovery_mark(make.last_pos()).ok());
  expire(now);
  while (*writer().retire_journal()) {
  }
  open_reader();
  EXPECT_TRUE(reader->history(over.id, 0, 1 << 20)->empty());
  EXPECT_EQ(past_of(kept.id, of_kept).size(), of_kept.size() + 1);
}

}  // namespace
}  // namespace troupe::testing
