#include "tests/support/process.h"

namespace troupe::testing {

Outcome troupe(std::vector<std::string> arguments, Environment environment, std::string input) {
  arguments.insert(arguments.begin(), TROUPE_BINARY);
  return run_program({std::move(arguments), std::move(input), std::move(environment), {}});
}

}  // namespace troupe::testing
