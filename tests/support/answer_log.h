#pragma once

#include <string_view>

namespace troupe::testing {

/// Appends an answer of the HTTP API to the file that the environment names in TROUPE_ANSWERS, as a
/// line `{"method","path","status","body"}` (body: the text as it came). Does nothing without that
/// variable. Throws std::runtime_error if the file cannot be written.
void log_answer(std::string_view method, std::string_view path, int status, std::string_view body);

}  // namespace troupe::testing
