// Accounts and sessions.
#include "runtime/directory/sign_in.h"

#include "tests/runtime/directory/house.h"

namespace troupe::directory {
namespace {

using tenancy::Nobody;
using tenancy::Operator;
using tenancy::Permission;

class SignInTest : public DirectoryTest {
 protected:
  Result<SignedUp> try_sign_up(const std::string& email, const std::string& slug) {
    return house.change<SignedUp>(
        Nobody{}, [&](auto& documents, const auto& context, SignedUp* made) {
          return sign_up(documents, context, kStamp, {email, "N", "h", slug, "W"}, made);
        });
  }
  Result<SignedIn> try_sign_in(const User& user, const std::string& new_hash = "") {
    return house.change<SignedIn>(
        Nobody{}, [&](auto& documents, const auto& context, SignedIn* made) {
          return sign_in(documents, context, kStamp, user, new_hash, made);
        });
  }
  Status try_change_password(tenancy::Principal by, const User& user) {
    return house.change(std::move(by), [&](auto& documents, const auto& context) {
      return change_password(documents, context, user, "another");
    });
  }
  Status try_revoke(tenancy::Principal by, SessionId session) {
    return house.change(std::move(by), [&](auto& documents, const auto& context) {
      return revoke_session(documents, context, session);
    });
  }
  User stored(UserId id) {
    const auto found = find_user(house.documents(), id);
    EXPECT_TRUE(found.ok() && *found);
    return **found;
  }
};

TEST_F(SignInTest, SignUpMakesAllThatBelongsToAWorkspace) {
  const SignedUp made = house.sign_up("ada");
  EXPECT_EQ(made.workspace.slug, "ada");
  EXPECT_EQ(made.workspace.product_code, "troupe-test");
  EXPECT_EQ(stored(made.in.user.id).email, "ada@x.org");
  EXPECT_EQ(made.in.expires, house.now + kStamp.session_life);

  const auto own = workspaces_of(house.documents(), made.in.user.id);
  ASSERT_TRUE(own.ok());
  ASSERT_EQ(own->size(), 1u);
  EXPECT_EQ(own->front().row.id, made.workspace.id);
  EXPECT_EQ(own->front().role, tenancy::WorkspaceRole::kOwner);
  const auto projects = house.documents().projects_of(made.workspace.id);
  ASSERT_EQ(projects->size(), 1u);
  EXPECT_EQ(projects->front().slug, "default");
  EXPECT_FALSE(projects->front().is_private);
  const auto environments = environments_of(house.documents(), made.workspace.id);
  ASSERT_EQ(environments->size(), 2u);
  for (const Environment& environment : *environments) EXPECT_TRUE(environment.is_protected);

  const tenancy::Principal who = house.who(made.in.token);
  ASSERT_TRUE(std::holds_alternative<tenancy::SessionUser>(who));
  EXPECT_EQ(std::get<tenancy::SessionUser>(who).user, made.in.user.id);
  EXPECT_TRUE(house.may(who, "ada", "default", Permission::kProjectChange).ok());
  EXPECT_TRUE(house.may(who, "ada", "", Permission::kMemberChange).ok());

  const auto log = house.log(made.workspace.id);
  ASSERT_EQ(log.size(), 1u);
  EXPECT_NE(log[0].find("account.sign_up"), std::string::npos);
  EXPECT_NE(log[0].find("\"nobody\""), std::string::npos);
}

TEST_F(SignInTest, NoTextThatIsASecretIsStored) {
  const SignedUp made = house.sign_up("ada");
  for (const store::Document& document : house.last.put) {
    EXPECT_EQ(document.body.find(made.in.token), std::string::npos);
    EXPECT_NE(document.key, made.in.token);
  }
  for (const std::string& line : house.log(made.workspace.id)) {
    EXPECT_EQ(line.find(made.in.token), std::string::npos);
    EXPECT_EQ(line.find("hash of"), std::string::npos);
  }
}

TEST_F(SignInTest, WhatIsTakenCannotBeHadTwice) {
  house.sign_up("ada");
  EXPECT_REFUSED(try_sign_up("ada@x.org", "other"), kConflict);
  EXPECT_REFUSED(try_sign_up("bob@x.org", "ada"), kConflict);
  EXPECT_TRUE(try_sign_up("bob@x.org", "other").ok());
}

TEST_F(SignInTest, ASignInGivesAnotherSession) {
  const SignedUp made = house.sign_up("ada");
  const auto again = try_sign_in(made.in.user);
  ASSERT_TRUE(again.ok());
  EXPECT_NE(again->token, made.in.token);
  EXPECT_FALSE(house.is_nobody(again->token));
  EXPECT_FALSE(house.is_nobody(made.in.token));
  EXPECT_EQ(sessions_of(house.documents(), made.in.user.id)->size(), 2u);
  EXPECT_EQ(house.log({}).size(), 1u);
}

TEST_F(SignInTest, ASignInMayStoreANewHash) {
  const SignedUp made = house.sign_up("ada");
  ASSERT_TRUE(try_sign_in(made.in.user, "stronger").ok());
  EXPECT_EQ(stored(made.in.user.id).password_hash, "stronger");
}

TEST_F(SignInTest, APasswordThatHasChangedSinceItWasCheckedIsNone) {
  const SignedUp made = house.sign_up("ada");
  const User before = made.in.user;
  ASSERT_TRUE(try_change_password(as_session(made.in), before).ok());
  EXPECT_REFUSED(try_sign_in(before), kUnauthorized);
  EXPECT_REFUSED(try_change_password(as_session(made.in), before), kUnauthorized);
  EXPECT_TRUE(try_sign_in(stored(before.id)).ok());
  User nobody = before;
  nobody.id = UserId(Uuid{9, 9});
  EXPECT_REFUSED(try_sign_in(nobody), kUnauthorized);
}

TEST_F(SignInTest, ASessionEndsWithItsTime) {
  const SignedUp made = house.sign_up("ada");
  house.now = TimePoint{made.in.expires.us - 1};
  EXPECT_FALSE(house.is_nobody(made.in.token));
  house.now = made.in.expires;
  EXPECT_TRUE(house.is_nobody(made.in.token));
}

TEST_F(SignInTest, SignOutEndsTheSessionThatAsksAlone) {
  const SignedUp made = house.sign_up("ada");
  const auto other = try_sign_in(made.in.user);
  const Status out = house.change(as_session(made.in), [](auto& documents, const auto& context) {
    return sign_out(documents, context);
  });
  ASSERT_TRUE(out.ok()) << why(out);
  EXPECT_TRUE(house.is_nobody(made.in.token));
  EXPECT_FALSE(house.is_nobody(other->token));
  for (const tenancy::Principal& by :
       {tenancy::Principal(Operator{}), tenancy::Principal(Nobody{})}) {
    EXPECT_REFUSED(
        house.change(
            by, [](auto& documents, const auto& context) { return sign_out(documents, context); }),
        kForbidden);
  }
}

TEST_F(SignInTest, AnotherPasswordEndsEveryOtherSession) {
  const SignedUp made = house.sign_up("ada");
  const SignedUp bob = house.sign_up("bob");
  const auto other = try_sign_in(made.in.user);
  ASSERT_TRUE(try_change_password(as_session(made.in), made.in.user).ok());
  EXPECT_FALSE(house.is_nobody(made.in.token));
  EXPECT_TRUE(house.is_nobody(other->token));
  EXPECT_FALSE(house.is_nobody(bob.in.token));
  EXPECT_EQ(stored(made.in.user.id).password_hash, "another");
}

TEST_F(SignInTest, OnesOwnSessionsCanBeEndedAndNoOthers) {
  const SignedUp ada = house.sign_up("ada");
  const SignedUp bob = house.sign_up("bob");
  const auto second = try_sign_in(ada.in.user);
  EXPECT_REFUSED(try_revoke(as_session(ada.in), bob.in.session), kNotFound);
  EXPECT_REFUSED(try_revoke(as_session(ada.in), SessionId(Uuid{9, 9})), kNotFound);
  EXPECT_REFUSED(try_revoke(Operator{}, bob.in.session), kForbidden);
  EXPECT_REFUSED(try_revoke(Nobody{}, bob.in.session), kForbidden);
  EXPECT_FALSE(house.is_nobody(bob.in.token));
  EXPECT_TRUE(try_revoke(as_session(ada.in), second->session).ok());
  EXPECT_TRUE(house.is_nobody(second->token));
  EXPECT_REFUSED(try_revoke(as_session(ada.in), second->session), kNotFound);
}

TEST_F(SignInTest, OfTooManySessionsTheOldestEnds) {
  const SignedUp ada = house.sign_up("ada");
  std::vector<std::string> tokens = {ada.in.token};
  while (tokens.size() <= kSessionsMax) {
    house.now = house.now + seconds(1);
    const auto in = try_sign_in(ada.in.user);
    ASSERT_TRUE(in.ok());
    tokens.push_back(in->token);
  }
  EXPECT_TRUE(house.is_nobody(tokens[0]));
  EXPECT_FALSE(house.is_nobody(tokens[1]));
  EXPECT_FALSE(house.is_nobody(tokens.back()));
  EXPECT_EQ(sessions_of(house.documents(), ada.in.user.id)->size(), kSessionsMax);
}

TEST_F(SignInTest, AUserChangesHisName) {
  const SignedUp ada = house.sign_up("ada");
  const auto rename = [&](tenancy::Principal by) {
    return house.change(std::move(by), [](auto& documents, const auto& context) {
      return change_name(documents, context, "Ada L.");
    });
  };
  ASSERT_TRUE(rename(as_session(ada.in)).ok());
  EXPECT_EQ(stored(ada.in.user.id).name, "Ada L.");
  EXPECT_EQ(stored(ada.in.user.id).password_hash, "hash of ada");
  EXPECT_REFUSED(rename(Operator{}), kForbidden);
  EXPECT_REFUSED(rename(tenancy::SessionUser{UserId(Uuid{9, 9}), {}}), kUnauthorized);
}

TEST_F(SignInTest, TheAddressOfAPeerShowsInTheListOfSessions) {
  const SignedUp ada = house.sign_up("ada");
  const auto sessions = sessions_of(house.documents(), ada.in.user.id);
  ASSERT_EQ(sessions->size(), 1u);
  EXPECT_EQ(sessions->front().address, "192.0.2.1");
  EXPECT_EQ(sessions->front().created, house.now);
}

}  // namespace
}  // namespace troupe::directory
