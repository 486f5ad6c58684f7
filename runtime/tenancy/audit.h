#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/time.h"
#include "runtime/base/uuid.h"
#include "runtime/port/audit_log.h"
#include "runtime/tenancy/permission.h"
#include "runtime/tenancy/principal.h"

namespace troupe::tenancy {

// The audit log of a workspace: one entry for each change, each bound to the one before it by a
// hash, so that none can be changed, taken out, put in or moved without the rest showing it.
// Whoever can rewrite the store can rewrite the whole chain as well; against that helps a head that
// somebody else has kept, such as that of an export.

/// What an entry says. No values of fields and no secrets: `changed` has names alone.
struct AuditEntry {
  TimePoint at;
  std::optional<ProjectId> project;  ///< nothing: of the workspace as a whole
  std::string actor;                 ///< `audit_actor`
  Permission action = Permission::kSelfChange;
  std::string target;                ///< "workflow:<id>", …
  std::vector<std::string> changed;  ///< names of the fields
  std::string request_id;
  std::string address;  ///< of the peer
};

/// "nobody" (a sign-up), "operator" or "user:<id>"; behind it " token:<id>" for a program of his.
std::string audit_actor(const Principal& principal);

using store::AuditHead;
using store::SealedEntry;

/// Before the first entry. An unset workspace: what concerns the installation.
AuditHead audit_origin(const Hasher& hasher, WorkspaceId workspace);
/// The entry that follows `last`, at whose number 0 stands the origin. The same entry always gives
/// the same bytes.
SealedEntry seal(const Hasher& hasher,
                 const AuditHead& last,
                 WorkspaceId workspace,
                 const AuditEntry& entry);

/// The entry as a change writes it into the log of the workspace. The hasher outlives it.
store::AuditLine audit_line(const Hasher& hasher, WorkspaceId workspace, AuditEntry entry);

/// Where a chain is broken.
struct AuditBreak {
  std::uint64_t n = 0;  ///< the first number that is not as it was written
  std::string why;
};

/// Checks a chain entry by entry, in order, so that a long one need not be in memory. After a break
/// nothing more can be said of what follows.
class AuditCheck {
 public:
  /// Begins at `audit_origin`, or behind an entry whose head is known to be right. The hasher
  /// outlives it.
  AuditCheck(const Hasher& hasher, const AuditHead& behind) : hasher_(hasher), last_(behind) {}

  /// What is wrong with the next entry, or nothing.
  std::optional<AuditBreak> next(const SealedEntry& entry);
  /// What is wrong if the chain ends here: `kept` is the head that it is known to have had.
  std::optional<AuditBreak> end(const AuditHead& kept) const;
  const AuditHead& head() const { return last_; }

 private:
  const Hasher& hasher_;
  AuditHead last_;
};

}  // namespace troupe::tenancy
