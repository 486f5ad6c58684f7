#pragma once

#include <string>

#include "tests/support/process.h"

namespace troupe::testing {

/// Puts what a folder's package.json names beside its programs for Node.js. What is there is
/// checked without asking anyone.
inline Outcome install_packages(const std::string& folder) {
  return run_program({.arguments = {TROUPE_NPM, "install", "--no-audit", "--no-fund",
                                    "--prefer-offline"},
                      .directory = folder},
                     180'000);
}

}  // namespace troupe::testing
