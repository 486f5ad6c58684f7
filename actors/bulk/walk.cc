#include "actors/bulk/walk.h"

#include <utility>

namespace troupe::actors {
namespace {

constexpr std::size_t kRunsAtOnce = 64;
constexpr Duration kAgainAfter = milliseconds(500);

}  // namespace

void Walk::go_on() {
  if (!again_.empty()) {
    const auto rows = std::exchange(again_, {});
    open_ = rows.size();
    for (const std::size_t row : rows) outside_.act(row);
    return;
  }
  const auto statuses = bulk::statuses_of(job_);
  if (job_.stage >= statuses.size()) {
    const bool found_none = job_.done == done_before_;
    if (bulk::walks_once(job_.action) || found_none) {
      job_.status = bulk::JobStatus::kCompleted;
      return outside_.save();
    }
    // Some may have changed from a status that comes later into one that was walked.
    job_.stage = 0;
    job_.cursor.clear();
    job_.failed = 0;
    done_before_ = job_.done;
  }
  outside_.read(bulk::filter_of(job_, statuses[job_.stage]), {kRunsAtOnce, job_.cursor});
}

void Walk::page(Result<store::Rows<store::RunRow>> rows) {
  // What cannot be read now is read later; what never can be must not be passed over in silence.
  if (!rows) {
    job_.error = rows.error().message;
    return outside_.pause(kAgainAfter);
  }
  rows_ = std::move(rows->items);
  behind_ = std::move(rows->next_cursor);
  if (rows_.empty()) return page_done();
  open_ = rows_.size();
  for (std::size_t row = 0; row < rows_.size(); ++row) outside_.act(row);
}

void Walk::seen(std::size_t row, const Status& outcome) {
  // Who does not know what came of it asks again: neither harms what has been done.
  const bool is_for_later = !outcome && (info(outcome.error().code).transient ||
                                         outcome.error().code == Code::kOutcomeUnknown);
  if (is_for_later) again_.push_back(row);
  else bulk::count(job_, outcome);
  if (--open_ > 0) return;
  if (!again_.empty()) return outside_.save();
  page_done();
}

void Walk::page_done() {
  job_.cursor = behind_;
  if (behind_.empty()) ++job_.stage;
  outside_.save();
}

void Walk::saved(std::uint64_t etag) {
  etag_ = etag;
  if (has_ended()) return;
  again_.empty() ? go_on() : outside_.pause(kAgainAfter);
}

}  // namespace troupe::actors
