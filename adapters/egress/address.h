#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

struct sockaddr;

namespace troupe::egress {

/// An address of the internet protocol, version 4 in the form that version 6 has for it.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(const Address&) const = default;
  /// Nothing but ::ffff:0:0/96 is of version 4.
  bool is_v4() const;
  std::string to_string() const;
};

/// Dotted decimals of version 4, or version 6 without a zone. kInvalidField.
Result<Address> parse_address(std::string_view text);
/// kInvalidField for another family.
Result<Address> address_of(const sockaddr& address);

/// All addresses with the same first bits.
struct Network {
  Address address;
  int bits = 128;
  bool contains(const Address& other) const;
};
/// "10.0.0.0/8", "fd00::/8", or one address. Bits behind the prefix must be 0. kInvalidField.
Result<Network> parse_network(std::string_view text);
/// Several, with commas between them; none for an empty text. kInvalidField.
Result<std::vector<Network>> parse_networks(std::string_view text);

/// Whether an address is anybody's in the public internet, by the registries of special addresses
/// (RFC 6890): not this machine's, a private network's, a link's, a group's, a tunnel's or a
/// translator's way to any of these.
bool is_public(const Address& address);

}  // namespace troupe::egress
