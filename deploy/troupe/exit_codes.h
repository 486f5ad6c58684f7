#pragma once

#include "runtime/base/error.h"

namespace troupe::cli {

/// What the process answers to the shell (API.md §3).
enum Exit : int {
  kOk = 0,
  kRunFailed = 1,  ///< also: a check of `doctor` failed, an unexpected error
  kUsage = 2,      ///< wrong arguments, invalid graph or configuration, data directory held
  kNotFound = 3,
  kWaiting = 4,  ///< for a human
  kUnreachable = 5,
  kStopped = 6,
  kConflict = 7,
  kInterrupted = 130,  ///< left by Ctrl-C; the run can be resumed
};

/// The exit code that tells a shell the same as the error code.
Exit exit_of(Code code);

}  // namespace troupe::cli
