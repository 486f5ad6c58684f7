#pragma once

#include <memory>

#include "adapters/postgres/life.h"
#include "adapters/postgres/options.h"
#include "runtime/port/store.h"

namespace troupe::postgres {

class Writer;

/// The store on PostgreSQL: one schema of a database, shared by the nodes of a cluster. A process
/// joins before it writes. The store outlives its readers and its membership, and the hasher the
/// store. Opening fails with kConfigInvalid where the server's settings cannot keep the promises or
/// the schema is not ours, and with kUnavailable where it cannot be reached.
class PostgresStore final : public store::Store {
 public:
  static Result<std::unique_ptr<PostgresStore>> open(const Options& options, const Hasher& hasher);
  ~PostgresStore() override;

  store::Writer& writer() override;
  std::unique_ptr<store::Reader> open_reader() override;
  std::unique_ptr<store::Membership> open_membership() override;
  /// The life that this process has begun, or 0; and to go on with it after the store was opened
  /// again by the same process. Who cannot know joins.
  store::NodeNumber life() const { return life_.node; }
  void resume(store::NodeNumber life) { life_.node = life; }
  store::StoreInfo info() const override { return info_; }
  std::uint64_t journal_bytes() const override;
  /// None: the log belongs to the server and to all of its databases.
  std::uint64_t wal_bytes() const override { return 0; }

 private:
  PostgresStore(const Options& options, const Hasher& hasher);

  const Options options_;
  const Hasher& hasher_;
  Life life_;
  std::unique_ptr<Writer> writer_;
  store::StoreInfo info_;
};

}  // namespace troupe::postgres
