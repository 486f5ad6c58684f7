#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace troupe::re2 {

/// The expression in RE2's language that matches what the ECMA-262 one (flag u) matches. The error
/// is kSchemaInvalid, for what RE2 has no form for. Mistakes common to both languages pass: RE2
/// finds them when it compiles the result.
Result<std::string> translate(std::string_view source);

}  // namespace troupe::re2
