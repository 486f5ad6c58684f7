#pragma once

#include <string>
#include <vector>

namespace troupe::cli {

/// The whole program but for `main`: parses the arguments (without the program's name), does what
/// they say and answers the exit code. Nothing it does throws.
int run_command_line(const std::vector<std::string>& arguments);

}  // namespace troupe::cli
