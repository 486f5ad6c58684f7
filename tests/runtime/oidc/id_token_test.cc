#include "runtime/oidc/id_token.h"

#include <gtest/gtest.h>

#include "runtime/base/base64url.h"

namespace troupe::oidc {
namespace {

constexpr TimePoint kNow{1'700'000'000'000'000};
const Expected kExpected{"https://id.example.org", "troupe", "n-1", kNow};

std::string token_of(std::string_view header, std::string_view claims,
                     std::string_view signature = "signature") {
  return encode_base64url(header) + "." + encode_base64url(claims) + "." +
         encode_base64url(signature);
}

/// A token that is right in everything.
IdToken right() {
  const auto token = parse_id_token(token_of(
      R"({"alg":"ES256","kid":"k1"})",
      R"({"iss":"https://id.example.org","sub":"ada","aud":"troupe","nonce":"n-1",)"
      R"("iat":1700000000,"exp":1700000300,)"
      R"("email":"ada@example.org","email_verified":true,"name":"Ada"})"));
  EXPECT_TRUE(token);
  return *token;
}

TEST(IdToken, IsReadAsItIsWritten) {
  const IdToken token = right();
  EXPECT_EQ(token.algorithm, Algorithm::kEs256);
  EXPECT_EQ(token.key_id, "k1");
  EXPECT_EQ(token.signature, "signature");
  EXPECT_EQ(token.signed_text.find_last_of('.'), token.signed_text.find('.'));
  const auto identity = check_claims(token, kExpected);
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->subject, "ada");
  EXPECT_EQ(identity->email, "ada@example.org");
  EXPECT_TRUE(identity->email_is_verified);
  EXPECT_EQ(identity->name, "Ada");
}

TEST(IdToken, AnAddressIsVerifiedOnlyIfItSaysSo) {
  const struct {
    const char* value;
    bool verified;
  } cases[] = {{"true", true}, {"\"true\"", true}, {"false", false}, {"\"false\"", false},
               {"1", false},   {"null", false},    {"[true]", false}};
  for (const auto& one : cases) {
    const auto token = parse_id_token(token_of(
        R"({"alg":"RS256"})", std::string(R"({"email":"a","email_verified":)") + one.value + "}"));
    ASSERT_TRUE(token);
    EXPECT_EQ(token->email_is_verified, one.verified) << one.value;
  }
}

TEST(IdToken, WhatIsNoSignedTokenIsRefused) {
  const std::string claims = R"({"sub":"ada"})";
  for (const std::string& text : {
           std::string(), std::string("a"), std::string("a.b"), std::string(".."),
           token_of(R"({"alg":"none"})", claims), token_of(R"({"alg":"None"})", claims),
           token_of(R"({"alg":"HS256"})", claims), token_of(R"({"alg":"rs256"})", claims),
           token_of(R"({"alg":["RS256"]})", claims), token_of("{}", claims),
           token_of("[]", claims), token_of(R"({"alg":"RS256","alg":"none"})", claims),
           token_of(R"({"alg":"RS256","crit":["x"]})", claims),
           token_of(R"({"alg":"RS256"})", "[]"), token_of(R"({"alg":"RS256"})", "{"),
           token_of(R"({"alg":"RS256"})", R"({"sub":"a","sub":"b"})"),
           token_of(R"({"alg":"RS256"})", claims, ""),
           token_of(R"({"alg":"RS256"})", claims) + ".more",
           token_of(R"({"alg":"RS256"})", claims) + "=",
           token_of(R"({"alg":"RS256"})", std::string(20'000, ' ') + claims)}) {
    const auto token = parse_id_token(text);
    ASSERT_FALSE(token) << text.substr(0, 100);
    EXPECT_EQ(token.error().code, Code::kUnauthorized);
  }
}

/// Each rule alone: what is right but for one thing is refused.
TEST(IdToken, EveryRuleCounts) {
  const struct {
    const char* what;
    void (*spoil)(IdToken& token);
  } cases[] = {
      {"issuer", [](IdToken& t) { t.issuer = "https://id.example.org/"; }},
      {"no issuer", [](IdToken& t) { t.issuer.clear(); }},
      {"audience", [](IdToken& t) { t.audience = {"other"}; }},
      {"no audience", [](IdToken& t) { t.audience.clear(); }},
      {"many, no party", [](IdToken& t) { t.audience = {"troupe", "other"}; }},
      {"party", [](IdToken& t) { t.authorized_party = "other"; }},
      {"expired", [](IdToken& t) { t.expires = kNow + seconds(-60); }},
      {"no end", [](IdToken& t) { t.expires = {}; }},
      {"of the future", [](IdToken& t) { t.issued = kNow + seconds(61); }},
      {"no begin", [](IdToken& t) { t.issued = {}; }},
      {"nonce", [](IdToken& t) { t.nonce = "n-2"; }},
      {"no nonce", [](IdToken& t) { t.nonce.clear(); }},
      {"no subject", [](IdToken& t) { t.subject.clear(); }},
      {"long subject", [](IdToken& t) { t.subject = std::string(256, 'x'); }}};
  for (const auto& one : cases) {
    IdToken token = right();
    one.spoil(token);
    const auto identity = check_claims(token, kExpected);
    ASSERT_FALSE(identity) << one.what;
    EXPECT_EQ(identity.error().code, Code::kUnauthorized);
  }
  Expected without_nonce = kExpected;
  without_nonce.nonce.clear();
  IdToken token = right();
  token.nonce.clear();
  EXPECT_FALSE(check_claims(token, without_nonce)) << "nothing is as good as nothing";
}

TEST(IdToken, TheEdgesOfTheRules) {
  IdToken token = right();
  token.expires = kNow + seconds(-59);
  token.issued = kNow + seconds(60);
  token.audience = {"other", "troupe"};
  token.authorized_party = "troupe";
  EXPECT_TRUE(check_claims(token, kExpected));
}

TEST(IdToken, OddTimesAreNone) {
  for (const char* time : {"\"1700000300\"", "-1", "0", "1e300", "null", "{}", "99999999999999"}) {
    const auto token = parse_id_token(
        token_of(R"({"alg":"RS256"})", std::string(R"({"exp":)") + time + "}"));
    ASSERT_TRUE(token) << time;
    EXPECT_FALSE(token->expires.set()) << time;
  }
  EXPECT_EQ(parse_id_token(token_of(R"({"alg":"RS256"})", R"({"exp":1700000000.9})"))->expires,
            kNow);
}

TEST(UserInfo, CountsForTheSameSubjectOnly) {
  const ProvenIdentity proven{.issuer = "i", .subject = "ada"};
  const auto more = with_userinfo(
      proven, R"({"sub":"ada","email":"a@example.org","email_verified":true,"name":"Ada"})");
  ASSERT_TRUE(more);
  EXPECT_EQ(more->email, "a@example.org");
  EXPECT_TRUE(more->email_is_verified);
  for (const char* text : {R"({"sub":"eve","email":"a@example.org"})", R"({"email":"a@b.org"})",
                           "[]", "", "<html>"}) {
    EXPECT_FALSE(with_userinfo(proven, text)) << text;
  }
  ProvenIdentity told = proven;
  told.email = "signed@example.org";
  const auto kept =
      with_userinfo(told, R"({"sub":"ada","email":"other@example.org","email_verified":true})");
  EXPECT_EQ(kept->email, "signed@example.org");
  EXPECT_FALSE(kept->email_is_verified) << "said of the other address";
}

}  // namespace
}  // namespace troupe::oidc
