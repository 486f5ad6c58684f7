#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/port/paging.h"
#include "runtime/port/store.h"

namespace troupe::store {

/// A list of runs, resolved: where its page begins, and by which ways a store finds its rows. Each
/// way is a walk through an index of newest rows first, which gives `limit` rows at most; what
/// several of them gave becomes one page (`runs_page`). Refers to the filter.
struct RunList {
  /// kInvalidRequest for a cursor that is none.
  static Result<RunList> of(const RunFilter& filter, const Page& page);

  const RunFilter& filter;
  Cursor from;  ///< behind it
  std::int64_t created_from;
  std::int64_t created_to;  ///< inclusive
  std::size_t limit;

  /// Runs of one external id; else of all whose external id begins with the text searched for.
  bool by_external() const { return filter.external_id && !filter.external_id->empty(); }
  /// By external id, and not by status.
  bool is_search() const { return by_external() || !filter.q.empty(); }
  /// By the beginning of external ids: then a walk through a scope's newest runs finds a page
  /// sooner than one through all that begin so, if there are more of these than `sorted_max`.
  bool may_be_common() const { return is_search() && !by_external() && !narrows_id(); }
  static std::size_t sorted_max(std::size_t scopes) {
    return std::max<std::size_t>(500, 10'000 / std::max<std::size_t>(scopes, 1));
  }
  /// The text may be the beginning of a run's id as well.
  bool by_id_prefix() const {
    return !by_external() && !filter.q.empty() && id_range(filter.q).has_value();
  }
  /// A prefix beside an external id that it does not begin can only mean the run's id.
  bool narrows_id() const {
    return filter.external_id && !filter.external_id->starts_with(filter.q);
  }
  /// Those that the prefix allows, from the first to the last; no id lies in the range of a prefix
  /// that none has.
  std::pair<Uuid, Uuid> ids() const {
    return id_range(filter.q).value_or(std::pair(newest_end().id, Uuid()));
  }
  /// The external id, or the first of those that begin with the text.
  const std::string& external() const { return by_external() ? *filter.external_id : filter.q; }
  /// Behind the last of those.
  std::string external_end() const { return filter.q + "\xFF"; }  // no UTF-8 text holds this byte
};

/// kCorrupt if a row that was found by its status, at `first` or behind it, has another one.
Status have_status(const std::vector<RunRow>& rows, std::size_t first, RunStatus status);

}  // namespace troupe::store
