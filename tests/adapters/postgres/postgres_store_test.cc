// What only this store has: a server that may be weak, foreign, gone or somebody else's.
#include "adapters/postgres/postgres_store.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "adapters/postgres/connection.h"
#include "adapters/system/hasher.h"
#include "tests/conformance/join_alone.h"
#include "tests/conformance/store_rows.h"
#include "tests/support/postgres_server.h"

namespace troupe::testing {
namespace {

class PostgresStore : public ::testing::Test {
 protected:
  PostgresStore() {
    options.conninfo = postgres_server().conninfo();
    options.schema = fresh_schema();
  }
  Result<std::unique_ptr<postgres::PostgresStore>> open() {
    return postgres::PostgresStore::open(options, hasher);
  }
  /// As a node that may write, with addresses of its first epoch.
  std::unique_ptr<postgres::PostgresStore> open_joined() {
    auto store = open();
    TROUPE_ENSURE(store.ok());
    join(**store);
    make.next_pos((*(*store)->writer().next_epoch() << store::kEpochShift) + 1);
    return *std::move(store);
  }
  /// As an administrator who goes around the store.
  void execute(const std::string& sql) {
    const std::unique_ptr<PGconn, void (*)(PGconn*)> link(
        PQconnectdb(postgres_server().conninfo().c_str()), PQfinish);
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(link.get(), sql.c_str()),
                                                                PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    ASSERT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        << PQerrorMessage(link.get());
  }
  /// And waits until they are gone.
  void end_all_sessions() {
    execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE application_name='troupe'");
  }
  store::Batch batch() {
    store::Batch batch;
    batch.runs = {make.run(scope)};
    batch.frames = {make.frame(batch.runs[0].id)};
    return batch;
  }

