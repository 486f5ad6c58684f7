#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/port/log.h"

namespace troupe::http {

/// Logs what answers do not say: the words of a store that failed, and bugs. One line a second at
/// most, which counts the others: a store that is away fails every request. Thread-safe.
class FailureLog {
 public:
  /// Null: nobody reads one. The log outlives this.
  explicit FailureLog(Logger* log) : log_(log) {}

  void note(const Error& error, std::string_view route, std::string_view request_id);

 private:
  Logger* const log_;
  std::mutex mutex_;
  std::int64_t next_us_ = 0;
  std::uint64_t untold_ = 0;
};

}  // namespace troupe::http
