#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/postgres/connection.h"
#include "adapters/postgres/document_rows.h"
#include "runtime/port/store.h"

namespace troupe::postgres {

/// Seals the lines behind the ends of their logs, which the caller's transaction then holds; what
/// writes them goes to `last`.
Status append_audit(Connection& db, const Hasher& hasher, const store::AuditLines& lines,
                    std::vector<Request>& last);
/// Entries as they are, with the ends that their logs then have.
void write_audit(const Hasher& hasher, const std::vector<store::AuditRow>& rows,
                 std::vector<Request>& last);
Result<std::vector<store::AuditRow>> read_audit(const Ask& ask, const Hasher& hasher,
                                                const store::AuditQuery& query);

}  // namespace troupe::postgres