  system::Blake2bHasher hasher;
  postgres::Options options;
  RowMaker make;
  store::TenantScope scope = make.scope();
};

TEST_F(PostgresStore, WeakServerSettingsAreRefusedByName) {
  for (const std::string setting : {"full_page_writes", "fsync"}) {
    const PostgresServer weak({setting + "=off"});
    options.conninfo = weak.conninfo();
    const auto opened = open();
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::kConfigInvalid);
    EXPECT_NE(opened.error().message.find(setting), std::string::npos) << opened.error().message;
  }
}

TEST_F(PostgresStore, AWeakSettingOfTheSessionIsOverridden) {
  options.conninfo += " options='-c synchronous_commit=off'";
  const auto opened = open();
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_NE((*opened)->info().settings.find("synchronous_commit=on"), std::string::npos);
}

TEST_F(PostgresStore, ASchemaOfANewerTroupeOrOfSomebodyElseIsRefused) {
  ASSERT_TRUE(open().ok());
  execute("UPDATE " + options.schema + ".meta SET value=99 WHERE key='schema_version'");
  EXPECT_EQ(open().error().code, Code::kConfigInvalid);
  options.schema = fresh_schema();
  execute("CREATE SCHEMA " + options.schema);
  execute("CREATE TABLE " + options.schema + ".customers(name text)");
  EXPECT_EQ(open().error().code, Code::kConfigInvalid);
  for (const std::string name : {"", "Troupe", "a\"b", "pg_own", "1st"}) {
    options.schema = name;
    EXPECT_EQ(open().error().code, Code::kConfigInvalid) << name;
  }
}

TEST_F(PostgresStore, ASchemaToWhichANewerTroupeHasOnlyAddedIsWorkedWith) {
  ASSERT_TRUE(open().ok());
  execute("UPDATE " + options.schema + ".meta SET value=99 WHERE key='schema_steps'");
  for (int i = 0; i < 2; ++i) {
    const auto store = open_joined();
    const store::Batch written = batch();
    ASSERT_TRUE(store->writer().commit(written).ok());
    EXPECT_TRUE(*store->open_reader()->frame(written.frames[0].pos));
  }
}

TEST_F(PostgresStore, WhoHasNotJoinedWritesNothing) {
  const auto store = *open();
  store::Batch rows;
  rows.runs = {make.run(scope)};
  EXPECT_EQ(store->writer().commit(rows).error().code, Code::kStaleEpoch);
  EXPECT_EQ(store->writer().next_epoch().error().code, Code::kStaleEpoch);
  EXPECT_FALSE(*store->open_reader()->run_unscoped(rows.runs[0].id));
}

TEST_F(PostgresStore, ABrokenConnectionIsOpenedByTheNextCall) {
  const auto store = open_joined();
  const auto reader = store->open_reader();
  const store::Batch first = batch();
  ASSERT_TRUE(store->writer().commit(first).ok());
  ASSERT_TRUE(*reader->frame(first.frames[0].pos));
  end_all_sessions();
  EXPECT_TRUE(*reader->frame(first.frames[0].pos)) << "a read tries once more by itself";
  const store::Batch second = batch();
  EXPECT_EQ(store->writer().commit(second).error().code, Code::kUnavailable);
  EXPECT_TRUE(store->writer().commit(second).ok());
  EXPECT_TRUE(*reader->run(scope, second.runs[0].id));
}

TEST_F(PostgresStore, AReaderThatKnewADroppedTableLooksAgain) {
  options.journal_table_bytes = 1;
  options.journal_tables_kept = 0;
  const auto store = open_joined();
  std::vector<store::Frame> frames;
  const auto reader = store->open_reader();
  for (int i = 0; i < 3; ++i) {
    frames.push_back(batch().frames[0]);
    store::Batch batch;
    batch.frames = {frames.back()};
    ASSERT_TRUE(store->writer().commit(batch).ok());
    ASSERT_TRUE(*reader->frame(frames.back().pos));
  }
  ASSERT_TRUE(store->writer().set_recovery_mark(frames[2].pos).ok());
  while (*store->writer().retire_journal()) {
  }
  const auto retired = reader->frame(frames[0].pos);
  ASSERT_TRUE(retired.ok()) << retired.error().message;
  EXPECT_FALSE(*retired);
  EXPECT_EQ(**reader->frame(frames[2].pos), frames[2]);
  EXPECT_EQ(*reader->history(frames[0].entity, 0, 1000), std::vector{frames[0]});
}

TEST_F(PostgresStore, AServerThatIsNotThereIsUnavailable) {
  options.conninfo = "host=/nonexistent user=troupe";
  EXPECT_EQ(open().error().code, Code::kUnavailable);
}

TEST_F(PostgresStore, AFlippedByteShowsAsCorrupt) {
  const auto store = open_joined();
  const store::Batch written = batch();
  ASSERT_TRUE(store->writer().commit(written).ok());
  execute("UPDATE " + options.schema + ".runs SET body=set_byte(body, 20, get_byte(body, 20)#1)");
  EXPECT_EQ(store->open_reader()->run_unscoped(written.runs[0].id).error().code, Code::kCorrupt);
}

TEST_F(PostgresStore, AKeyMayBeLongerThanAnIndexEntryAndHoldAnyByte) {
  const auto store = open_joined();
  store::Batch batch;
  batch.waiters = {make.waiter(scope, std::string("paid\0x", 6), make.bytes(100'000))};
  batch.runs = {make.run(scope)};
  batch.runs[0].external_id = std::string("order\0x", 7);
  ASSERT_TRUE(store->writer().commit(batch).ok());
  const auto reader = store->open_reader();
  EXPECT_EQ(*reader->waiters(scope, batch.waiters[0].event, batch.waiters[0].key), batch.waiters);
  store::RunFilter filter;
  filter.external_id = batch.runs[0].external_id;
  EXPECT_EQ(reader->runs(scope, filter, {})->items, batch.runs);
}

TEST_F(PostgresStore, RowsOfOneKeyInABatchFollowEachOther) {
  const auto store = open_joined();
  store::Batch batch;
  batch.tasks = {make.task(scope, make.id<RunId>())};
  batch.tasks.push_back(batch.tasks[0]);
  batch.tasks[1].pending = false;
  batch.waiters = {make.waiter(scope, "e", "k"), make.waiter(scope, "e", "k")};
  batch.waiters.push_back(batch.waiters[0]);
  batch.waiters[2].waiting = false;
  ASSERT_TRUE(store->writer().commit(batch).ok());
  const auto reader = store->open_reader();
  EXPECT_EQ(**reader->task(scope, batch.tasks[0].id), batch.tasks[1]);
  EXPECT_EQ(*reader->waiters(scope, "e", "k"), std::vector{batch.waiters[1]});
}

TEST(PostgresCode, EachKindOfRefusalHasItsMeaning) {
  EXPECT_EQ(postgres::code_of("23505"), Code::kConflict);
  EXPECT_EQ(postgres::code_of("53100"), Code::kStorageFull);
  EXPECT_EQ(postgres::code_of("TR001"), Code::kStaleEpoch);
  for (const char* passing : {"", "08006", "57P01", "57P02", "57P03", "40001", "40P01", "53300",
                              "25006", "25P03", "55P03"}) {
    EXPECT_EQ(postgres::code_of(passing), Code::kUnavailable) << passing;
  }
  EXPECT_EQ(postgres::code_of("XX001"), Code::kCorrupt);
  EXPECT_EQ(postgres::code_of("22P02"), Code::kInternal);
}

}  // namespace
}  // namespace troupe::testing
