#include "adapters/egress/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace troupe::egress {
namespace {

constexpr int kV4Bits = 96;  ///< of the prefix behind which version 4 stands

Address from_v4(const in_addr& v4) {
  Address address;
  address.bytes[10] = address.bytes[11] = 0xff;
  std::memcpy(address.bytes.data() + 12, &v4, 4);
  return address;
}

Error no_address(std::string_view text) {
  return {Code::kInvalidField, "'" + std::string(text) + "' is no address or network.", {}};
}

std::vector<Network> networks_of(std::initializer_list<std::string_view> texts) {
  std::vector<Network> networks;
  for (const std::string_view text : texts) networks.push_back(*parse_network(text));
  return networks;
}

bool any_contains(const std::vector<Network>& networks, const Address& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.contains(address); });
}

}  // namespace

bool Address::is_v4() const {
  static constexpr std::array<std::uint8_t, 12> kPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::equal(kPrefix.begin(), kPrefix.end(), bytes.begin());
}

std::string Address::to_string() const {
  char text[INET6_ADDRSTRLEN];
  const int family = is_v4() ? AF_INET : AF_INET6;
  return ::inet_ntop(family, bytes.data() + (is_v4() ? 12 : 0), text, sizeof text);
}

Result<Address> parse_address(std::string_view text) {
  const std::string copy(text);
  in_addr v4{};
  if (::inet_pton(AF_INET, copy.c_str(), &v4) == 1) return from_v4(v4);
  Address address;
  if (::inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
  return no_address(text);
}

Result<Address> address_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    return from_v4(v4.sin_addr);
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    Address result;
    std::memcpy(result.bytes.data(), &v6.sin6_addr, 16);
    return result;
  }
  return {Code::kInvalidField, "The address is of another family than the internet's."};
}

bool Network::contains(const Address& other) const {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(address.bytes.begin(), address.bytes.begin() + bits / 8, other.bytes.begin())) {
    return false;
  }
  if (bits % 8 == 0) return true;
  const int mask = 0xff << (8 - bits % 8);
  return ((address.bytes[whole] ^ other.bytes[whole]) & mask) == 0;
}

Result<Network> parse_network(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return no_address(text);
  const int base = address->is_v4() ? kV4Bits : 0;
  Network network{*address, 128};
  if (slash < text.size()) {
    const std::string_view bits = text.substr(slash + 1);
    int count = -1;
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), count);
    const bool is_whole = error == std::errc() && end == bits.data() + bits.size();
    if (!is_whole || count < 0 || count > 128 - base) return no_address(text);
    network.bits = base + count;
  }
  for (int bit = network.bits; bit < 128; ++bit) {
    if ((network.address.bytes[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1) == 0) {
      continue;
    }
    return Error{Code::kInvalidField,
                 "'" + std::string(text) + "' has bits set behind its prefix.", {}};
  }
  return network;
}

Result<std::vector<Network>> parse_networks(std::string_view text) {
  std::vector<Network> networks;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view one = text.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    auto network = parse_network(one);
    if (!network) return network.error();
    networks.push_back(*network);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return networks;
}

bool is_public(const Address& address) {
  static const std::vector<Network> v4_special = networks_of(
      {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
       "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
       "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
       "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"});
  // Of version 6 only this is given out to the public.
  static const Network v6_given = *parse_network("2000::/3");
  static const std::vector<Network> v6_special =
      networks_of({"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"});
  if (address.is_v4()) return !any_contains(v4_special, address);
  return v6_given.contains(address) && !any_contains(v6_special, address);
}

}  // namespace troupe::egress
