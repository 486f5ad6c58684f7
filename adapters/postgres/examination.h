#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapters/postgres/options.h"
#include "runtime/base/result.h"
#include "runtime/port/membership.h"
#include "runtime/port/system.h"

namespace troupe::postgres {

/// What looking at a shared store has shown. Without a schema only the first part is filled in.
struct Examination {
  std::string version;   ///< of the server
  std::string settings;  ///< as read back
  std::string weakness;  ///< a setting with which commits could be lost, in a sentence; or empty
  std::uint64_t wal_kept = 0;  ///< MiB of log segments that the server keeps to use again
  Duration clock_ahead;  ///< the database's clock before ours; less than 0: behind
  Duration clock_doubt;  ///< either way: the answer took its time

  std::int64_t schema_version = 0;  ///< 0: there is no schema
  std::int64_t schema_needs = 0;    ///< what a program must know to work with it
  std::int64_t schema_known = 0;    ///< the newest that this program knows
  bool is_part = false;             ///< a move into it has not come to its end
  struct Node {
    store::Member member;
    std::uint64_t slots = 0;
  };
  std::vector<Node> members;
  std::uint64_t slots_free = 0;   ///< without an owner
  std::uint64_t slots_tailed = 0;  ///< that need journals of gone nodes
  std::uint64_t nodes_gone = 0;    ///< whose journals are not in history yet
};

/// Reads; changes nothing and joins nothing. kUnavailable, kConfigInvalid (the schema's name, or a
/// schema of somebody else).
Result<Examination> examine(const Options& options, const Clock& clock);

}  // namespace troupe::postgres
