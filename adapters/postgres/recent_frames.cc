#include "adapters/postgres/recent_frames.h"

namespace troupe::postgres {
namespace {

constexpr std::size_t kBytesMax = std::size_t{4} << 20;
/// Of a frame, beside its bytes.
constexpr std::size_t kOverhead = 128;

std::size_t cost_of(const store::Frame& frame) { return frame.bytes.size() + kOverhead; }

}  // namespace

void RecentFrames::add(const std::vector<store::Frame>& frames) {
  const std::lock_guard lock(mutex_);
  for (const store::Frame& frame : frames) {
    if (!frames_.try_emplace(frame.pos, frame).second) continue;
    order_.push_back(frame.pos);
    bytes_ += cost_of(frame);
  }
  while (bytes_ > kBytesMax) forget_oldest();
}

void RecentFrames::forget_through(store::Pos last) {
  const std::lock_guard lock(mutex_);
  std::erase_if(order_, [this, last](store::Pos pos) {
    if (pos > last) return false;
    const auto found = frames_.find(pos);
    bytes_ -= cost_of(found->second);
    frames_.erase(found);
    return true;
  });
}

void RecentFrames::forget_oldest() {
  const auto found = frames_.find(order_.front());
  order_.pop_front();
  bytes_ -= cost_of(found->second);
  frames_.erase(found);
}

std::optional<store::Frame> RecentFrames::find(store::Pos pos) const {
  const std::lock_guard lock(mutex_);
  const auto found = frames_.find(pos);
  if (found == frames_.end()) return std::nullopt;
  return found->second;
}

}  // namespace troupe::postgres
