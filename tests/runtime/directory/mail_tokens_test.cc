// Tokens that go by letter: what each is good for, how often, and how long.
#include "runtime/directory/mail_tokens.h"

#include "tests/runtime/directory/house.h"

namespace troupe::directory {
namespace {

using tenancy::Nobody;

constexpr MailPurpose kPurposes[] = {MailPurpose::kResetPassword, MailPurpose::kVerifyAddress};

class MailTokensTest : public DirectoryTest {
 protected:
  std::string make(UserId user, MailPurpose purpose) {
    const auto made = house.change<MadeMailToken>(
        Nobody{},
        [&](auto& documents, const auto& context, auto* out) {
          return make_mail_token(documents, context, user, purpose, out);
        },
        Logs::kNone);
    EXPECT_TRUE(made);
    return made ? made->text : "";
  }
  Status use(const std::string& text, MailPurpose purpose) {
    return house.change(Nobody{}, [&](auto& documents, const auto& context) {
      return purpose == MailPurpose::kResetPassword
                 ? reset_password(documents, context, text, "another")
                 : verify_address(documents, context, text);
    });
  }
  User now(UserId user) { return **find_user(house.documents(), user); }
};

TEST_F(MailTokensTest, EachCountsOnceForItsPurposeWhileItLasts) {
  const SignedUp ada = house.sign_up("ada");
  const UserId user = ada.in.user.id;
  for (const MailPurpose purpose : kPurposes) {
    const MailPurpose other = purpose == kPurposes[0] ? kPurposes[1] : kPurposes[0];
    const std::string text = make(user, purpose);
    EXPECT_EQ(use(text, other).error().code, Code::kNotFound);
    EXPECT_EQ(use(text.substr(1), purpose).error().code, Code::kNotFound);
    EXPECT_TRUE(use(text, purpose));
    EXPECT_EQ(use(text, purpose).error().code, Code::kNotFound);
    const std::string late = make(user, purpose);
    house.now = house.now + life_of(purpose);
    EXPECT_EQ(use(late, purpose).error().code, Code::kNotFound);
    const std::string in_time = make(user, purpose);
    house.now.us += life_of(purpose).us - 1;
    EXPECT_TRUE(use(in_time, purpose));
  }
}

TEST_F(MailTokensTest, ANewOneTakesThePlaceOfTheOldOneButNotAtOnce) {
  const UserId user = house.sign_up("ada").in.user.id;
  const std::string first = make(user, MailPurpose::kResetPassword);
  EXPECT_EQ(make(user, MailPurpose::kResetPassword), "");
  EXPECT_NE(make(user, MailPurpose::kVerifyAddress), "");
  house.now = house.now + kLetterPause;
  const std::string second = make(user, MailPurpose::kResetPassword);
  ASSERT_NE(second, "");
  EXPECT_EQ(use(first, MailPurpose::kResetPassword).error().code, Code::kNotFound);
  EXPECT_TRUE(use(second, MailPurpose::kResetPassword));
}

TEST_F(MailTokensTest, AnotherPasswordEndsEverySessionAndShowsTheAddress) {
  const SignedUp ada = house.sign_up("ada");
  const UserId user = ada.in.user.id;
  EXPECT_FALSE(now(user).verified.set());
  ASSERT_EQ(sessions_of(house.documents(), user)->size(), 1u);
  const std::string text = make(user, MailPurpose::kResetPassword);
  ASSERT_TRUE(use(text, MailPurpose::kResetPassword));
  EXPECT_EQ(now(user).password_hash, "another");
  EXPECT_EQ(now(user).verified, house.now);
  EXPECT_TRUE(sessions_of(house.documents(), user)->empty());
}

TEST_F(MailTokensTest, OneThatWaitsEndsWithTheSessionAndThePassword) {
  const SignedUp ada = house.sign_up("ada");
  const std::string text = make(ada.in.user.id, MailPurpose::kResetPassword);
  ASSERT_TRUE(house.change(as_session(ada.in), [&](auto& documents, const auto& context) {
    return change_password(documents, context, ada.in.user, "another");
  }));
  EXPECT_EQ(use(text, MailPurpose::kResetPassword).error().code, Code::kNotFound);
}

TEST_F(MailTokensTest, AUserOfAnOlderVersionIsNotVerified) {
  const SignedUp ada = house.sign_up("ada");
  store::Document document = encode(now(ada.in.user.id));
  document.body = R"({"name":"Ada","password_hash":"x"})";
  const auto user = decode_user(document);
  ASSERT_TRUE(user);
  EXPECT_FALSE(user->verified.set());
}

TEST(MailLetters, LeadToTheirPagesAndNobodyElsesWords) {
  const MadeMailToken made{{.email = "ada@x.org", .name = "http://evil"}, "eml_1"};
  const Mail reset = letter_of(MailPurpose::kResetPassword, made, "https://a.org");
  EXPECT_EQ(reset.to, "ada@x.org");
  EXPECT_NE(reset.text.find("\nhttps://a.org/reset-password#eml_1\n"), std::string::npos);
  EXPECT_EQ(reset.text.find("evil"), std::string::npos);
  const Mail verify = letter_of(MailPurpose::kVerifyAddress, made, "https://a.org");
  EXPECT_NE(verify.text.find("\nhttps://a.org/verify-email#eml_1\n"), std::string::npos);
  const Mail invite = invite_letter("bob@x.org", "acme", "inv_1", "https://a.org");
  EXPECT_EQ(invite.to, "bob@x.org");
  EXPECT_NE(invite.text.find("\nhttps://a.org/invite#inv_1\n"), std::string::npos);
}

}  // namespace
}  // namespace troupe::directory
