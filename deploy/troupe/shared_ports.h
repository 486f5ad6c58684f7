#pragma once

#include <memory>
#include <string>

#include "adapters/nats/connection.h"
#include "adapters/postgres/options.h"
#include "adapters/system/data_dir.h"
#include "config/options.h"
#include "runtime/port/store.h"

namespace troupe::cli {

/// The first line of a file: an editor leaves one behind it.
Result<std::string> read_secret(const std::string& path);

/// How the shared store and NATS are reached. Reading a file with a secret may fail.
Result<postgres::Options> postgres_options(const config::Options& options);
nats::Options nats_options(const config::Options& options);

/// The store that the configuration names: a file of the data directory, or a schema of PostgreSQL.
/// kConfigInvalid, kUnavailable.
Result<std::unique_ptr<store::Store>> open_store(const config::Options& options,
                                                 const system::DataDir& data_dir,
                                                 const Hasher& hasher, Logger& log);

/// The link to NATS, connected or not yet; null if none is configured.
Result<std::unique_ptr<nats::Connection>> open_broker(const config::Options& options,
                                                      const std::string& node_name,
                                                      const nats::Services& services);

/// The configured name of this node, or its host's.
std::string node_name_of(const config::Options& options);

}  // namespace troupe::cli
