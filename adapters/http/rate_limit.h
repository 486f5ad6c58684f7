#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe::http {

/// Token buckets by name: each holds `burst` and gets `per_second` back. Bounded: over
/// `kBucketsMax` of them the fullest half goes, so that many names cannot empty memory. On this
/// node alone. Thread-safe.
class RateLimit {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  /// What a bucket says, as the RateLimit fields show it.
  struct Verdict {
    bool allowed = true;
    std::uint64_t limit = 0;        ///< the burst
    std::uint64_t remaining = 0;    ///< whole ones left
    std::uint64_t retry_after_s = 0;  ///< until the next one; 0 if there is one
    std::uint64_t window_s = 0;     ///< in which an empty bucket fills
    /// `RateLimit-Policy` and `RateLimit` lines (draft-ietf-httpapi-ratelimit-headers).
    std::string fields(std::string_view policy) const;
  };

  /// 0 per second: nothing is limited.
  RateLimit(double per_second, double burst) : per_second_(per_second), burst_(burst) {}

  bool is_on() const { return per_second_ > 0; }
  /// Takes one, if there is one.
  Verdict take(const std::string& name, SteadyTime now);
  /// Gives back one that was taken for nothing.
  void give_back(const std::string& name);

 private:
  struct Bucket {
    double left;
    SteadyTime at;
  };
  static constexpr std::size_t kBucketsMax = 100'000;

  double filled(const Bucket& bucket, SteadyTime now) const;
  Verdict verdict(double left, bool allowed) const;
  void make_room(SteadyTime now);

  const double per_second_;
  const double burst_;
  std::mutex mutex_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace troupe::http
