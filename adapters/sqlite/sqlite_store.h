#pragma once

#include <memory>

#include "adapters/sqlite/options.h"
#include "runtime/port/store.h"

namespace troupe::sqlite {

class Writer;

/// The embedded store: one SQLite file in WAL mode. Whoever opens it holds the data directory
/// (adapters/system/data_dir.h), so that no other process writes. The store outlives its readers,
/// and the hasher the store. Opening fails with kConfigInvalid where the file or the file system
/// cannot keep the promises, and with kCorrupt, kStorageFull or kUnavailable where it cannot be
/// read.
class SqliteStore final : public store::Store {
 public:
  static Result<std::unique_ptr<SqliteStore>> open(const Options& options, const Hasher& hasher);
  ~SqliteStore() override;

  store::Writer& writer() override;
  std::unique_ptr<store::Reader> open_reader() override;
  store::StoreInfo info() const override { return info_; }
  std::uint64_t journal_bytes() const override;
  std::uint64_t wal_bytes() const override;

 private:
  SqliteStore(const Options& options, const Hasher& hasher, std::unique_ptr<Writer> writer);

  const Options options_;
  const Hasher& hasher_;
  std::unique_ptr<Writer> writer_;
  store::StoreInfo info_;
};

}  // namespace troupe::sqlite
