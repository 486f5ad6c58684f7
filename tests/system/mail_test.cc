// What people do by letters: come back without a password, show that an address is theirs, accept
// an invitation. The letters go by a real SMTP server.
#include "tests/support/smtp_server.h"
#include "tests/system/access_store.h"
#include "tests/system/on_disk.h"
#include "tests/system/people.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

constexpr const char* kNewPassword = "another horse staple 4";

class Letters : public SystemTest {
 protected:
  explicit Letters(const std::string& verification = "off")
      : server_(data_dir(), with(verification)) {
    server_.start();
  }
  Environment with(const std::string& verification) const {
    Environment all = access_environment(folder());
    all.insert(all.end(), {{"TROUPE_MAIL__URL", mail_.url()},
                           {"TROUPE_MAIL__FROM", "troupe@example.net"},
                           {"TROUPE_MAIL__ALLOW_PLAIN", "true"},
                           {"TROUPE_MAIL__PAGES", "https://app.example.org/account"},
                           {"TROUPE_ACCESS__SIGN_INS_PER_MINUTE", "100"},
                           {"TROUPE_ACCESS__VERIFICATION", verification}});
    return all;
  }
  Api nobody() const { return api_of(server_, ""); }
  static std::string body(const std::string& token, const std::string& password) {
    return R"({"token":")" + token + R"(","new_password":")" + password + "\"}";
  }
  Answer complete(const std::string& token, const std::string& password = kNewPassword) const {
    return nobody().post("/v1/auth/password-reset/complete", body(token, password));
  }
  Answer sign_in(const std::string& name, const std::string& password) const {
    return nobody().post("/v1/auth/sign-in", R"({"email":")" + Person::email_of(name) +
                                                 R"(","password":")" + password + "\"}");
  }
  Answer ask_reset(const std::string& name) const {
    return nobody().post("/v1/auth/password-reset",
                         R"({"email":")" + Person::email_of(name) + "\"}");
  }
  /// The token of the newest letter to that page.
  std::string token_for(const std::string& name, const std::string& page,
                        std::size_t letters = 1) const {
    for (const Letter& letter : mail_.wait_for(Person::email_of(name), letters)) {
      if (letter.text.find("https://app.example.org/account/" + page + "#") != std::string::npos) {
        return token_in(letter);
      }
    }
    ADD_FAILURE() << "no letter to " << name << " leads to " << page;
    return {};
  }

  const SmtpServer mail_;
  Server server_;
};

TEST_F(Letters, WhoHasForgottenHisPasswordChoosesAnother) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  const std::string token = text_at(
      ada.api().post("/v1/tokens", R"({"name":"t","scopes":["workspace:read"]})").body, "/token");
  ASSERT_EQ(ask_reset("ada").status, 202);
  const std::string reset = token_for("ada", "reset-password", 2);
  ASSERT_TRUE(reset.starts_with("eml_")) << reset;
  // What is no password yet leaves the token as it is.
  EXPECT_EQ(complete(reset, "short").status, 422);
  EXPECT_EQ(complete(reset, Person::email_of("ada")).status, 422);
  EXPECT_EQ(complete(reset).status, 204);
  EXPECT_EQ(sign_in("ada", kGoodPassword).status, 401);
  EXPECT_EQ(sign_in("ada", kNewPassword).status, 200);
  EXPECT_EQ(ada.api().get("/v1/me").status, 401) << "a session lives on";
  EXPECT_EQ(api_of(server_, token, {{"X-Tenant-Id", "acme"}}).get("/v1/workspace").status, 200);
  EXPECT_EQ(complete(reset).status, 404) << "it counts twice";
  EXPECT_EQ(sign_in("ada", kNewPassword).status, 200);
}

TEST_F(Letters, TheAnswerTellsNothingOfWhoHasAnAccount) {
  Person::sign_up(server_, "ada", "acme");
  ASSERT_EQ(mail_.wait_for(Person::email_of("ada")).size(), 1u);
  const Answer there = ask_reset("ada");
  const Answer absent = ask_reset("nobody");
  EXPECT_EQ(there.status, 202);
  EXPECT_EQ(absent.status, there.status);
  EXPECT_EQ(absent.text, there.text);
  token_for("ada", "reset-password", 2);
  // A second letter so soon would be a way to fill a box.
  EXPECT_EQ(ask_reset("ada").status, 202);
  const Person bob = Person::sign_up(server_, "bob", "bobs");
  token_for("bob", "verify-email");
  EXPECT_EQ(mail_.wait_for(Person::email_of("ada"), 2).size(), 2u);
  EXPECT_TRUE(mail_.wait_for(Person::email_of("nobody"), 0).empty());
}

