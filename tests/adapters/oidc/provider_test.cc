// What the provider is asked for, and how often, with an egress that answers from a table.
#include "adapters/oidc/provider.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "runtime/base/base64url.h"
#include "tests/adapters/oidc/signer.h"

namespace troupe::oidc {
namespace {

constexpr const char* kIssuer = "https://id.example.org";
constexpr TimePoint kBegin{1'700'000'000'000'000};
const ProviderAttempt kAttempt{"https://t.example.org/cb", "state", "nonce", "verifier"};

class TableEgress final : public Egress {
 public:
  void cancel(Ticket) override {}
  Ticket send(EgressRequest request, Callback<EgressResponse> done) override {
    ++asked[request.url];
    last = request;
    const auto answer = answers.find(request.url);
    if (answer == answers.end()) done(Error{Code::kTimeout, "nobody there", {}});
    else done(EgressResponse{.status = 200, .body = answer->second});
    return 0;
  }
  std::map<std::string, std::string> answers;
  std::map<std::string, int> asked;
  EgressRequest last;
};

class SteppedClock final : public Clock {
 public:
  TimePoint now() const override { return time; }
  TimePoint time = kBegin;
};

class OidcProvider : public ::testing::Test {
 protected:
  OidcProvider() {
    egress_.answers[std::string(kIssuer) + "/.well-known/openid-configuration"] =
        R"({"issuer":"https://id.example.org","authorization_endpoint":"https://id/auth",)"
        R"("token_endpoint":"https://id/token","jwks_uri":"https://id/keys",)"
        R"("userinfo_endpoint":"https://id/me"})";
    publish("one", first_);
  }
  void publish(const std::string& id, const Signer& signer) {
    egress_.answers["https://id/keys"] = R"({"keys":[{"kty":"EC","crv":"P-256","kid":")" + id +
                                         R"(","x":")" + encode_base64url(signer.key().x) +
                                         R"(","y":")" + encode_base64url(signer.key().y) + "\"}]}";
  }
  Result<ProvenIdentity> finish(const std::string& id, const Signer& signer,
                                const std::string& email = "a@example.org") {
    const auto seconds_now = clock_.time.us / 1'000'000;
    const std::string text =
        encode_base64url(R"({"alg":"ES256","kid":")" + id + "\"}") + "." +
        encode_base64url(R"({"iss":"https://id.example.org","aud":"troupe","sub":"ada",)"
                         R"("nonce":"nonce","email":")" +
                         email + R"(","iat":)" + std::to_string(seconds_now) + R"(,"exp":)" +
                         std::to_string(seconds_now + 60) + "}");
    egress_.answers["https://id/token"] = R"({"access_token":"at","id_token":")" + text + "." +
                                          encode_base64url(signer.sign(text)) + "\"}";
    std::optional<Result<ProvenIdentity>> answer;
    provider_->finish(kAttempt, "code", "",
                      [&](Result<ProvenIdentity> result) { answer = std::move(result); });
    return *answer;
  }

  SteppedClock clock_;
  TableEgress egress_;
  const Signer first_{Algorithm::kEs256}, second_{Algorithm::kEs256};
  const std::shared_ptr<Provider> provider_ = std::make_shared<Provider>(
      Options{.issuer = kIssuer, .client = {"troupe", "secret", "openid"}}, egress_, clock_);
};

TEST_F(OidcProvider, WhatItSaysOfItselfIsKeptForAnHour) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(finish("one", first_));
  EXPECT_EQ(egress_.asked["https://id.example.org/.well-known/openid-configuration"], 1);
  EXPECT_EQ(egress_.asked["https://id/keys"], 1);
  clock_.time = clock_.time + seconds(3600);
  EXPECT_TRUE(finish("one", first_));
  EXPECT_EQ(egress_.asked["https://id.example.org/.well-known/openid-configuration"], 2);
}

TEST_F(OidcProvider, NewKeysAreFoundButNobodyMakesItAskOften) {
  EXPECT_TRUE(finish("one", first_));
  publish("two", second_);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(finish("two", second_)) << "asked a moment ago";
  EXPECT_EQ(egress_.asked["https://id/keys"], 1);
  clock_.time = clock_.time + seconds(60);
  EXPECT_TRUE(finish("two", second_));
  EXPECT_EQ(egress_.asked["https://id/keys"], 2);
  EXPECT_FALSE(finish("one", first_)) << "a key that the provider has taken back";
}

TEST_F(OidcProvider, TheAddressMayStandInTheUserinfo) {
  EXPECT_TRUE(finish("one", first_));
  EXPECT_EQ(egress_.asked["https://id/me"], 0);
  EXPECT_EQ(finish("one", first_, "").error().code, Code::kUnavailable);
  egress_.answers["https://id/me"] = R"({"sub":"ada","email":"b@example.org"})";
  const auto told = finish("one", first_, "");
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(told->email, "b@example.org");
  EXPECT_EQ(egress_.last.headers.at(0).second, "Bearer at");
  egress_.answers["https://id/me"] = R"({"sub":"eve","email":"b@example.org"})";
  EXPECT_EQ(finish("one", first_, "").error().code, Code::kUnauthorized);
}

TEST_F(OidcProvider, ItIsAskedAgainAfterItWasAway) {
  auto& answers = egress_.answers;
  const auto held = answers;
  answers.clear();
  std::optional<Result<std::string>> url;
  const auto begin = [&] {
    provider_->begin(kAttempt, [&](Result<std::string> result) { url = std::move(result); });
  };
  begin();
  EXPECT_EQ(url->error().code, Code::kUnavailable);
  answers = held;
  begin();
  ASSERT_TRUE(*url);
  EXPECT_TRUE((*url)->starts_with("https://id/auth?response_type=code&client_id=troupe&"));
}

}  // namespace
}  // namespace troupe::oidc
