#pragma once

#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/time.h"
#include "runtime/base/usage.h"
#include "runtime/json/text.h"

namespace troupe {

/// A line that an attempt printed.
struct LogLine {
  TimePoint at;
  std::string message;
};

/// How an attempt ended, as its executor says. Times are of the work itself.
struct AttemptResult {
  bool ok = false;
  json::Text value;  ///< if ok
  Error error;       ///< otherwise
  Duration wait_min;  ///< of a failure: another attempt is not to come before that
  Usage usage;        ///< of models, also by a failure
  std::vector<LogLine> logs;
  bool logs_truncated = false;
  TimePoint started;
  TimePoint finished;
};

}  // namespace troupe
