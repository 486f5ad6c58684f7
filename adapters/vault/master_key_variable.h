#pragma once

#include <string>

#include "runtime/base/result.h"
#include "runtime/base/secret_text.h"

namespace troupe::vault {

/// The key in an environment variable, in locked memory. The variable is overwritten where it lies
/// and then removed, whether it held a key or not, so that neither this process's environment nor
/// that of its children shows it. For the time before there are other threads: the environment has
/// no lock. kConfigInvalid if it is not set or holds no key.
Result<SecretText> take_master_key_variable(const std::string& name);

}  // namespace troupe::vault
