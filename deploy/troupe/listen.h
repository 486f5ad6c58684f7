#pragma once

#include <cstdint>
#include <string>

#include "runtime/base/result.h"

namespace troupe::cli {

/// An address to listen on.
struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
  bool loopback = false;
};

/// "127.0.0.1:7420", "[::1]:7420", "localhost:0". kInvalidRequest for anything else.
Result<ListenAddress> parse_listen(const std::string& text);

}  // namespace troupe::cli
