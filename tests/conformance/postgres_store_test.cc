#include "adapters/postgres/postgres_store.h"
#include "adapters/postgres/connection.h"
#include "adapters/system/hasher.h"
#include "tests/conformance/join_alone.h"
#include "tests/conformance/store_suite.h"
#include "tests/support/postgres_server.h"

namespace troupe::testing {
namespace {

/// The batches of the suite are small: all of their frames are copied, or none.
constexpr std::size_t kCopyFramesMin = TROUPE_COPIES ? 1 : 1'000'000;

class PostgresHarness final : public StoreHarness {
 public:
  PostgresHarness() {
    options_.conninfo = postgres_server().conninfo();
    options_.schema = fresh_schema();
    options_.journal_table_bytes = 4096;
    options_.journal_tables_kept = 0;
    options_.retire_piece_bytes = 1000;
    options_.copy_frames_min = kCopyFramesMin;
    open();
    join(*store_);
  }
  store::Store& store() override { return *store_; }
  void reopen() override {
    const store::NodeNumber life = store_->life();
    store_.reset();
    open();
    store_->resume(life);
    // What the writer knows of its journal it reads with its first call.
    TROUPE_ENSURE(store_->writer().landed(0).ok());
  }
  const Hasher& hasher() const override { return hasher_; }
  void damage_snapshot(RunId entity) override {
    postgres::Connection db(options_, postgres::Connection::Use::kMembership);
    TROUPE_ENSURE(db.open().ok());
    TROUPE_ENSURE(
        db.execute("UPDATE snapshots SET body='damaged' WHERE entity='" + entity.to_string() + "'")
            .ok());
  }

 private:
  void open() {
    auto store = postgres::PostgresStore::open(options_, hasher_);
    TROUPE_ENSURE(store.ok());
    store_ = *std::move(store);
  }

  system::Blake2bHasher hasher_;
  postgres::Options options_;
  std::unique_ptr<postgres::PostgresStore> store_;
};

}  // namespace

std::unique_ptr<StoreHarness> make_harness() { return std::make_unique<PostgresHarness>(); }

}  // namespace troupe::testing
