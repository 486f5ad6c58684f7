// What a request brings to say who asks, and which page asked for it.
#include "adapters/http/credential.h"

#include <gtest/gtest.h>

#include "adapters/system/hasher.h"

namespace troupe::http {
namespace {

constexpr std::string_view kCookie = "__Host-troupe_session";

TEST(Credential, IsTheBearerTokenOrTheSessionsCookie) {
  const std::string cookies = "a=b; " + std::string(kCookie) + "=ses_1; c=d";
  EXPECT_EQ(credential_of("Bearer pat_1", "").text, "pat_1");
  EXPECT_EQ(credential_of("bEARER   pat_1 ", "").text, "pat_1");
  EXPECT_FALSE(credential_of("Bearer pat_1", cookies).by_cookie);
  EXPECT_EQ(credential_of("", cookies).text, "ses_1");
  EXPECT_TRUE(credential_of("", cookies).by_cookie);
}

TEST(Credential, IsNothingInAnythingElse) {
  for (const char* const authorization :
       {"Basic cGF0", "Bearer", "Bearer ", "pat_1", " Bearer x"}) {
    EXPECT_EQ(credential_of(authorization, std::string(kCookie) + "=ses_1").text, "")
        << authorization;
  }
  for (const char* const cookies :
       {"", "=", ";", "__Host-troupe_session", "x__Host-troupe_session=ses_1",
        "__host-troupe_session=ses_1", "__Host-troupe_session2=ses_1"}) {
    EXPECT_EQ(credential_of("", cookies).text, "") << cookies;
  }
}

TEST(Credential, CookiesAreForThisHostScriptsAndPlainConnectionsExcluded) {
  EXPECT_EQ(session_cookie("ses_1", seconds(60)),
            "Set-Cookie: __Host-troupe_session=ses_1; Max-Age=60; Path=/; Secure; HttpOnly; "
            "SameSite=Lax\r\n");
  EXPECT_NE(no_session_cookie().find("=; Max-Age=0;"), std::string::npos);
}

TEST(Credential, AChangeNeedsTheSessionsOwnWordFromAPageOfThisHost) {
  const system::Blake2bHasher hasher;
  const std::string word = csrf_token_of(hasher, "ses_1");
  EXPECT_EQ(word.size(), 32u);
  const std::string anothers = csrf_token_of(hasher, "ses_2");
  EXPECT_NE(word, anothers);
  const struct {
    const char* what;
    PageFields fields;
    bool allowed;
  } cases[] = {
      {"a page of ours", {word, "https://t.example:1", "same-origin", "t.example:1"}, true},
      {"a program with the cookie", {word, "", "", "t.example"}, true},
      {"no word", {"", "https://t.example", "same-origin", "t.example"}, false},
      {"another session's word", {anothers, "", "", "t.example"}, false},
      {"another site", {word, "https://evil.example", "", "t.example"}, false},
      {"another port", {word, "https://t.example:2", "", "t.example:1"}, false},
      {"a neighbour under one domain", {word, "", "same-site", "t.example"}, false},
      {"another site by its own account", {word, "", "cross-site", "t.example"}, false},
      {"a page without an origin", {word, "null", "", "t.example"}, false},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(check_page(hasher, "ses_1", one.fields).ok(), one.allowed) << one.what;
  }
}

}  // namespace
}  // namespace troupe::http
