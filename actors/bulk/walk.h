#pragma once

#include <functional>
#include <vector>

#include "runtime/bulk/job.h"

namespace troupe::actors {

/// How one job goes over its runs; the actor around it does what it asks for.
class Walk {
 public:
  struct Outside {
    std::function<void(store::RunFilter, store::Page)> read;  ///< then `page`
    std::function<void(std::size_t row)> act;                 ///< on a row of the page; then `seen`
    std::function<void()> save;                               ///< the job; then `saved`
    std::function<void(Duration)> pause;                      ///< then `go_on`
  };
  Walk(bulk::Job job, std::uint64_t etag, Outside outside)
      : job_(std::move(job)), etag_(etag), outside_(std::move(outside)) {}

  /// Asks for the next page, or ends the job.
  void go_on();
  void page(Result<store::Rows<store::RunRow>> rows);
  void seen(std::size_t row, const Status& outcome);
  void saved(std::uint64_t etag);

  const bulk::Job& job() const { return job_; }
  std::uint64_t etag() const { return etag_; }
  const store::RunRow& row(std::size_t n) const { return rows_[n]; }
  bool has_ended() const { return job_.status != bulk::JobStatus::kRunning; }
  /// Says when the job has ended, for its document.
  void end_at(TimePoint now) { if (has_ended()) job_.finished = now; }

 private:
  void page_done();

  bulk::Job job_;
  std::uint64_t etag_;
  Outside outside_;
  std::vector<store::RunRow> rows_;
  std::string behind_;               ///< the cursor behind this page; empty: it is the last
  std::vector<std::size_t> again_;   ///< rows whose time will come
  std::size_t open_ = 0;             ///< rows that have not been answered
  std::uint64_t done_before_ = 0;    ///< when this walk over all statuses began
};

}  // namespace troupe::actors
