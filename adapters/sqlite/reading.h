#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "adapters/sqlite/database.h"
#include "adapters/sqlite/rows.h"
#include "runtime/port/paging.h"

namespace troupe::sqlite {

/// Decodes the body in `column` of every row that `select` yields, appending to `rows`.
template <class Row>
Status collect(Statement& select, int column, const Hasher& hasher, std::vector<Row>& rows) {
  for (;;) {
    const Result<bool> more = select.step();
    if (!more) return more.error();
    if (!*more) return ok();
    auto row = decode<Row>(hasher, select.blob_at(column));
    if (!row) return row.error();
    rows.push_back(*std::move(row));
  }
}

/// The one row that `select` yields, if any.
template <class Row>
Result<std::optional<Row>> find(Statement& select, const Hasher& hasher) {
  std::vector<Row> rows;
  if (Status done = collect(select, 0, hasher, rows); !done) return done.error();
  if (rows.empty()) return std::optional<Row>();
  return std::optional<Row>(std::move(rows.front()));
}

/// Merges what several index ranges gave into one page: sorted, without doubles, cut at the limit.
template <class Row, class CursorOf>
store::Rows<Row> page_of(std::vector<Row> all, store::ListKind kind, std::size_t limit,
                         bool newest_first, CursorOf cursor_of) {
  std::sort(all.begin(), all.end(), [&](const Row& a, const Row& b) {
    return newest_first ? cursor_of(b) < cursor_of(a) : cursor_of(a) < cursor_of(b);
  });
  const auto same = [&](const Row& a, const Row& b) { return cursor_of(a) == cursor_of(b); };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  store::Rows<Row> rows;
  if (all.size() > limit) {
    all.resize(limit);
    rows.next_cursor = store::encode_cursor(kind, cursor_of(all.back()));
  }
  rows.items = std::move(all);
  return rows;
}

inline std::size_t limit_of(const store::Page& page) {
  return std::max<std::size_t>(page.limit, 1);
}

/// Before every row of a list that runs newest first.
inline store::Cursor newest_end() {
  return {std::numeric_limits<std::int64_t>::max(), Uuid{~0ull, ~0ull}};
}
/// Before every row of a list that runs oldest first.
inline store::Cursor oldest_end() {
  return {std::numeric_limits<std::int64_t>::min(), Uuid{}};
}

}  // namespace troupe::sqlite
