#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/uuid.h"
#include "runtime/port/system.h"

namespace troupe::store {

// The audit log of each workspace is a chain of entries. A store keeps them in order and gives each
// the one before it; what they say and how they are bound is runtime/tenancy/audit.h.

/// The last entry of a chain. Number 0: there is none yet.
struct AuditHead {
  std::uint64_t n = 0;
  Digest hash{};
  bool operator==(const AuditHead&) const = default;
};

/// An entry as it is stored and exported.
struct SealedEntry {
  AuditHead head;    ///< its number, and the hash of the chain with it
  std::string json;  ///< {n, at, workspace?, project?, actor, action, target, changed, …}
};

/// One entry that is to be written with a change.
struct AuditLine {
  WorkspaceId workspace;  ///< whose log; unset: the installation's
  ProjectId project;      ///< unset: about the workspace as a whole
  /// Binds it to the end of the chain, which the transaction holds: number 0 with an empty hash if
  /// there is none yet. Pure; may be asked again.
  std::function<SealedEntry(const AuditHead& last)> seal;
};
using AuditLines = std::vector<AuditLine>;

/// An entry in the store.
struct AuditRow {
  WorkspaceId workspace;
  ProjectId project;
  SealedEntry entry;
};

/// A piece of one log: entries with after < n, and n < before if that is not 0.
struct AuditQuery {
  WorkspaceId workspace;  ///< unset: the installation's
  std::uint64_t after = 0;
  std::uint64_t before = 0;
  bool newest_first = false;
  std::size_t limit = 200;
};

}  // namespace troupe::store
