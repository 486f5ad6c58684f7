#include "actors/committer/fair_lines.h"

#include <algorithm>

namespace troupe::actors {
namespace {

constexpr std::size_t kShareBytes = 32 << 10;
/// A group of new runs, say: what others have to write does not ride in the same long commit.
constexpr std::size_t kLargeBytes = 64 << 10;

}  // namespace

void FairLines::push(std::shared_ptr<Submission> submission) {
  const void* tenant = submission->tenant.get();
  Line& line = lines_[tenant];
  if (line.waiting.empty()) ring_.push_back(tenant);
  line.waiting.push_back(std::move(submission));
  ++size_;
}

std::vector<std::shared_ptr<Submission>> FairLines::take(std::size_t cost_max,
                                                         std::size_t row_cost) {
  std::vector<std::shared_ptr<Submission>> taken;
  std::size_t cost = 0;
  while (!ring_.empty() && (taken.empty() || cost < cost_max)) {
    const void* tenant = ring_.front();
    Line& line = lines_.at(tenant);
    const bool large = line.waiting.front()->bytes > kLargeBytes;
    if (large && !taken.empty()) break;
    ring_.pop_front();
    if (large && !ring_.empty() && !line.has_yielded) {
      line.has_yielded = true;
      ring_.push_back(tenant);
      continue;
    }
    const std::size_t room = std::min(kShareBytes, cost_max - std::min(cost, cost_max));
    std::size_t share = 0;
    do {
      const Submission& next = *line.waiting.front();
      share += next.bytes + row_cost * next.batch.runs.size();
      taken.push_back(std::move(line.waiting.front()));
      line.waiting.pop_front();
      --size_;
    } while (!large && share < room && !line.waiting.empty() &&
             line.waiting.front()->bytes <= kLargeBytes);
    cost += share;
    line.has_yielded = false;
    if (line.waiting.empty()) lines_.erase(tenant);
    else ring_.push_back(tenant);
    if (large) break;
  }
  return taken;
}

store::Pos FairLines::oldest(store::Pos none) const {
  store::Pos oldest = none;
  for (const auto& [tenant, line] : lines_) {
    for (const auto& submission : line.waiting) {
      for (const store::Frame& frame : submission->batch.frames) {
        oldest = std::min(oldest, frame.pos);
      }
    }
  }
  return oldest;
}

std::vector<std::shared_ptr<Submission>> FairLines::take_all() {
  std::vector<std::shared_ptr<Submission>> taken;
  for (const void* tenant : ring_) {
    for (auto& submission : lines_[tenant].waiting) taken.push_back(std::move(submission));
  }
  lines_.clear();
  ring_.clear();
  size_ = 0;
  return taken;
}

}  // namespace troupe::actors
