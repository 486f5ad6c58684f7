#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/nats/connection.h"
#include "runtime/base/result.h"

namespace troupe::nats {

/// What looking at a server has shown.
struct Examination {
  std::string url;      ///< of the server that was reached, without a password
  std::string version;  ///< empty: it did not tell
  bool has_jetstream = false;
  struct Kept {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::int64_t replicas = 0;
  };
  std::optional<Kept> stream;  ///< of enqueued submissions, if it is there
};

/// Connects, looks, and makes nothing. Blocks for some seconds at most. kUnavailable,
/// kConfigInvalid.
Result<Examination> examine(const Options& options, const Services& services);

/// Whether this version of the server is known to be open to attack (CVE-2025-30215 and others).
bool has_known_holes(std::string_view version);

}  // namespace troupe::nats
