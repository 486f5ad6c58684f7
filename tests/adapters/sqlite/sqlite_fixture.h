#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "adapters/sqlite/database.h"
#include "adapters/sqlite/fault_vfs.h"
#include "adapters/sqlite/sqlite_store.h"
#include "adapters/system/hasher.h"
#include "tests/conformance/store_rows.h"
#include "tests/conformance/temporary_directory.h"

namespace troupe::testing {

/// Opens SQLite stores in a directory of its own, over the real disk or a faulty one.
class SqliteTest : public ::testing::Test {
 protected:
  sqlite::Options options_at(const std::filesystem::path& directory) const {
    std::filesystem::create_directories(directory);
    sqlite::Options options;
    options.path = (directory / "store.db").string();
    options.journal_table_bytes = 3000;
    options.journal_tables_kept = 0;
    options.retire_piece_bytes = 1000;
    options.checkpoint_bytes = 64 << 10;
    options.wal_bytes_max = 512 << 10;
    options.page_bytes = 4096;
    return options;
  }
  std::unique_ptr<sqlite::SqliteStore> open(const sqlite::Options& options) {
    auto store = sqlite::SqliteStore::open(options, hasher);
    EXPECT_TRUE(store.ok()) << (store.ok() ? "" : store.error().message);
    return store.ok() ? *std::move(store) : nullptr;
  }
  std::string integrity(const std::string& path) {
    auto db = sqlite::Database::open(path, sqlite::Database::Mode::kRead, "");
    if (!db) return db.error().message;
    const auto answer = (*db)->query_text("PRAGMA integrity_check");
    return answer ? *answer : answer.error().message;
  }
  /// What a kill at this moment would leave of the store in `from`.
  static void copy_files(const std::filesystem::path& from, const std::filesystem::path& to,
                         bool with_shared_memory = true) {
    std::filesystem::create_directories(to);
    for (const char* file : {"store.db", "store.db-wal", "store.db-shm"}) {
      if (!std::filesystem::exists(from / file)) continue;
      std::filesystem::copy_file(from / file, to / file);
    }
    if (!with_shared_memory) std::filesystem::remove(to / "store.db-shm");
  }
  static std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void flip_bit(const std::filesystem::path& path, std::uint64_t offset, int bit) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(offset));
    const int byte = file.get();
    ASSERT_GE(byte, 0) << "nothing at " << offset;
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ (1 << bit)));
  }
  store::Batch batch_of(RunId entity, int frames = 3) {
    store::Batch batch;
    for (int i = 0; i < frames; ++i) batch.frames.push_back(make.frame(entity, 300));
    batch.runs = {make.run(scope)};
    return batch;
  }

  TemporaryDirectory directory;
  system::Blake2bHasher hasher;
  RowMaker make;
  store::TenantScope scope = make.scope();
};

}  // namespace troupe::testing
