#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"

namespace troupe::edge {

/// Extras of a problem document.
struct ProblemExtras {
  std::string_view pointer_prefix;  ///< put before the pointers of `errors`, such as "/graph"
  bool with_issues = false;         ///< also list them as graph issues
  std::string_view decision;        ///< JSON of a recorded decision, or empty
};

/// What callers are told of an error: its `told` or else its message; of a bug, and where there is
/// no message, the title of its code.
std::string_view told(const Error& error);

/// An error as RFC 9457 shows it, with our `code`, `error` and `errors` (API.md §2).
std::string problem_json(const Error& error, const ProblemExtras& extras = {});

/// `[{code, step?, pointer, severity, message}]`.
std::string issues_json(const std::vector<Issue>& issues);

}  // namespace troupe::edge
