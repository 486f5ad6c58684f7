#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/port/store.h"

namespace troupe::store {

/// A stored body is the encoded row and the first eight bytes of its hash, so that a flipped byte
/// shows as kCorrupt and never as a value. The row's own key is inside: a body in the wrong place
/// shows too. Columns beside a body only serve to find it.
std::string encode(const Hasher& hasher, const RunRow& row);
std::string encode(const Hasher& hasher, const Snapshot& row);
std::string encode(const Hasher& hasher, const TaskRow& row);
std::string encode(const Hasher& hasher, const WaiterRow& row);
std::string encode(const Hasher& hasher, const Workspace& row);
std::string encode(const Hasher& hasher, const Document& row);
std::string encode(const Hasher& hasher, const AuditRow& row);
std::string encode(const Hasher& hasher, const Project& row);
std::string encode(const Hasher& hasher, const Workflow& row);
std::string encode(const Hasher& hasher, const Version& row);

/// Defined for the row types above.
template <class Row>
Result<Row> decode(const Hasher& hasher, std::string_view body);

/// Says where damage was found.
Error corrupt(std::string_view what);

}  // namespace troupe::store
