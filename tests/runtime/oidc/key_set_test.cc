#include "runtime/oidc/key_set.h"

#include <gtest/gtest.h>

#include "runtime/base/base64url.h"

namespace troupe::oidc {
namespace {

std::string number(std::size_t bytes, char first = '\x81') {
  return encode_base64url(first + std::string(bytes - 1, '\x01'));
}
std::string rsa(std::size_t bytes, const std::string& more = "") {
  return R"({"kty":"RSA","n":")" + number(bytes) + R"(","e":"AQAB")" + more + "}";
}
std::string ec(const char* curve, std::size_t x, std::size_t y) {
  return std::string(R"({"kty":"EC","crv":")") + curve + R"(","x":")" + number(x) + R"(","y":")" +
         number(y) + "\"}";
}
std::size_t keys_in(const std::string& one) {
  const auto keys = parse_key_set("{\"keys\":[" + one + "]}");
  EXPECT_TRUE(keys) << one;
  return keys ? keys->size() : 0;
}

TEST(KeySet, TakesWhatItHasUseFor) {
  for (const std::string& key :
       {rsa(256), rsa(512), rsa(256, R"(,"use":"sig","alg":"RS256","kid":"k")"),
        ec("P-256", 32, 32), ec("P-384", 48, 48), ec("P-521", 66, 66),
        R"({"kty":"OKP","crv":"Ed25519","x":")" + number(32) + "\"}"}) {
    EXPECT_EQ(keys_in(key), 1u) << key;
  }
}

TEST(KeySet, LeavesOutWhatCannotBeRelied) {
  for (const std::string& key :
       {rsa(128), rsa(255), rsa(1025), rsa(256, R"(,"use":"enc")"),
        std::string(R"({"kty":"oct","k":"c2VjcmV0"})"),
        R"({"kty":"RSA","n":")" + number(256, '\0') + R"(","e":"AQAB"})",
        R"({"kty":"RSA","n":")" + number(256) + R"(","e":""})",
        R"({"kty":"RSA","n":")" + number(256) + R"(","e":"AQABAQAB"})",
        R"({"kty":"RSA","n":")" + number(256) + R"(=","e":"AQAB"})",
        ec("P-256", 31, 32), ec("P-256", 32, 33), ec("secp256k1", 32, 32),
        R"({"kty":"OKP","crv":"Ed25519","x":")" + number(31) + "\"}",
        R"({"kty":"OKP","crv":"X25519","x":")" + number(32) + "\"}", std::string("{}"),
        std::string("1")}) {
    EXPECT_EQ(keys_in(key), 0u) << key;
  }
}

TEST(KeySet, WhatIsNoKeySetIsRefused) {
  for (const char* text : {"", "{}", "[]", R"({"keys":{}})", R"({"keys":null})", "<html>"}) {
    const auto keys = parse_key_set(text);
    ASSERT_FALSE(keys) << text;
    EXPECT_EQ(keys.error().code, Code::kUnavailable);
  }
}

TEST(KeySet, OnlyTheKeyThatIsNamedMayHaveSigned) {
  const std::vector<PublicKey> keys = {{.kind = KeyKind::kRsa, .id = "a"},
                                       {.kind = KeyKind::kP256, .id = "b"},
                                       {.kind = KeyKind::kRsa, .id = "c", .algorithm = "PS256"}};
  const auto count = [&](std::string_view id, std::string_view name) {
    return candidates(keys, id, name, *parse_algorithm(name)).size();
  };
  EXPECT_EQ(count("a", "RS256"), 1u);
  EXPECT_EQ(count("b", "RS256"), 0u) << "a key of another kind";
  EXPECT_EQ(count("c", "RS256"), 0u) << "a key for another algorithm";
  EXPECT_EQ(count("d", "RS256"), 0u);
  EXPECT_EQ(count("", "PS256"), 2u) << "unnamed: all that fit";
  EXPECT_EQ(count("", "ES256"), 1u);
  EXPECT_EQ(count("", "EdDSA"), 0u);
}

}  // namespace
}  // namespace troupe::oidc
