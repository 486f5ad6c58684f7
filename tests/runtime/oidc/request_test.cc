#include "runtime/oidc/request.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace troupe::oidc {
namespace {

const ProviderAttempt kAttempt{"https://t.example.org/cb", "state", "nonce", "verifier"};

std::string as_it_is(std::string_view text) { return "<" + std::string(text) + ">"; }

EgressRequest request(const Metadata& metadata, const ClientIdentity& client) {
  return token_request(metadata, client, kAttempt, "co de", as_it_is);
}
std::string field(const EgressRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return {};
}

TEST(Request, TheBrowserIsSentWithAllThatTiesTheAnswerToIt) {
  const Metadata metadata{.authorization_endpoint = "https://id/auth?tenant=1"};
  EXPECT_EQ(authorization_url(metadata, {"a b", "", "openid email"}, kAttempt, "challenge"),
            "https://id/auth?tenant=1&response_type=code&client_id=a%20b&scope=openid%20email&"
            "redirect_uri=https%3A%2F%2Ft.example.org%2Fcb&state=state&nonce=nonce&"
            "code_challenge=challenge&code_challenge_method=S256");
}

TEST(Request, TheClientShowsWhoItIsAsTheProviderWantsIt) {
  const ClientIdentity client{"id:1", "s&c", "openid"};
  const auto basic = request({}, client);
  EXPECT_EQ(field(basic, "Authorization"), "Basic <id%3A1:s%26c>");
  EXPECT_EQ(basic.body.find("client_"), std::string::npos) << basic.body;
  EXPECT_NE(basic.body.find("code=co%20de&"), std::string::npos) << basic.body;
  EXPECT_NE(basic.body.find("&code_verifier=verifier"), std::string::npos) << basic.body;

  const auto post = request({.authentication = ClientAuthentication::kPost}, client);
  EXPECT_EQ(field(post, "Authorization"), "");
  EXPECT_TRUE(post.body.ends_with("&client_id=id%3A1&client_secret=s%26c")) << post.body;

  const auto open = request({}, {"id", "", "openid"});
  EXPECT_EQ(field(open, "Authorization"), "");
  EXPECT_TRUE(open.body.ends_with("&client_id=id")) << open.body;
}

TEST(Request, TokensAreInA200) {
  EXPECT_EQ(parse_tokens({.status = 200, .body = R"({"id_token":"a","access_token":"b"})"})
                ->access_token,
            "b");
  const struct {
    int status;
    const char* body;
    Code code;
  } cases[] = {{400, R"({"error":"invalid_grant"})", Code::kUnauthorized},
               {400, R"({"error":"invalid_request"})", Code::kUnavailable},
               {401, R"({"error":"invalid_client"})", Code::kUnavailable},
               {200, R"({"access_token":"b"})", Code::kUnavailable},
               {200, "<html>", Code::kUnavailable},
               {302, R"({"id_token":"a"})", Code::kUnavailable}};
  for (const auto& one : cases) {
    const auto tokens = parse_tokens({.status = one.status, .body = one.body});
    ASSERT_FALSE(tokens) << one.body;
    EXPECT_EQ(tokens.error().code, one.code) << one.body;
  }
}

}  // namespace
}  // namespace troupe::oidc
