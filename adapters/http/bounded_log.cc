#include "adapters/http/bounded_log.h"

#include <chrono>
#include <utility>

#include "runtime/edge/problem.h"

namespace troupe::http {

void BoundedLog::failed(const Error& error, const RequestTrace& trace) {
  if (edge::told(error) != error.message) {
    note(LogLevel::kError, "a request failed", error, trace);
  }
}

void BoundedLog::refused(const Error& error, const RequestTrace& trace) {
  note(LogLevel::kWarning, "a request was refused", error, trace);
}

void BoundedLog::not_made_safe(const std::string& why, std::string_view address) {
  note(LogLevel::kWarning, "a connection was not made safe", {Code::kInvalidRequest, why, {}},
       {.route = {}, .request_id = {}, .address = address, .who = "nobody"});
}

void BoundedLog::note(LogLevel level, std::string_view message, const Error& error,
                      const RequestTrace& trace) {
  if (log_ == nullptr || !log_->enabled(level)) return;
  using namespace std::chrono;
  const std::int64_t now =
      duration_cast<seconds>(steady_clock::now().time_since_epoch()).count();
  std::uint64_t untold = 0;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(second_, now) != now) lines_ = 0;
    if (lines_ >= kLinesPerSecond) {
      ++untold_;
      return;
    }
    ++lines_;
    untold = std::exchange(untold_, 0);
  }
  log_->log(level, message, {{"error", error.message},
                             {"code", info(error.code).name},
                             {"route", trace.route},
                             {"request", trace.request_id},
                             {"address", trace.address},
                             {"who", trace.who},
                             {"others", untold}});
}

}  // namespace troupe::http
