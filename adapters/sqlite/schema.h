#pragma once

#include <cstdint>
#include <string>

#include "adapters/sqlite/database.h"
#include "adapters/sqlite/options.h"

namespace troupe::sqlite {

/// Marks the file as ours ("TRPE"), so that no other application's database is written to.
inline constexpr std::int64_t kApplicationId = 0x54525045;

/// Brings a connection to the settings that the promises rest on and refuses (kConfigInvalid) if
/// they do not read back.
Status configure_writer(Database& db, const Options& options);
Status configure_reader(Database& db, const Options& options);
/// WAL, synchronous=FULL, no automatic checkpoint: anything weaker loses acknowledged commits or
/// runs into the WAL-reset bug of SQLite before 3.51.3.
Status require_durable(Database& db);
/// The settings as read back, for people.
std::string describe_settings(Database& db);

/// Creates the tables or brings an older file forward, each step in one transaction. A file from a
/// newer Troupe is refused.
Status migrate(Database& db);

/// Integers of the `meta` table; 0 if absent.
Result<std::int64_t> read_meta(Database& db, std::string_view key);
Status write_meta(Database& db, std::string_view key, std::int64_t value);

std::string journal_table(std::int64_t number);
std::string history_table(std::uint32_t bucket);
std::string payload_table(std::uint32_t bucket);
/// The statements that make the tables of one journal cut and of one expiry bucket.
std::string create_journal_table(std::int64_t number);
std::string create_bucket_tables(std::uint32_t bucket);

}  // namespace troupe::sqlite
