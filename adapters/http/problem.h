#pragma once

#include <string>
#include <string_view>

#include "adapters/http/response.h"
#include "runtime/base/error.h"
#include "runtime/edge/problem.h"

namespace troupe::http {

using edge::issues_json;
using edge::ProblemExtras;

/// Renders an error as application/problem+json (RFC 9457) with our `code`, `error` and `errors`.
Response problem(const Error& error, const ProblemExtras& extras = {});
Response problem(Code code, std::string_view detail);

}  // namespace troupe::http
