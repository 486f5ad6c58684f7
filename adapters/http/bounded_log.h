#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/port/log.h"

namespace troupe::http {

/// Where a request came from and what it wanted, for a line about it.
struct RequestTrace {
  std::string_view route;  ///< its pattern; empty: none was found
  std::string_view request_id;
  std::string_view address;
  std::string who;  ///< as the audit log names it
};

/// Lines about requests that went wrong, some in a second at most: a store that is away fails every
/// request, and whoever guesses is refused as often as he asks. What there was no room for is
/// counted in the next line. Thread-safe.
class BoundedLog {
 public:
  /// Null: nobody reads one. The log outlives this.
  explicit BoundedLog(Logger* log) : log_(log) {}

  /// What an answer does not say: the words of a store that failed, and bugs. Nothing, if the
  /// answer says all of it.
  void failed(const Error& error, const RequestTrace& trace);
  /// Somebody may not what he asked for.
  void refused(const Error& error, const RequestTrace& trace);
  /// A connection on which TLS has not begun, and why.
  void not_made_safe(const std::string& why, std::string_view address);

 private:
  void note(LogLevel level, std::string_view message, const Error& error,
            const RequestTrace& trace);

  static constexpr int kLinesPerSecond = 10;

  Logger* const log_;
  std::mutex mutex_;
  std::int64_t second_ = 0;
  int lines_ = 0;
  std::uint64_t untold_ = 0;
};

}  // namespace troupe::http
