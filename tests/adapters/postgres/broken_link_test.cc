// What becomes of a commit when the link to the server breaks around it.
#include <gtest/gtest.h>

#include "adapters/postgres/postgres_store.h"
#include "adapters/system/hasher.h"
#include "tests/adapters/postgres/cutting_link.h"
#include "tests/conformance/document_rows.h"
#include "tests/conformance/join_alone.h"
#include "tests/support/postgres_server.h"

namespace troupe::testing {
namespace {

class BrokenLink : public ::testing::Test {
 protected:
  BrokenLink() {
    options.conninfo = link.conninfo();
    options.schema = fresh_schema();
    options.copy_frames_min = 2;
    auto opened = postgres::PostgresStore::open(options, hasher);
    TROUPE_ENSURE(opened.ok());
    store = *std::move(opened);
    join(*store);
    make.next_pos((*writer().next_epoch() << store::kEpochShift) + 1);
    reader = store->open_reader();
  }
  store::Batch batch() {
    store::Batch batch;
    batch.runs = {make.run(scope)};
    batch.frames = {make.frame(batch.runs[0].id), make.frame(batch.runs[0].id)};
    return batch;
  }
  bool is_there(const store::Batch& batch) {
    const bool frame = reader->frame(batch.frames[1].pos)->has_value();
    EXPECT_EQ(reader->run(scope, batch.runs[0].id)->has_value(), frame) << "all or nothing";
    return frame;
  }
  store::Writer& writer() { return store->writer(); }

  CuttingLink link{postgres_server().socket()};
  system::Blake2bHasher hasher;
  postgres::Options options;
  std::unique_ptr<postgres::PostgresStore> store;
  std::unique_ptr<store::Reader> reader;
  RowMaker make;
  store::TenantScope scope = make.scope();
};

TEST_F(BrokenLink, ACommitWhoseAnswerIsLostIsFoundToHaveLanded) {
  ASSERT_TRUE(writer().commit(batch()).ok());
  const store::Batch lost = batch();
  link.cut_next(CuttingLink::Cut::kAnswer, "COMMIT");
  EXPECT_EQ(writer().commit(lost).error().code, Code::kOutcomeUnknown);
  const auto landed = writer().landed(lost.frames.back().pos);
  ASSERT_TRUE(landed.ok()) << landed.error().message;
  EXPECT_TRUE(*landed);
  EXPECT_TRUE(is_there(lost));
  EXPECT_TRUE(writer().commit(batch()).ok());
  EXPECT_EQ(writer().commit(lost).error().code, Code::kInternal) << "not twice";
}

TEST_F(BrokenLink, AChangeWhoseAnswerIsLostIsThereAsAWholeOrNotAtAll) {
  const auto row = document(make, store::DocumentKind::kMember, scope.workspace, "ann");
  const auto change =
      always({.put = {row}, .audit = {line(hasher, scope.workspace, "added")}});
  const auto expect = [&](bool is_there) {
    auto& documents = reader->documents(store::DocumentScope::of(scope.workspace));
    EXPECT_EQ(documents.find(row.kind, row.id)->has_value(), is_there);
    EXPECT_EQ(reader->audit_head(scope.workspace)->n, is_there ? 1u : 0u);
    EXPECT_EQ(*reader->access_generation(), is_there ? 1u : 0u);
  };
  link.cut_next(CuttingLink::Cut::kRequest, "COMMIT");
  EXPECT_EQ(writer().change({row.id}, {1}, change).error().code, Code::kOutcomeUnknown);
  ASSERT_TRUE(writer().change({row.id}, {1}, always({})).ok());  // over a new connection
  expect(false);
  link.cut_next(CuttingLink::Cut::kAnswer, "COMMIT");
  EXPECT_EQ(writer().change({row.id}, {1}, change).error().code, Code::kOutcomeUnknown);
  // The next call ends the earlier backend first, so that nothing of it is still to come.
  EXPECT_TRUE(writer().change({row.id}, {1}, always({})).ok());
  expect(true);
}

TEST_F(BrokenLink, AServerThatIsJustStartingIsWaitedFor) {
  link.refuse_next(4);
  EXPECT_TRUE(postgres::PostgresStore::open(options, hasher).ok());
  EXPECT_EQ(link.refusals(), 0);
  link.refuse_next(1'000'000);
  options.start_patience_ms = 150;
  EXPECT_EQ(postgres::PostgresStore::open(options, hasher).error().code, Code::kUnavailable);
  options.start_patience_ms = 3'600'000;
  int asked = 0;
  options.start_is_over = [&asked] { return ++asked == 3; };
  EXPECT_EQ(postgres::PostgresStore::open(options, hasher).error().code, Code::kUnavailable);
}

TEST_F(BrokenLink, ACommitThatTheServerNeverSawIsFoundNotToHaveLanded) {
  const store::Batch lost = batch();
  link.cut_next(CuttingLink::Cut::kRequest, "COMMIT");
  EXPECT_EQ(writer().commit(lost).error().code, Code::kOutcomeUnknown);
  EXPECT_FALSE(*writer().landed(lost.frames.back().pos));
  EXPECT_FALSE(is_there(lost));
  EXPECT_TRUE(writer().commit(lost).ok());
  EXPECT_TRUE(is_there(lost));
}

TEST_F(BrokenLink, ALinkThatBreaksBeforeCommitLosesTheBatchForSure) {
  const store::Batch lost = batch();
  link.cut_next(CuttingLink::Cut::kRequest, "COPY");
  EXPECT_EQ(writer().commit(lost).error().code, Code::kUnavailable);
  EXPECT_FALSE(is_there(lost));
  EXPECT_TRUE(writer().commit(lost).ok());
}

TEST_F(BrokenLink, ATableBegunInALostCommitIsForgottenOrKept) {
  const store::NodeNumber life = store->life();
  reader.reset();
  store.reset();
  options.journal_table_bytes = 1;
  store = *postgres::PostgresStore::open(options, hasher);
  store->resume(life);
  reader = store->open_reader();
  ASSERT_TRUE(writer().commit(batch()).ok());
  for (const auto cut : {CuttingLink::Cut::kRequest, CuttingLink::Cut::kAnswer}) {
    const store::Batch lost = batch();
    const std::size_t before = writer().journal_tables().size();
    link.cut_next(cut, "COMMIT");
    ASSERT_EQ(writer().commit(lost).error().code, Code::kOutcomeUnknown);
    const bool landed = *writer().landed(lost.frames.back().pos);
    EXPECT_EQ(landed, cut == CuttingLink::Cut::kAnswer);
    EXPECT_EQ(writer().journal_tables().size(), before + (landed ? 1 : 0));
    ASSERT_TRUE(writer().commit(batch()).ok());
    EXPECT_EQ(is_there(lost), landed);
  }
}

}  // namespace
}  // namespace troupe::testing
