#pragma once

#include <memory>

#include "adapters/system/data_dir.h"
#include "config/options.h"
#include "runtime/port/log.h"
#include "runtime/port/secrets.h"

namespace troupe::cli {

/// The master keys that the configuration names. A node whose store is its own and which names none
/// makes itself one in its data directory; one that shares its store has none then, and null says
/// so. For the time before there are other threads. kConfigInvalid.
Result<std::unique_ptr<KeyRing>> open_key_ring(const config::Options& options,
                                               const system::DataDir& data_dir,
                                               Logger& log);

Result<std::unique_ptr<PasswordHasher>> open_password_hasher(const config::Access& access);

}  // namespace troupe::cli
