#include "adapters/http/rate_limit.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace troupe::http {

double RateLimit::filled(const Bucket& bucket, SteadyTime now) const {
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  return std::min(burst_, bucket.left + std::max(seconds, 0.0) * per_second_);
}

RateLimit::Verdict RateLimit::verdict(double left, bool allowed) const {
  Verdict out;
  out.allowed = allowed;
  out.limit = static_cast<std::uint64_t>(burst_);
  out.remaining = static_cast<std::uint64_t>(std::max(left, 0.0));
  out.window_s = static_cast<std::uint64_t>(std::ceil(burst_ / per_second_));
  if (left < 1) out.retry_after_s = static_cast<std::uint64_t>(std::ceil((1 - left) / per_second_));
  return out;
}

RateLimit::Verdict RateLimit::take(const std::string& name, SteadyTime now) {
  if (!is_on()) return {};
  const std::scoped_lock lock(mutex_);
  if (buckets_.size() >= kBucketsMax) make_room(now);
  Bucket& bucket = buckets_.try_emplace(name, Bucket{burst_, now}).first->second;
  bucket.left = filled(bucket, now);
  bucket.at = now;
  const bool allowed = bucket.left >= 1;
  if (allowed) bucket.left -= 1;
  return verdict(bucket.left, allowed);
}

void RateLimit::give_back(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  const auto at = buckets_.find(name);
  if (at != buckets_.end()) at->second.left = std::min(burst_, at->second.left + 1);
}

void RateLimit::make_room(SteadyTime now) {
  std::vector<double> levels;
  levels.reserve(buckets_.size());
  for (const auto& [name, bucket] : buckets_) levels.push_back(filled(bucket, now));
  const auto middle = levels.begin() + static_cast<std::ptrdiff_t>(levels.size() / 2);
  std::nth_element(levels.begin(), middle, levels.end());
  const double least = *middle;
  std::erase_if(buckets_, [&](const auto& entry) { return filled(entry.second, now) >= least; });
}

std::string RateLimit::Verdict::fields(std::string_view policy) const {
  if (limit == 0) return {};
  const std::string name = "\"" + std::string(policy) + "\"";
  std::string out = "RateLimit-Policy: " + name + ";q=" + std::to_string(limit) +
                    ";w=" + std::to_string(window_s) + "\r\nRateLimit: " + name +
                    ";r=" + std::to_string(remaining) + ";t=" + std::to_string(retry_after_s) +
                    "\r\n";
  const std::uint64_t wait_s = std::max<std::uint64_t>(retry_after_s, 1);
  if (!allowed) out += "Retry-After: " + std::to_string(wait_s) + "\r\n";
  return out;
}

}  // namespace troupe::http
