// Signing in at an identity provider: a real one, with its pages, and one that lies.
#include <ctime>
#include <filesystem>

#include "runtime/base/base64url.h"
#include "tests/support/json_value.h"
#include "tests/system/access_store.h"
#include "tests/system/browser.h"
#include "tests/system/node_package.h"
#include "tests/system/people.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

constexpr const char* kOrigin = "https://troupe.test";
constexpr const char* kSecret = "canary-client-6e1b77f2a90c4d58";
constexpr const char* kCookie = "__Host-troupe_sign_in";

/// A provider in a process of its own, and a server that trusts it.
class Oidc : public SystemTest {
 protected:
  static void SetUpTestSuite() {
    const Outcome installed = install_packages(TROUPE_OIDC_FOLDER);
    ASSERT_EQ(installed.exit, 0) << installed.out << installed.err;
  }
  explicit Oidc(const std::string& program = "provider.js")
      : provider_({.arguments = {TROUPE_NODE, program},
                   .environment = {{"CLIENT_SECRET", kSecret}},
                   .directory = TROUPE_OIDC_FOLDER}),
        issuer_(provider_.wait_for_line("ready ", 60'000).substr(6)) {
    serve({});
  }
  void serve(const Environment& more) {
    Environment environment = store_;
    const Environment own = {{"TROUPE_OIDC__ISSUER", issuer_},
                             {"TROUPE_OIDC__CLIENT_ID", "troupe"},
                             {"TROUPE_OIDC__CLIENT_SECRET_FILE", file("secret", kSecret)},
                             {"TROUPE_EGRESS__ALLOW", "127.0.0.1"},
                             {"TROUPE_SERVER__PUBLIC_URL", kOrigin},
                             {"TROUPE_ACCESS__SIGN_INS_PER_MINUTE", "1000"}};
    environment.insert(environment.end(), own.begin(), own.end());
    environment.insert(environment.end(), more.begin(), more.end());
    server_ = std::make_unique<Server>(data_dir(), environment);
    server_->start();
    browser_.stand_in(kOrigin, server_->url());
  }

  /// The address at the provider; fails if the server gives none.
  std::string begin(const std::string& body = "{}") {
    const auto answer = browser_.post_json(std::string(kOrigin) + "/v1/auth/oidc", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return text_at(parse_json(answer.body), "/url");
  }
  /// Says who he is on the provider's pages, agrees, and comes back; at once if it knows him.
  http_client::Response sign_in_at(const std::string& url, const std::string& name) {
    const auto first = browser_.get(url);
    if (browser_.url().starts_with(kOrigin)) return first;
    browser_.submit(browser_.url(), "prompt=login&login=" + name + "&password=any");
    return browser_.submit(browser_.url(), "prompt=consent");
  }
  http_client::Response sign_in(const std::string& name, const std::string& body = "{}") {
    return sign_in_at(begin(body), name);
  }
  Api api() {
    http_client::Options options = server_->client_options();
    options.headers = {{"Cookie", "__Host-troupe_session=" +
                                      browser_.cookie(kOrigin, "__Host-troupe_session")}};
    return Api(options);
  }
  /// What stands behind `name=` in an address.
  static std::string parameter(const std::string& url, const std::string& name) {
    const std::size_t at = url.find(name + "=") + name.size() + 1;
    return url.substr(at, url.find('&', at) - at);
  }

  const Environment store_ = access_environment(folder());
  Process provider_;
  const std::string issuer_;
  std::unique_ptr<Server> server_;
  Browser browser_;
};

TEST_F(Oidc, SomebodyNewGetsAnAccountAndComesBackToIt) {
  const auto first = sign_in("ada", R"({"workspace":"acme"})");
  ASSERT_EQ(first.status, 200) << first.body;
  const Json session = parse_json(first.body);
  EXPECT_EQ(text_at(session, "/user/email"), "ada@example.org");
  EXPECT_EQ(text_at(session, "/user/name"), "ada");
  EXPECT_EQ(column(api().get("/v1/workspaces"), "slug"), std::vector<std::string>{"acme"});
  EXPECT_EQ(text_at(api().get("/v1/me/identities").body, "/items/0/issuer"), issuer_);
  EXPECT_EQ(browser_.cookie(kOrigin, kCookie), "") << "an attempt's cookie outlives it";

  browser_.forget_cookies();
  server_->kill_hard();
  server_->start();
  const auto second = sign_in("ada");
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(text_at(parse_json(second.body), "/user/id"), text_at(session, "/user/id"));
  EXPECT_EQ(column(api().get("/v1/workspaces"), "slug"), std::vector<std::string>{"acme"});

  const std::string old = browser_.cookie(kOrigin, "__Host-troupe_session");
  ASSERT_EQ(sign_in_at(begin(), "ada").status, 200) << "in a browser that is signed in";
  ASSERT_NE(browser_.cookie(kOrigin, "__Host-troupe_session"), old);
  EXPECT_EQ(api().get("/v1/me").status, 200);
  browser_.keep_cookie(kOrigin, "__Host-troupe_session", old);
  EXPECT_EQ(api().get("/v1/me").status, 401) << "the session that was replaced";

  browser_.forget_cookies();
  const auto other = sign_in("bob");
  ASSERT_EQ(other.status, 200) << other.body;
  EXPECT_TRUE(column(api().get("/v1/workspaces"), "slug").at(0).starts_with("bob-"));
}

TEST_F(Oidc, TheSignInEndsWhereItWasToEnd) {
  sign_in("ada", R"({"return_to":"/v1/me?from=there"})");
  EXPECT_EQ(browser_.url(), std::string(kOrigin) + "/v1/me?from=there");
  for (const char* elsewhere : {"//evil.test", "https://evil.test", "/\\\\evil.test", "runs", ""}) {
    const auto answer = browser_.post_json(std::string(kOrigin) + "/v1/auth/oidc",
                                           std::string("{\"return_to\":\"") + elsewhere + "\"}");
    EXPECT_EQ(answer.status, 422) << elsewhere << answer.body;
    EXPECT_EQ(text_at(parse_json(answer.body), "/errors/0/pointer"), "/return_to");
  }
}

TEST_F(Oidc, AnAttemptIsOneBrowsersAndCountsOnce) {
  const std::string url = begin();
  const std::string held = browser_.cookie(kOrigin, kCookie);
  const auto without_cookie = [&] {
    browser_.keep_cookie(kOrigin, kCookie, "");
    return sign_in_at(url, "ada");
  }();
  EXPECT_EQ(without_cookie.status, 401) << without_cookie.body;
  const std::string callback = browser_.url();
  browser_.keep_cookie(kOrigin, kCookie, held);
  const auto mine = browser_.get(callback);
  EXPECT_EQ(mine.status, 200) << mine.body;
  browser_.keep_cookie(kOrigin, kCookie, held);
  EXPECT_EQ(browser_.get(callback).status, 401) << "the same answer of the provider counted twice";

  browser_.forget_cookies();
  begin();
  const auto forged =
      browser_.get(std::string(kOrigin) + "/v1/auth/oidc/callback?code=x&state=made-up&iss=" +
                   issuer_);
  EXPECT_EQ(forged.status, 401);
  EXPECT_EQ(browser_.cookie(kOrigin, "__Host-troupe_session"), "");
}

TEST_F(Oidc, AnAddressIsNoProofOfAnAccount) {
  const Person ada = Person::sign_up(*server_, "ada", "acme");
  const auto refused = sign_in("ada");
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_EQ(browser_.cookie(kOrigin, "__Host-troupe_session"), "");

  // Connected from inside, it is a way in; and it can be taken away again.
  browser_.forget_cookies();
  const std::size_t equals = ada.cookie().find('=');
  browser_.keep_cookie(kOrigin, ada.cookie().substr(0, equals), ada.cookie().substr(equals + 1));
  const std::string csrf = text_at(ada.api().get("/v1/auth/session").body, "/csrf_token");
  const std::string connect = std::string(kOrigin) + "/v1/me/identities";
  EXPECT_EQ(browser_.post_json(connect, "{}").status, 403) << "without the page's token";
  const auto begun = browser_.post_json(connect, "{}", csrf);
  ASSERT_EQ(begun.status, 200) << begun.body;
  const auto connected = sign_in_at(text_at(parse_json(begun.body), "/url"), "ada");
  EXPECT_EQ(connected.status, 204) << connected.body;

  browser_.forget_cookies();
  const auto in = sign_in("ada");
  ASSERT_EQ(in.status, 200) << in.body;
  EXPECT_EQ(text_at(parse_json(in.body), "/user/id"), ada.id());
  const std::string identity = text_at(ada.api().get("/v1/me/identities").body, "/items/0/id");
  const Person bob = Person::sign_up(*server_, "bob", "bobs");
  EXPECT_EQ(bob.api().call("DELETE", "/v1/me/identities/" + identity).status, 404);
  EXPECT_EQ(ada.api().call("DELETE", "/v1/me/identities/" + identity).status, 204);
  browser_.forget_cookies();
  EXPECT_EQ(sign_in("ada").status, 409);
}

TEST_F(Oidc, WhoSignsUpHasAVerifiedAddressAndWhereItIsClosedAnInvite) {
  EXPECT_EQ(sign_in("unverified-eve").status, 403);
  const Person ada = Person::sign_up(*server_, "ada", "acme");
  const std::string body =
      R"({"invites":[{"email":"bob@example.org","role":"tenant_member"}]})";
  const Answer made = ada.in("acme").post("/v1/invites", body);
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string invite = "{\"invite\":\"" + text_at(made.body, "/items/0/token") + "\"}";
  server_->terminate();
  serve({{"TROUPE_ACCESS__SIGN_UP", "closed"}});
  browser_.forget_cookies();
  EXPECT_EQ(sign_in("bob").status, 403);
  browser_.forget_cookies();
  EXPECT_EQ(sign_in("mallory", invite).status, 403) << "with an invite of somebody else's";
  browser_.forget_cookies();
  const auto in = sign_in("bob", invite);
  ASSERT_EQ(in.status, 200) << in.body;
  EXPECT_EQ(column(api().get("/v1/workspaces"), "slug"), std::vector<std::string>{"acme"});
  // Without a password this is the only way in.
  const std::string csrf = text_at(parse_json(in.body), "/csrf_token");
  http_client::Options options = server_->client_options();
  options.headers = {{"Cookie", "__Host-troupe_session=" +
                                    browser_.cookie(kOrigin, "__Host-troupe_session")},
                     {"X-CSRF-Token", csrf}};
  Api bob(options);
  const std::string identity = text_at(bob.get("/v1/me/identities").body, "/items/0/id");
  EXPECT_EQ(bob.call("DELETE", "/v1/me/identities/" + identity).status, 409);
}

TEST_F(Oidc, AProviderThatIsAwayIsSaidToBeAndPasswordsGoOn) {
  Person::sign_up(*server_, "ada", "acme");
  provider_.signal(SIGKILL);
  provider_.finish(10'000);
  const auto begun = browser_.post_json(std::string(kOrigin) + "/v1/auth/oidc", "{}");
  EXPECT_EQ(begun.status, 503) << begun.body;
  EXPECT_EQ(Person::sign_in(*server_, "ada").api().get("/v1/me").status, 200);
}

TEST_F(Oidc, NothingSecretIsKeptOrTold) {
  const std::string url = begin(R"({"workspace":"acme"})");
  const std::string attempt = browser_.cookie(kOrigin, kCookie);
  ASSERT_NE(attempt, "");
  sign_in_at(url, "ada");
  const std::string callback = browser_.url();
  server_->terminate();
  std::vector<std::string> folders = access_folders();
  folders.push_back(data_dir());
  std::string everything = server_->process().out() + server_->process().err();
  for (const std::string& place : folders) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream bytes(entry.path(), std::ios::binary);
      everything.append(std::istreambuf_iterator<char>(bytes), {});
    }
  }
  ASSERT_NE(everything.find("acme"), std::string::npos);
  for (const std::string& secret :
       {std::string(kSecret), attempt, parameter(url, "state"), parameter(url, "nonce"),
        parameter(callback, "code")}) {
    EXPECT_EQ(everything.find(secret), std::string::npos) << secret;
  }
}

/// The code makes the liar's token.
class LyingProvider : public Oidc {
 protected:
  LyingProvider() : Oidc("liar.js") {}

