#include "adapters/postgres/postgres_store.h"

#include "adapters/postgres/reader.h"
#include "adapters/postgres/writer.h"

namespace troupe::postgres {

Result<std::unique_ptr<PostgresStore>> PostgresStore::open(const Options& options,
                                                           const Hasher& hasher) {
  auto writer = Writer::open(options, hasher);
  if (!writer) return writer.error();
  return std::unique_ptr<PostgresStore>(new PostgresStore(options, hasher, *std::move(writer)));
}

PostgresStore::PostgresStore(const Options& options,
                             const Hasher& hasher,
                             std::unique_ptr<Writer> writer)
    : options_(options),
      hasher_(hasher),
      writer_(std::move(writer)),
      info_{"postgresql", writer_->server_version(), writer_->settings()} {}

PostgresStore::~PostgresStore() = default;

store::Writer& PostgresStore::writer() { return *writer_; }

std::unique_ptr<store::Reader> PostgresStore::open_reader() {
  return std::make_unique<Reader>(options_, hasher_);
}

std::uint64_t PostgresStore::journal_bytes() const { return writer_->journal_bytes(); }

}  // namespace troupe::postgres
