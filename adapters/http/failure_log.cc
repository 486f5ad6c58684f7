#include "adapters/http/failure_log.h"

#include <chrono>
#include <utility>

#include "runtime/edge/problem.h"

namespace troupe::http {
namespace {

constexpr std::int64_t kPause_us = 1'000'000;

std::int64_t now_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

void FailureLog::note(const Error& error, std::string_view route, std::string_view request_id) {
  if (log_ == nullptr || edge::told(error) == error.message) return;
  std::uint64_t untold = 0;
  {
    const std::lock_guard lock(mutex_);
    const std::int64_t now = now_us();
    if (now < next_us_) {
      ++untold_;
      return;
    }
    next_us_ = now + kPause_us;
    untold = std::exchange(untold_, 0);
  }
  log_->error("a request failed", {{"error", error.message},
                                   {"code", info(error.code).name},
                                   {"route", route},
                                   {"request", request_id},
                                   {"others", untold}});
}

}  // namespace troupe::http
