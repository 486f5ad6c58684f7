#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/port/store.h"

namespace troupe::store {

/// The list that a cursor belongs to: one list's cursor is no cursor of another.
enum class ListKind : char { kRuns = 'r', kWorkflows = 'w', kVersions = 'v', kTasks = 't' };

/// The last row of a page: its instant (or number) and its id, which breaks ties.
struct Cursor {
  std::int64_t at = 0;
  Uuid id;
  auto operator<=>(const Cursor&) const = default;
};

/// The rules of paging and visibility that every store keeps alike.
std::string encode_cursor(ListKind kind, const Cursor& cursor);
/// Nothing for an empty text (the first page); kInvalidRequest for a text that is no cursor.
Result<std::optional<Cursor>> decode_cursor(ListKind kind, std::string_view text);

/// A scope without project sees its whole workspace; one with a project sees exactly that project's
/// rows (an unset ProjectId: the workspace-global ones).
bool visible(const TenantScope& scope, WorkspaceId workspace, ProjectId project);

/// `from` is inclusive, `to` is not; an empty external id filters nothing.
bool matches(const RunFilter& filter, const RunRow& row);

}  // namespace troupe::store
