#pragma once

#include <string>
#include <vector>

#include "tests/support/process.h"

namespace troupe::testing {

/// What makes a server keep its state in the store that this program's tests are about, and lets
/// anybody sign up. `folder` is the test's own.
Environment access_environment(const std::string& folder);
/// Where state lies beside the data directory.
std::vector<std::string> access_folders();

}  // namespace troupe::testing