TEST_F(Letters, ATokenIsOfOnePurposeAndOverWhenThePasswordHasChanged) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  const std::string verification = token_for("ada", "verify-email");
  EXPECT_EQ(complete(verification).status, 404);
  ASSERT_EQ(ask_reset("ada").status, 202);
  const std::string reset = token_for("ada", "reset-password", 2);
  EXPECT_EQ(nobody().post("/v1/auth/verification", R"({"token":")" + reset + "\"}").status, 404);
  std::vector<std::string> folders = access_folders();
  folders.push_back(data_dir());
  const std::string all = everything_below(folders);
  EXPECT_NE(all.find("reset_password"), std::string::npos);
  for (const std::string& token : {reset, verification}) {
    EXPECT_EQ(all.find(token), std::string::npos) << "a token lies in the store";
  }
  for (const std::string& wrong : {std::string("x"), std::string(40, 'a'), std::string()}) {
    const int status = complete(wrong).status;
    EXPECT_TRUE(status == 404 || status == 422) << status;
  }
  ASSERT_EQ(ada.api()
                .post("/v1/me/password", std::string(R"({"current_password":")") + kGoodPassword +
                                             R"(","new_password":")" + kNewPassword + "\"}")
                .status,
            204);
  EXPECT_EQ(complete(reset).status, 404);
}

TEST_F(Letters, AnAddressIsVerifiedByItsLetter) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  EXPECT_EQ(at(ada.api().get("/v1/me").body, "/verified_at"), Json(nullptr));
  const std::string token = token_for("ada", "verify-email");
  const std::string body = R"({"token":")" + token + "\"}";
  server_.kill_hard();
  server_.start();
  EXPECT_EQ(nobody().post("/v1/auth/verification", body).status, 204);
  EXPECT_EQ(nobody().post("/v1/auth/verification", body).status, 404);
  const Person again = Person::sign_in(server_, "ada");
  EXPECT_NE(text_at(again.api().get("/v1/me").body, "/verified_at"), "");
  EXPECT_EQ(again.api().post("/v1/me/verification", "").status, 409);
}

TEST_F(Letters, AnInvitationGoesToWhomItInvites) {
  const Person ada = Person::sign_up(server_, "ada", "acme");
  const Answer made = ada.in("acme").post(
      "/v1/invites", R"({"invites":[{"email":"bob@example.org","role":"tenant_member"}]})");
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string token = token_for("bob", "invite");
  EXPECT_EQ(token, text_at(made.body, "/items/0/token"));
  EXPECT_NE(mail_.wait_for("bob@example.org")[0].text.find("workspace acme"), std::string::npos);
}

class NeededLetters : public Letters {
 protected:
  NeededLetters() : Letters("required") {}
};

TEST_F(NeededLetters, APasswordOpensNothingBeforeTheAddressIsVerified) {
  const std::string account = R"({"email":"ada@example.org","name":"Ada","workspace":"acme",)"
                              R"("password":")" +
                              std::string(kGoodPassword) + "\"}";
  const Answer made = nobody().post("/v1/auth/sign-up", account);
  EXPECT_EQ(made.status, 202) << made.text;
  EXPECT_EQ(made.text, "");
  for (const auto& [name, value] : made.headers) EXPECT_NE(name, "set-cookie") << value;
  EXPECT_EQ(sign_in("ada", kGoodPassword).status, 403);
  EXPECT_EQ(sign_in("ada", "wrong horse battery 1").status, 401);
  const std::string token = token_for("ada", "verify-email");
  EXPECT_EQ(nobody().post("/v1/auth/verification", R"({"token":")" + token + "\"}").status, 204);
  EXPECT_EQ(sign_in("ada", kGoodPassword).status, 200);
}

TEST_F(NeededLetters, ALetterForAnotherPasswordShowsTheAddressAsWell) {
  const std::string account = R"({"email":"ada@example.org","name":"Ada","workspace":"acme",)"
                              R"("password":")" +
                              std::string(kGoodPassword) + "\"}";
  ASSERT_EQ(nobody().post("/v1/auth/sign-up", account).status, 202);
  ASSERT_EQ(ask_reset("ada").status, 202);
  EXPECT_EQ(complete(token_for("ada", "reset-password", 2)).status, 204);
  EXPECT_EQ(sign_in("ada", kNewPassword).status, 200);
}

}  // namespace
}  // namespace troupe::testing
