#include "adapters/sqlite/page_seal.h"
#include "adapters/sqlite/schema.h"
#include "tests/adapters/sqlite/sqlite_fixture.h"

namespace troupe::testing {
namespace {

using namespace store;

TEST_F(SqliteTest, WeakerSettingsAreRefused) {
  const auto options = options_at(directory.path());
  auto db = sqlite::Database::open(options.path, sqlite::Database::Mode::kWrite, "");
  ASSERT_TRUE(db.ok());
  ASSERT_TRUE(sqlite::configure_writer(**db, options).ok());
  for (const char* weaker : {"synchronous=NORMAL", "wal_autocheckpoint=1000",
                             "locking_mode=EXCLUSIVE", "secure_delete=ON"}) {
    ASSERT_TRUE(sqlite::configure_writer(**db, options).ok());
    ASSERT_TRUE((*db)->execute(std::string("PRAGMA ") + weaker).ok());
    const Status verdict = sqlite::require_durable(**db);
    ASSERT_FALSE(verdict.ok()) << weaker;
    EXPECT_EQ(verdict.error().code, Code::kConfigInvalid);
  }
  auto in_memory = options;
  in_memory.path = ":memory:";  // keeps no WAL
  EXPECT_EQ(sqlite::SqliteStore::open(in_memory, hasher).error().code, Code::kConfigInvalid);
}

TEST_F(SqliteTest, FilesOfOthersAndOfNewerReleasesAreRefused) {
  const auto options = options_at(directory.path());
  {
    auto db = sqlite::Database::open(options.path, sqlite::Database::Mode::kWrite, "");
    ASSERT_TRUE(db.ok());
    ASSERT_TRUE((*db)->execute("CREATE TABLE theirs(x)").ok());
  }
  EXPECT_EQ(sqlite::SqliteStore::open(options, hasher).error().code, Code::kConfigInvalid);
  auto plain = options;
  plain.path = directory.file("plain.db");
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(plain.path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "CREATE TABLE theirs(x)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  EXPECT_EQ(sqlite::SqliteStore::open(plain, hasher).error().code, Code::kConfigInvalid);
  auto newer = options;
  newer.path = directory.file("newer.db");
  open(newer).reset();
  {
    auto db = sqlite::Database::open(newer.path, sqlite::Database::Mode::kWrite, "");
    ASSERT_TRUE(db.ok());
    ASSERT_TRUE(sqlite::write_meta(**db, "schema_version", 1000).ok());
  }
  EXPECT_EQ(sqlite::SqliteStore::open(newer, hasher).error().code, Code::kConfigInvalid);
  std::ofstream(directory.file("text.db")) << std::string(10'000, 'x');
  newer.path = directory.file("text.db");
  EXPECT_EQ(sqlite::SqliteStore::open(newer, hasher).error().code, Code::kCorrupt);
}

TEST_F(SqliteTest, TheWalStaysBoundedUnderLoadBesideReaders) {
  const auto options = options_at(directory.path());
  const auto store = open(options);
  const auto reader = store->open_reader();
  std::uintmax_t largest = 0;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(store->writer().commit(batch_of(make.id<RunId>(), 60)).ok());
    ASSERT_TRUE(store->writer().checkpoint().ok());
    ASSERT_TRUE(reader->runs(scope, {}, {5, ""}).ok());
    largest = std::max(largest, std::filesystem::file_size(options.path + "-wal"));
  }
  EXPECT_GT(store->wal_bytes(), 5'000'000u);
  EXPECT_LT(largest, 512u << 10);
}

TEST_F(SqliteTest, AReaderThatStaysDoesNotBlockCommitsAndTheWalShrinksAfterIt) {
  const auto options = options_at(directory.path());
  const auto store = open(options);
  const auto reader = store->open_reader();
  const auto fill = [&] {
    for (int i = 0; i < 60; ++i) {
      ASSERT_TRUE(store->writer().commit(batch_of(make.id<RunId>(), 60)).ok());
      ASSERT_TRUE(store->writer().checkpoint().ok());
    }
  };
  {
    auto db = sqlite::Database::open(options.path, sqlite::Database::Mode::kRead, "");
    ASSERT_TRUE(db.ok());
    const sqlite::ReadTransaction look(**db);
    ASSERT_TRUE((*db)->query_integer("SELECT count(*) FROM runs").ok());
    fill();
  }
  EXPECT_GT(std::filesystem::file_size(options.path + "-wal"), 512u << 10);
  fill();
  EXPECT_LE(std::filesystem::file_size(options.path + "-wal"), 640u << 10);
}

/// Makes the seals of all pages fit what is in them, so that only what lies below can object.
void seal_again(const std::string& path, std::size_t page_bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  std::string page(page_bytes, '\0');
  for (std::uint32_t number = 1; file.read(page.data(), static_cast<std::streamsize>(page_bytes));
       ++number) {
    sqlite::seal(page.data(), page.size(), number);
    file.seekp(static_cast<std::streamoff>((number - 1) * page_bytes));
    file.write(page.data(), static_cast<std::streamsize>(page_bytes));
  }
}

/// Changes one byte of `file` in the middle of `marker`.
void flip(const std::string& path, const std::string& marker) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::size_t found = 0;
  for (auto at = bytes.find(marker); at != std::string::npos; at = bytes.find(marker, at + 1)) {
    file.seekp(static_cast<std::streamoff>(at + marker.size() / 2));
    file.put(static_cast<char>(marker[marker.size() / 2] ^ 1));
    ++found;
  }
  ASSERT_GT(found, 0u) << marker;
}

TEST_F(SqliteTest, AFlippedByteInAnyBodyIsDetected) {
  const auto options = options_at(directory.path());
  Batch batch;
  batch.runs = {make.run(scope)};
  batch.runs[0].error = "marker-of-a-run";
  batch.snapshots = {make.snapshot(scope.workspace)};
  batch.snapshots[0].bytes = "marker-of-a-snapshot";
  batch.tasks = {make.task(scope, batch.runs[0].id)};
  batch.tasks[0].payload = "marker-of-a-task";
  batch.waiters = {make.waiter(scope, "e", "k")};
  batch.waiters[0].step_id = "marker-of-a-waiter";
  const std::string body = "marker-of-a-payload";
  batch.payloads = {{1, *scope.project, hasher.hash(body), body}};
  Workflow flow = make.workflow(scope);
  flow.graph = "marker-of-a-draft";
  const auto entity = make.id<RunId>();
  {
    const auto store = open(options);
    ASSERT_TRUE(store->writer().commit(batch).ok());
    flow = *store->writer().create_workflow(flow);
    const Version version{flow.id, 0, "marker-of-a-version", "", "", make.time()};
    ASSERT_TRUE(store->writer().publish(scope, version).ok());
    while (store->writer().journal_tables().size() < 3) {
      ASSERT_TRUE(store->writer().commit(batch_of(entity)).ok());
    }
    ASSERT_TRUE(store->writer().set_recovery_mark(make.last_pos()).ok());
    while (*store->writer().retire_journal()) {
    }
    ASSERT_FALSE(store->open_reader()->history(entity, 0, 1 << 20)->empty());
  }
  std::string chunk;
  {
    auto db = sqlite::Database::open(options.path, sqlite::Database::Mode::kRead, "");
    ASSERT_TRUE(db.ok());
    chunk = *(*db)->query_text("SELECT substr(bytes,40,40) FROM history_0 LIMIT 1");
  }
  std::filesystem::remove(options.path + "-wal");  // all of it is in the file after an orderly end
  for (const char* kind : {"run", "snapshot", "task", "waiter", "payload", "draft", "version"}) {
    flip(options.path, std::string("marker-of-a-") + kind);
  }
  flip(options.path, chunk);
  seal_again(options.path, 4096);
  const auto store = open(options);
  const auto reader = store->open_reader();
  const auto is_corrupt = [](const auto& result) {
    return !result.ok() && result.error().code == Code::kCorrupt;
  };
  EXPECT_TRUE(is_corrupt(reader->run(scope, batch.runs[0].id)));
  EXPECT_TRUE(is_corrupt(reader->runs(scope, {}, {200, ""})));
  EXPECT_TRUE(is_corrupt(reader->snapshot(batch.snapshots[0].entity)));
  EXPECT_TRUE(is_corrupt(reader->task(scope, batch.tasks[0].id)));
  EXPECT_TRUE(is_corrupt(reader->waiters(scope, "e", "k")));
  EXPECT_TRUE(is_corrupt(reader->payload(1, *scope.project, batch.payloads[0].hash)));
  EXPECT_TRUE(is_corrupt(reader->workflow(scope, flow.id)));
  EXPECT_TRUE(is_corrupt(reader->version(flow.id, 1)));
  EXPECT_TRUE(is_corrupt(reader->history(entity, 0, 1 << 20)));
}

}  // namespace
}  // namespace troupe::testing
