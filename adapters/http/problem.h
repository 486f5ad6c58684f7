#pragma once

#include <string>
#include <string_view>

#include "adapters/http/response.h"
#include "runtime/base/error.h"

namespace troupe::http {

/// Extras of a problem document.
struct ProblemExtras {
  std::string_view pointer_prefix;  ///< put before the pointers of `errors`, such as "/graph"
  bool with_issues = false;         ///< also list them as graph issues
  std::string_view decision;        ///< JSON of a recorded decision, or empty
};

/// Renders an error as application/problem+json (RFC 9457) with our `code`, `error` and `errors`.
Response problem(const Error& error, const ProblemExtras& extras = {});
Response problem(Code code, std::string_view detail);

/// Appends `[{code, step?, pointer, severity, message}]`.
std::string issues_json(const std::vector<Issue>& issues);

}  // namespace troupe::http
