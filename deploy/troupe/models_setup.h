#pragma once

#include "config/options.h"
#include "adapters/services/credentials.h"

namespace troupe::cli {

/// The models that the operator offers: `models.file`, and the script of `models.script`, which is
/// a provider key named "scripted". kConfigInvalid.
Result<services::OperatorModels> read_operator_models(const config::Models& options);

}  // namespace troupe::cli
