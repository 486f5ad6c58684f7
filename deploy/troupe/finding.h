#pragma once

#include <string>
#include <vector>

#include "config/options.h"

namespace troupe::cli {

enum class Verdict { kOk, kWarn, kFail };

/// One line of `troupe doctor`.
struct Finding {
  std::string name;
  Verdict verdict = Verdict::kOk;
  std::string detail;
};

/// What nodes share, as far as it is configured: the database with its members, and NATS.
void check_shared(const config::Options& options, std::vector<Finding>* findings);

}  // namespace troupe::cli
