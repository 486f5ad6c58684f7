#include "adapters/egress/address.h"

#include <gtest/gtest.h>

namespace troupe::egress {
namespace {

TEST(Address, IsWhatItIsWrittenAs) {
  for (const char* text : {"127.0.0.1", "8.8.8.8", "::1", "2001:4860:4860::8888", "fe80::1"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
  }
  EXPECT_EQ(parse_address("::ffff:10.0.0.1")->to_string(), "10.0.0.1") << "one address, one form";
  for (const char* text : {"", "127.1", "0x7f.0.0.1", "1.2.3.4.5", "256.0.0.1", "fe80::1%lo",
                           " 127.0.0.1", "localhost", "[::1]"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(Network, ContainsWhatHasItsFirstBits) {
  const struct {
    const char* network;
    const char* inside;
    const char* outside;
  } cases[] = {{"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
               {"192.168.4.0/22", "192.168.7.255", "192.168.8.0"},
               {"127.0.0.1", "127.0.0.1", "127.0.0.2"},
               {"0.0.0.0/0", "8.8.8.8", "2001:4860::1"},
               {"fd00::/8", "fdff::1", "fe00::1"},
               {"2001:db8:8000::/33", "2001:db8:8001::", "2001:db8:7fff::"},
               {"::1", "::1", "::2"}};
  for (const auto& one : cases) {
    const auto network = parse_network(one.network);
    ASSERT_TRUE(network) << one.network;
    EXPECT_TRUE(network->contains(*parse_address(one.inside))) << one.network;
    EXPECT_FALSE(network->contains(*parse_address(one.outside))) << one.network;
  }
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8",
                           "fd00::/129", "/8", "example.org"}) {
    EXPECT_FALSE(parse_network(text)) << text;
  }
  EXPECT_EQ(parse_networks("")->size(), 0u);
  EXPECT_EQ(parse_networks("10.0.0.0/8, ::1,127.0.0.1")->size(), 3u);
  EXPECT_FALSE(parse_networks("10.0.0.0/8,,::1"));
}

TEST(Address, OnlyThePublicInternetIsPublic) {
  for (const char* text : {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255",
                           "100.128.0.0", "128.0.0.1", "169.253.255.255", "172.15.255.255",
                           "172.32.0.0", "192.167.255.255", "198.17.255.255", "198.20.0.0",
                           "223.255.255.255", "2001:4860:4860::8888", "2606:4700::1111",
                           "2a00::1"}) {
    EXPECT_TRUE(is_public(*parse_address(text))) << text;
  }
  for (const char* text :
       {"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1",
        "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1",
        "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255",
        "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1",
        "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1",
        "4000::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1"}) {
    EXPECT_FALSE(is_public(*parse_address(text))) << text;
  }
}

}  // namespace
}  // namespace troupe::egress
