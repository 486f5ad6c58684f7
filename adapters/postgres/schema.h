#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/postgres/connection.h"

namespace troupe::postgres {

/// The SQLSTATE by which the database refuses a node that has been declared gone.
inline constexpr std::string_view kGoneState = "TR001";

/// kConfigInvalid if the schema's name is none that can be used as it is.
Status check_name(const std::string& schema);
/// synchronous_commit, fsync and full_page_writes as they read back: with anything weaker, a commit
/// that was acknowledged can be lost (kConfigInvalid).
Status require_durable(Connection& db);
/// The settings as read back, for people.
std::string describe_settings(Connection& db);

/// Creates the schema and its tables or brings an older one forward, in one transaction behind a
/// lock of the schema's own. A schema of a newer Troupe, or of somebody else, is refused.
Status migrate(Connection& db, const std::string& schema);
/// How far a schema is: all 0 if there is none yet.
struct SchemaVersion {
  std::int64_t steps = 0;  ///< those that it has seen
  std::int64_t needs = 0;  ///< the number of them that a program must know to work with it
};
/// kConfigInvalid: it is somebody else's.
Result<SchemaVersion> version_of(Connection& db, const std::string& schema);
/// The steps that `migrate` makes.
std::int64_t newest_version();
/// As people write it, such as "15.20".
std::string version_text(int server_version);

/// Integers of the `meta` table; 0 if absent.
Result<std::int64_t> read_meta(Connection& db, std::string_view key);
/// The request that writes one; `key` must outlive it.
Request write_meta(std::string_view key, std::int64_t value);

/// Refuses what is only a part of a store, because a move into it has not come to its end.
Status require_whole(Connection& db, const std::string& schema);

std::string journal_table(std::int64_t number);
/// Until the transaction ends, no other makes what has to be made once: number a scope, create a
/// bucket. To be taken before any row that others may want, so that nobody waits in a circle.
Status lock_making(Connection& db, const std::string& schema);
/// The statements that make the table of one journal cut, and the partitions of one expiry bucket.
std::string create_journal_table(std::int64_t number);
std::string create_bucket_tables(std::uint32_t bucket);

}  // namespace troupe::postgres
