#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"

namespace troupe::config {

/// A value that is right by itself but not beside the others.
struct Contradiction {
  std::string_view key;  ///< whose origin is named; the one that a user would change first
  std::string message;
};

/// What no key can tell alone: who needs whom, and which texts have a form. Empty: all is well.
std::vector<Contradiction> contradictions(const Options& options);

}  // namespace troupe::config
