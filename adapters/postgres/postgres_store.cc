#include "adapters/postgres/postgres_store.h"

#include "adapters/postgres/membership.h"
#include "adapters/postgres/reader.h"
#include "adapters/postgres/writer.h"

namespace troupe::postgres {

Result<std::unique_ptr<PostgresStore>> PostgresStore::open(const Options& options,
                                                           const Hasher& hasher) {
  std::unique_ptr<PostgresStore> store(new PostgresStore(options, hasher));
  auto writer = Writer::open(options, hasher, store->life_);
  if (!writer) return writer.error();
  store->writer_ = *std::move(writer);
  store->info_ = {"postgresql", store->writer_->server_version(), store->writer_->settings()};
  return store;
}

PostgresStore::PostgresStore(const Options& options, const Hasher& hasher)
    : options_(options), hasher_(hasher) {}

PostgresStore::~PostgresStore() = default;

store::Writer& PostgresStore::writer() { return *writer_; }

std::unique_ptr<store::Reader> PostgresStore::open_reader() {
  return std::make_unique<Reader>(options_, hasher_, life_);
}

std::unique_ptr<store::Membership> PostgresStore::open_membership() {
  return std::make_unique<Membership>(options_, life_);
}

std::uint64_t PostgresStore::journal_bytes() const { return writer_->journal_bytes(); }

}  // namespace troupe::postgres
