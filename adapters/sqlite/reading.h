#pragma once

#include <vector>

#include "adapters/sqlite/database.h"
#include "runtime/journal/row_codec.h"
#include "runtime/port/paging.h"

namespace troupe::sqlite {

/// Decodes the body in `column` of every row that `select` yields, appending to `rows`.
template <class Row>
Status collect(Statement& select, int column, const Hasher& hasher, std::vector<Row>& rows) {
  for (;;) {
    const Result<bool> more = select.step();
    if (!more) return more.error();
    if (!*more) return ok();
    auto row = store::decode<Row>(hasher, select.blob_at(column));
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

}  // namespace troupe::sqlite
