#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/load.h"
#include "deploy/troupe/output.h"

namespace troupe::cli {

using Flags = std::vector<std::pair<std::string, std::string>>;  ///< configuration key → value

/// The configuration of this call: --config or TROUPE_CONFIG, then TROUPE_SECTION__KEY, then flags;
/// --data-dir counts as a flag.
Result<config::Loaded> load_settings(const Shared& shared, Flags flags = {});

std::string variable(const char* name);  ///< environment variable, or empty

}  // namespace troupe::cli
