#include <gtest/gtest.h>

#include <thread>

#include "adapters/memory/memory_store.h"
#include "tests/conformance/store_rows.h"

namespace troupe::testing {
namespace {

using namespace store;

class MemoryControls : public ::testing::Test {
 protected:
  Batch next() {
    Batch batch;
    batch.frames = {make.frame(make.id<RunId>())};
    return batch;
  }
  bool has(memory::MemoryStore& in, const Batch& batch) {
    return (*in.open_reader()->frame(batch.frames[0].pos)).has_value();
  }
  memory::MemoryStore store;
  RowMaker make;
};

TEST_F(MemoryControls, AFailedCommitIsInTheStoreOnlyIfTheTestSaysSo) {
  const Batch before = next();
  const Batch after = next();
  store.fail_commits(Code::kStorageFull);
  store.fail_commits(Code::kOutcomeUnknown, true);
  EXPECT_EQ(store.writer().commit(before).error().code, Code::kStorageFull);
  EXPECT_EQ(store.writer().commit(after).error().code, Code::kOutcomeUnknown);
  EXPECT_FALSE(*store.writer().landed(before.frames[0].pos));
  EXPECT_TRUE(*store.writer().landed(after.frames[0].pos));
  EXPECT_TRUE(store.writer().commit(before).ok());
}

TEST_F(MemoryControls, HeldCommitsWaitAndACrashForgetsThem) {
  const Batch passed = next();
  const Batch lost = next();
  store.hold_commits();
  std::thread first([&] { EXPECT_TRUE(store.writer().commit(passed).ok()); });
  store.wait_until_held();
  EXPECT_FALSE(has(store, passed));
  store.release_commits(1);
  first.join();
  std::thread second(
      [&] { EXPECT_EQ(store.writer().commit(lost).error().code, Code::kUnavailable); });
  store.wait_until_held();
  store.crash();
  second.join();
  EXPECT_TRUE(has(store, passed));
  EXPECT_FALSE(has(store, lost));
}

TEST_F(MemoryControls, ACloneGoesItsOwnWay) {
  const Batch both = next();
  ASSERT_TRUE(store.writer().commit(both).ok());
  const auto clone = store.clone();
  const Batch later = next();
  ASSERT_TRUE(store.writer().commit(later).ok());
  EXPECT_TRUE(has(*clone, both));
  EXPECT_FALSE(has(*clone, later));
}

}  // namespace
}  // namespace troupe::testing
