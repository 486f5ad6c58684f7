#pragma once

#include <map>
#include <vector>

#include "runtime/port/store.h"

namespace troupe::store {

// What a change makes of the rows that are there, in every store that keeps them in tables.

/// How many documents that have expired go with one change.
inline constexpr std::size_t kSweptMax = 32;

/// Whether somebody may be allowed other things than before it.
bool concerns_access(const Change& change);

/// What is to be written of `change.put`, each with its etag, which is one more than that of its
/// entry in `stored`, if it has one that is not removed first.
using StoredDocuments = std::vector<Document>;
std::vector<Document> with_etags(const Change& change, const StoredDocuments& stored);

/// The ends of audit logs that are being written to.
using AuditHeads = std::map<WorkspaceId, AuditHead>;
/// The logs that these lines go to, in order, each once.
std::vector<WorkspaceId> logs_of(const AuditLines& lines);
/// The lines, each bound to the one before it; `heads` has the end of every log and moves on.
std::vector<AuditRow> sealed(const AuditLines& lines, AuditHeads& heads);

}  // namespace troupe::store
