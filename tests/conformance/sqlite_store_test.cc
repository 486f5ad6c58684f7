#include "adapters/sqlite/sqlite_store.h"
#include "adapters/sqlite/database.h"
#include "adapters/system/hasher.h"
#include "tests/conformance/store_suite.h"
#include "tests/conformance/temporary_directory.h"

namespace troupe::testing {
namespace {

class SqliteHarness final : public StoreHarness {
 public:
  SqliteHarness() {
    options_.path = directory_.file("store.db");
    options_.journal_table_bytes = 4096;
    options_.journal_tables_kept = 0;
    options_.retire_piece_bytes = 1000;
    open();
  }
  store::Store& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    open();
  }
  const Hasher& hasher() const override { return hasher_; }
  void damage_snapshot(RunId entity) override {
    store_.reset();
    {
      auto db = sqlite::Database::open(options_.path, sqlite::Database::Mode::kWrite, "");
      TROUPE_ENSURE(db.ok());
      auto update = (*db)->prepare("UPDATE snapshots SET body=zeroblob(40) WHERE entity=?1");
      update.id(1, entity);
      TROUPE_ENSURE(update.step().ok());
    }
    open();
  }

 private:
  void open() {
    auto store = sqlite::SqliteStore::open(options_, hasher_);
    TROUPE_ENSURE(store.ok());
    store_ = *std::move(store);
  }

  TemporaryDirectory directory_;
  system::Blake2bHasher hasher_;
  sqlite::Options options_;
  std::unique_ptr<sqlite::SqliteStore> store_;
};

}  // namespace

std::unique_ptr<StoreHarness> make_harness() { return std::make_unique<SqliteHarness>(); }

}  // namespace troupe::testing