  using Members = boost::json::object;

  /// The answer to one attempt. `claims` stand beside, or in place of, right ones (null: absent);
  /// `more` is what else the liar is asked for; `named` is who it says that it is.
  http_client::Response attempt(const Members& claims, const Members& more = {},
                                const std::string& named = "") {
    browser_.forget_cookies();
    const std::string url = begin();
    const std::int64_t now = std::time(nullptr);
    Members all{{"iss", issuer_}, {"aud", "troupe"}, {"sub", "ada"}, {"iat", now},
                {"exp", now + 300}, {"nonce", parameter(url, "nonce")},
                {"email", "ada@example.org"}, {"email_verified", true}};
    for (const auto& [key, value] : claims) {
      if (value.is_null()) all.erase(key);
      else all[key] = value;
    }
    Members asked = more;
    asked["claims"] = all;
    return browser_.get(std::string(kOrigin) + "/v1/auth/oidc/callback?code=" +
                        encode_base64url(boost::json::serialize(asked)) + "&state=" +
                        parameter(url, "state") + "&iss=" + (named.empty() ? issuer_ : named));
  }
};

TEST_F(LyingProvider, TokensThatAreSignedAsTheyShouldBeCount) {
  for (const char* algorithm : {"RS256", "PS256", "ES256", "EdDSA"}) {
    const auto in = attempt({}, {{"alg", algorithm}});
    EXPECT_EQ(in.status, 200) << algorithm << in.body;
  }
  EXPECT_EQ(attempt({{"aud", {"other", "troupe"}}, {"azp", "troupe"}}).status, 200);
  EXPECT_EQ(attempt({{"exp", std::time(nullptr) - 30}}).status, 200) << "clocks differ a little";
}

TEST_F(LyingProvider, NoLieLetsAnybodyIn) {
  const std::int64_t now = std::time(nullptr);
  const struct {
    const char* what;
    Members claims, more;
  } lies[] = {
      {"another issuer", {{"iss", "https://evil.test"}}, {}},
      {"no issuer", {{"iss", nullptr}}, {}},
      {"for another client", {{"aud", "other"}}, {}},
      {"for several, given to another", {{"aud", {"troupe", "other"}}, {"azp", "other"}}, {}},
      {"for several, given to nobody", {{"aud", {"troupe", "other"}}}, {}},
      {"for nobody", {{"aud", nullptr}}, {}},
      {"over", {{"exp", now - 120}}, {}},
      {"without an end", {{"exp", nullptr}}, {}},
      {"of the future", {{"iat", now + 600}}, {}},
      {"an end that is a text", {{"exp", "never"}}, {}},
      {"of another sign-in", {{"nonce", "made-up"}}, {}},
      {"of no sign-in", {{"nonce", nullptr}}, {}},
      {"about nobody", {{"sub", ""}}, {}},
      {"not signed", {}, {{"alg", "none"}, {"kid", "RS256"}}},
      {"signed with the public key as a secret", {}, {{"alg", "HS256"}, {"kid", "RS256"}}},
      {"signed with another key", {}, {{"sign_with", "strange"}}},
      {"of a key of another kind", {}, {{"kid", "ES256"}}},
      {"of a key that is not there", {}, {{"kid", "nowhere"}}},
      {"wants what we do not know", {}, {{"header", {{"crit", {"b64"}}}}}},
  };
  for (const auto& lie : lies) {
    const auto answer = attempt(lie.claims, lie.more);
    EXPECT_EQ(answer.status, 401) << lie.what << ": " << answer.body;
    EXPECT_EQ(browser_.cookie(kOrigin, "__Host-troupe_session"), "") << lie.what;
  }
  EXPECT_EQ(attempt({}, {}, "https://evil.test").status, 401) << "another provider answered";
  EXPECT_EQ(attempt({}).status, 200) << "and the truth still counts";
}

TEST_F(LyingProvider, WhatIsNoAnswerIsTheProvidersFault) {
  EXPECT_EQ(attempt({}, {{"status", 500}}).status, 503);
  EXPECT_EQ(attempt({}, {{"body", "<html>"}}).status, 503);
  EXPECT_EQ(attempt({}, {{"body", "{}"}}).status, 503);
  EXPECT_EQ(attempt({}, {{"bytes", 2'000'000}}).status, 503);
  EXPECT_EQ(attempt({}, {{"status", 400}, {"body", R"({"error":"invalid_grant"})"}}).status, 401);
}

TEST_F(LyingProvider, OnlyAllowedNetworksAreCalledWithoutTls) {
  server_->terminate();
  serve({{"TROUPE_EGRESS__ALLOW", ""}});
  const auto refused = browser_.post_json(std::string(kOrigin) + "/v1/auth/oidc", "{}");
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_NE(refused.body.find("127.0.0.1"), std::string::npos);
}

}  // namespace
}  // namespace troupe::testing
