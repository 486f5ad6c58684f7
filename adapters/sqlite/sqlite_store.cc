#include "adapters/sqlite/sqlite_store.h"

#include "adapters/sqlite/reader.h"
#include "adapters/sqlite/writer.h"

namespace troupe::sqlite {

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const Options& options,
                                                       const Hasher& hasher) {
  auto writer = Writer::open(options, hasher);
  if (!writer) return writer.error();
  return std::unique_ptr<SqliteStore>(new SqliteStore(options, hasher, *std::move(writer)));
}

SqliteStore::SqliteStore(const Options& options,
                         const Hasher& hasher,
                         std::unique_ptr<Writer> writer)
    : options_(options),
      hasher_(hasher),
      writer_(std::move(writer)),
      info_{"sqlite", sqlite3_libversion(), writer_->settings()} {}

SqliteStore::~SqliteStore() = default;

store::Writer& SqliteStore::writer() { return *writer_; }

std::unique_ptr<store::Reader> SqliteStore::open_reader() {
  return std::make_unique<Reader>(options_, hasher_);
}

std::uint64_t SqliteStore::journal_bytes() const { return writer_->journal_bytes(); }
std::uint64_t SqliteStore::wal_bytes() const { return writer_->wal_bytes(); }

}  // namespace troupe::sqlite
