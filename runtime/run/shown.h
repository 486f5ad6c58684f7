#pragma once

#include <string>
#include <string_view>

#include "runtime/run/view.h"

// How values look from outside, for everything that shows a run.

namespace troupe::run {

/// The text of a value, from memory or its stored body; empty if there is no value.
Result<json::Text> text_of(const Value& value, const PayloadSource& payloads);
/// {"bytes":…,"href":"/v1/runs/<run>/values/<hash hex>"}
std::string reference_json(std::string_view run, const PayloadRef& ref);

}  // namespace troupe::run
