#include "deploy/troupe/listen.h"

#include <arpa/inet.h>

#include <charconv>

namespace troupe::cli {

Result<ListenAddress> parse_listen(const std::string& text) {
  const Error wrong{Code::kInvalidRequest,
                    "cannot listen on " + text + ": write HOST:PORT, such as 127.0.0.1:7420",
                    {}};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return wrong;
  ListenAddress address;
  address.host = text.substr(0, colon);
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc() || stop != end) return wrong;
  if (address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  if (address.host == "localhost") address.host = "127.0.0.1";
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, address.host.c_str(), &four) == 1) {
    address.loopback = (ntohl(four.s_addr) >> 24) == 127;
  } else if (::inet_pton(AF_INET6, address.host.c_str(), &six) == 1) {
    address.loopback = IN6_IS_ADDR_LOOPBACK(&six) != 0;
  } else {
    return wrong;
  }
  return address;
}

}  // namespace troupe::cli
