#pragma once

#include <vector>

#include "adapters/sqlite/database.h"
#include "runtime/port/store.h"

namespace troupe::sqlite {

/// The end of a workspace's log; number 0 if nothing has been written.
Result<store::AuditHead> audit_end(Database& db, const Hasher& hasher, WorkspaceId workspace);
/// Seals the lines behind the ends of their logs, inside the caller's transaction.
Status append_audit(Database& db, const Hasher& hasher, const store::AuditLines& lines);
Result<std::vector<store::AuditRow>> read_audit(Database& db, const Hasher& hasher,
                                                const store::AuditQuery& query);

}  // namespace troupe::sqlite
