#include <libpq-fe.h>

#include "adapters/postgres/postgres_store.h"
#include "adapters/system/hasher.h"
#include "tests/conformance/membership_suite.h"
#include "tests/support/postgres_server.h"

namespace troupe::testing {
namespace {

class PostgresCluster final : public ClusterHarness {
 public:
  PostgresCluster() {
    options_.conninfo = postgres_server().conninfo();
    options_.schema = fresh_schema();
    options_.journal_table_bytes = 4096;
    options_.journal_tables_kept = 0;
    options_.retire_piece_bytes = 1000;
  }
  std::unique_ptr<store::Store> open_store() override {
    auto store = postgres::PostgresStore::open(options_, hasher_);
    TROUPE_ENSURE(store.ok());
    return *std::move(store);
  }
  void pass(Duration time) override {
    const std::unique_ptr<PGconn, void (*)(PGconn*)> link(PQconnectdb(options_.conninfo.c_str()),
                                                          PQfinish);
    const std::string sql = "UPDATE " + options_.schema +
                            ".nodes SET lease_until = lease_until - interval '" +
                            std::to_string(time.us) + " microseconds'";
    const std::unique_ptr<PGresult, void (*)(PGresult*)> done(PQexec(link.get(), sql.c_str()),
                                                              PQclear);
    TROUPE_ENSURE(PQresultStatus(done.get()) == PGRES_COMMAND_OK);
  }

 private:
  system::Blake2bHasher hasher_;
  postgres::Options options_;
};

}  // namespace

std::unique_ptr<ClusterHarness> make_cluster() { return std::make_unique<PostgresCluster>(); }

}  // namespace troupe::testing
