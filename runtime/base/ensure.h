#pragma once

namespace troupe {

/// Ends the process with a message. For programmer errors only: a state that the code itself rules
/// out. Operating errors are Results.
[[noreturn]] void ensure_failed(const char* condition, const char* file, int line);

}  // namespace troupe

/// On in every build, release included: a wrong state must not reach the journal.
#define TROUPE_ENSURE(condition) \
  ((condition) ? void(0) : ::troupe::ensure_failed(#condition, __FILE__, __LINE__))
