#pragma once

namespace troupe::cli {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace troupe::cli
