#include "actors/committer/fair_lines.h"

namespace troupe::actors {
namespace {

constexpr std::size_t kShareBytes = 32 << 10;

}  // namespace

void FairLines::push(std::shared_ptr<Submission> submission) {
  const void* tenant = submission->tenant.get();
  Line& line = lines_[tenant];
  if (line.empty()) ring_.push_back(tenant);
  line.push_back(std::move(submission));
  ++size_;
}

std::vector<std::shared_ptr<Submission>> FairLines::take(std::size_t bytes_max) {
  std::vector<std::shared_ptr<Submission>> taken;
  std::size_t bytes = 0;
  while (!ring_.empty() && (taken.empty() || bytes < bytes_max)) {
    const void* tenant = ring_.front();
    ring_.pop_front();
    const auto line = lines_.find(tenant);
    for (std::size_t share = 0; share < kShareBytes && !line->second.empty();) {
      share += line->second.front()->bytes;
      taken.push_back(std::move(line->second.front()));
      line->second.pop_front();
      --size_;
      bytes += taken.back()->bytes;
    }
    if (line->second.empty()) lines_.erase(line);
    else ring_.push_back(tenant);
  }
  return taken;
}

std::vector<std::shared_ptr<Submission>> FairLines::take_all() {
  std::vector<std::shared_ptr<Submission>> taken;
  for (const void* tenant : ring_) {
    for (auto& submission : lines_[tenant]) taken.push_back(std::move(submission));
  }
  lines_.clear();
  ring_.clear();
  size_ = 0;
  return taken;
}

}  // namespace troupe::actors
