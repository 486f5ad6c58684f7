#include "runtime/store/run_list.h"

#include <algorithm>

#include "runtime/journal/row_codec.h"

namespace troupe::store {

Result<RunList> RunList::of(const RunFilter& filter, const Page& page) {
  const auto from = beginning_of(ListKind::kRuns, page);
  if (!from) return from.error();
  const std::int64_t last = filter.to.set() ? filter.to.us - 1 : newest_end().at;
  return RunList{filter, *from, filter.from.set() ? filter.from.us : oldest_end().at,
                 std::min(last, from->at), limit_of(page) + 1};
}

Status have_status(const std::vector<RunRow>& rows, std::size_t first, RunStatus status) {
  for (std::size_t i = first; i < rows.size(); ++i) {
    if (rows[i].status != status) return corrupt("a run's status differs from its body");
  }
  return ok();
}

}  // namespace troupe::store
