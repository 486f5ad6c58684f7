#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/port/store.h"

namespace troupe::store {

/// The list that a cursor belongs to: one list's cursor is no cursor of another.
enum class ListKind : char {
  kRuns = 'r',
  kWorkflows = 'w',
  kVersions = 'v',
  kTasks = 't',
  kDocuments = 'd',
};

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
/// A workflow of the workspace as a whole is seen in each of its projects too.
bool visible(const TenantScope& scope, const Workflow& workflow);

/// `from` is inclusive, `to` is not; an empty external id filters nothing.
bool matches(const RunFilter& filter, const RunRow& row);

/// The ids whose text begins with `prefix`, from the first to the last; nothing if no id does.
std::optional<std::pair<Uuid, Uuid>> id_range(std::string_view prefix);

inline Cursor cursor_of(const RunRow& row) { return {row.created.us, row.id}; }
inline Cursor cursor_of(const Workflow& row) { return {row.created.us, row.id}; }
inline Cursor cursor_of(const Version& row) { return {row.version, row.workflow}; }
inline Cursor cursor_of(const TaskRow& row) { return {row.created.us, row.id}; }
inline Cursor cursor_of(const Document& row) { return {row.created.us, row.id}; }

/// Lists run newest first; only tasks, which people work off, run oldest first.
constexpr bool newest_first(ListKind kind) { return kind != ListKind::kTasks; }

/// Whether `a` stands before `b` in the list.
inline bool stands_before(ListKind kind, const Cursor& a, const Cursor& b) {
  return newest_first(kind) ? b < a : a < b;
}

/// What the rows of a page stand behind: its cursor, or the list's own end. Errors as
/// `decode_cursor`.
Result<Cursor> beginning_of(ListKind kind, const Page& page);

inline std::size_t limit_of(const Page& page) {
  return std::max<std::size_t>(page.limit, 1);
}

/// Merges what several index ranges gave into one page: sorted, without doubles, cut at the limit.
template <class Row>
Rows<Row> page_of(std::vector<Row> all, ListKind kind, const Page& page) {
  std::sort(all.begin(), all.end(), [kind](const Row& a, const Row& b) {
    return stands_before(kind, cursor_of(a), cursor_of(b));
  });
  const auto same = [](const Row& a, const Row& b) { return cursor_of(a) == cursor_of(b); };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  const std::size_t limit = limit_of(page);
  Rows<Row> rows;
  if (all.size() > limit) {
    all.resize(limit);
    rows.next_cursor = encode_cursor(kind, cursor_of(all.back()));
  }
  rows.items = std::move(all);
  return rows;
}

/// Before every row of a list that runs newest first.
inline Cursor newest_end() {
  return {std::numeric_limits<std::int64_t>::max(), Uuid{~0ull, ~0ull}};
}
/// Before every row of a list that runs oldest first.
inline Cursor oldest_end() {
  return {std::numeric_limits<std::int64_t>::min(), Uuid{}};
}

}  // namespace troupe::store
