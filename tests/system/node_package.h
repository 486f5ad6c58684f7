#pragma once

#include "tests/support/process.h"

namespace troupe::testing {

/// Puts the package `nats` beside the programs for Node.js. What is there already is checked
/// without asking anyone.
inline Outcome install_node_package() {
  return run_program({.arguments = {TROUPE_NPM, "install", "--no-audit", "--no-fund",
                                    "--prefer-offline"},
                      .directory = TROUPE_WORKER_FOLDER},
                     180'000);
}

}  // namespace troupe::testing
