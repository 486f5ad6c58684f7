#pragma once

#include <string>
#include <string_view>

#include "runtime/port/system.h"

namespace troupe::system {

/// A personal access token: "pat_", 30 base-62 characters (178 bits), then six that are the CRC-32
/// of them, so that a mistyped token is refused without a look into any store.
std::string make_token(Entropy& entropy);
bool is_well_formed_token(std::string_view token);

}  // namespace troupe::system
