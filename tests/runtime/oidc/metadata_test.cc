#include "runtime/oidc/metadata.h"

#include <gtest/gtest.h>

namespace troupe::oidc {
namespace {

constexpr const char* kIssuer = "https://id.example.org/realm";

std::string document(const std::string& more = "", const std::string& token = "https://a/token") {
  return std::string(R"({"issuer":")") + kIssuer +
         R"(","authorization_endpoint":"https://a/auth","token_endpoint":")" + token +
         R"(","jwks_uri":"https://a/keys")" + more + "}";
}

TEST(Metadata, IsReadAsItIsWritten) {
  const auto metadata = parse_metadata(document(), kIssuer);
  ASSERT_TRUE(metadata) << metadata.error().message;
  EXPECT_EQ(metadata->jwks_uri, "https://a/keys");
  EXPECT_EQ(metadata->userinfo_endpoint, "");
  EXPECT_EQ(metadata->authentication, ClientAuthentication::kBasic);
  EXPECT_FALSE(metadata->names_itself);
  const auto more = parse_metadata(
      document(R"(,"token_endpoint_auth_methods_supported":["client_secret_post"],)"
               R"("authorization_response_iss_parameter_supported":true)"),
      kIssuer);
  EXPECT_EQ(more->authentication, ClientAuthentication::kPost);
  EXPECT_TRUE(more->names_itself);
}

TEST(Metadata, OfAnotherIssuerOrWithoutTlsIsRefused) {
  EXPECT_FALSE(parse_metadata(document(), "https://id.example.org/realm/"));
  EXPECT_FALSE(parse_metadata(document(), "https://other.example.org"));
  EXPECT_FALSE(parse_metadata(document("", "http://a/token"), kIssuer));
  EXPECT_FALSE(parse_metadata(document("", ""), kIssuer));
  EXPECT_FALSE(parse_metadata(document(R"(,"userinfo_endpoint":"http://a/me")"), kIssuer));
  for (const char* text : {"", "[]", "{}", "<html>", "\"x\""}) {
    EXPECT_FALSE(parse_metadata(text, kIssuer)) << text;
  }
}

TEST(Metadata, IsFoundBehindTheIssuer) {
  EXPECT_EQ(metadata_url("https://a"), "https://a/.well-known/openid-configuration");
  EXPECT_EQ(metadata_url("https://a/b/"), "https://a/b/.well-known/openid-configuration");
}

}  // namespace
}  // namespace troupe::oidc
