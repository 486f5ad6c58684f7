// Who comes by way of an identity provider, and as whom.
#include "runtime/directory/identities.h"

#include "runtime/directory/members.h"
#include "tests/runtime/directory/house.h"

namespace troupe::directory {
namespace {

using tenancy::Nobody;

ProvenIdentity proven(const std::string& name, bool verified = true) {
  return {.issuer = "https://id.example.org",
          .subject = "subject-" + name,
          .email = name + "@x.org",
          .email_is_verified = verified,
          .name = name};
}

class IdentitiesTest : public DirectoryTest {
 protected:
  MadeAttempt begin(const AttemptWanted& wanted = {}) {
    const auto made = house.change<MadeAttempt>(
        Nobody{},
        [&](auto& documents, const auto& context, auto* out) {
          return begin_attempt(documents, context, wanted, out);
        },
        Logs::kNone);
    EXPECT_TRUE(made);
    return *made;
  }
  Result<SignInAttempt> take(const std::string& state, const std::string& cookie) {
    return house.change<SignInAttempt>(
        Nobody{},
        [&](auto& documents, const auto& context, auto* out) {
          return take_attempt(documents, context, state, cookie, out);
        },
        Logs::kNone);
  }
  Result<SignedIn> enter(const ProvenIdentity& identity, const NewAccountRules& rules = {true}) {
    return house.change<SignedIn>(
        Nobody{}, [&](auto& documents, const auto& context, auto* out) {
          return sign_in_by_identity(documents, context, kStamp, identity, rules, out);
        });
  }
  Status connect(const ProvenIdentity& identity, UserId user) {
    return house.change(Nobody{}, [&](auto& documents, const auto& context) {
      return connect_identity(documents, context, identity, user);
    });
  }
  Status disconnect(const SignedIn& by, Uuid identity) {
    return house.change(as_session(by), [&](auto& documents, const auto& context) {
      return disconnect_identity(documents, context, identity);
    });
  }
  std::vector<Identity> of(UserId user) { return *identities_of(house.documents(), user); }
};

TEST_F(IdentitiesTest, AnAttemptCountsOnceForItsBrowserWhileItLasts) {
  const MadeAttempt one = begin({.return_to = "/runs", .workspace = "acme"});
  const MadeAttempt other = begin();
  EXPECT_EQ(take(one.state, other.cookie).error().code, Code::kUnauthorized);
  EXPECT_EQ(take(one.state, "").error().code, Code::kUnauthorized);
  EXPECT_EQ(take("", one.cookie).error().code, Code::kUnauthorized);
  const auto taken = take(one.state, one.cookie);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->return_to, "/runs");
  EXPECT_EQ(taken->workspace, "acme");
  EXPECT_EQ(take(one.state, one.cookie).error().code, Code::kUnauthorized);
  house.now = house.now + kAttemptLife;
  EXPECT_EQ(take(other.state, other.cookie).error().code, Code::kUnauthorized);
}

TEST_F(IdentitiesTest, WhatAStolenSessionBeganEndsWithItsSessionAndWithThePassword) {
  const SignedUp ada = house.sign_up("ada"), eve = house.sign_up("eve");
  const MadeAttempt of_ada = begin({.user = ada.in.user.id});
  const MadeAttempt of_eve = begin({.user = eve.in.user.id});
  ASSERT_TRUE(house.change(as_session(ada.in), [&](auto& documents, const auto& context) {
    return change_password(documents, context, ada.in.user, "another");
  }));
  EXPECT_EQ(take(of_ada.state, of_ada.cookie).error().code, Code::kUnauthorized);
  const MadeAttempt more = begin({.user = ada.in.user.id});
  ASSERT_TRUE(house.change(as_session(ada.in), [&](auto& documents, const auto& context) {
    return revoke_session(documents, context, ada.in.session);
  }));
  EXPECT_EQ(take(more.state, more.cookie).error().code, Code::kUnauthorized);
  EXPECT_TRUE(take(of_eve.state, of_eve.cookie)) << "of somebody else";
}

TEST_F(IdentitiesTest, WhatGoesToTheProviderIsOfTheAttemptAlone) {
  const MadeAttempt one = begin({.invite = "inv_abc"}), other = begin();
  EXPECT_EQ(invite_in(one.cookie), "inv_abc");
  EXPECT_EQ(invite_in(other.cookie), "");
  const auto first = provider_attempt(house.hasher, one, "https://t/cb");
  const auto again = provider_attempt(house.hasher, one, "https://t/cb");
  const auto second = provider_attempt(house.hasher, other, "https://t/cb");
  EXPECT_EQ(first.nonce, again.nonce);
  EXPECT_EQ(first.verifier, again.verifier);
  EXPECT_NE(first.nonce, second.nonce);
  EXPECT_NE(first.verifier, second.verifier);
  EXPECT_GE(first.verifier.size(), 43u) << "RFC 7636 §4.1";
  EXPECT_EQ(first.verifier.find(first.nonce), std::string::npos);
}

TEST_F(IdentitiesTest, SomebodyNewGetsAnAccountAndIsTheSameNextTime) {
  const auto first = enter(proven("ada"));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->user.email, "ada@x.org");
  EXPECT_TRUE(first->user.password_hash.empty());
  const auto own = workspaces_of(house.documents(), first->user.id);
  ASSERT_EQ(own->size(), 1u);
  EXPECT_TRUE(own->front().row.slug.starts_with("ada-"));
  EXPECT_FALSE(house.is_nobody(first->token));
  ProvenIdentity moved = proven("ada");
  moved.email = "ada@elsewhere.org";
  moved.email_is_verified = false;
  const auto second = enter(moved, {});
  ASSERT_TRUE(second) << "by issuer and subject, whatever the address, also where it is closed";
  EXPECT_EQ(second->user.id, first->user.id);
  EXPECT_NE(second->token, first->token);
  ProvenIdentity elsewhere = proven("ada");
  elsewhere.issuer = "https://other.example.org";
  EXPECT_EQ(enter(elsewhere).error().code, Code::kConflict) << "the same subject of another issuer";
}

TEST_F(IdentitiesTest, AnAddressThatIsTakenIsNotGivenAway) {
  const SignedUp ada = house.sign_up("ada");
  EXPECT_EQ(enter(proven("ada")).error().code, Code::kConflict);
  EXPECT_TRUE(of(ada.in.user.id).empty());
  ASSERT_TRUE(connect(proven("ada"), ada.in.user.id));
  EXPECT_EQ(enter(proven("ada"))->user.id, ada.in.user.id);
  const SignedUp eve = house.sign_up("eve");
  EXPECT_EQ(connect(proven("ada"), eve.in.user.id).error().code, Code::kConflict);
  ASSERT_TRUE(connect(proven("more"), ada.in.user.id)) << "of another address, and it is his";
  EXPECT_EQ(of(ada.in.user.id).size(), 2u);
}

TEST_F(IdentitiesTest, SigningUpNeedsAVerifiedAddressAndAnOpenDoor) {
  EXPECT_EQ(enter(proven("ada", false)).error().code, Code::kForbidden);
  ProvenIdentity without = proven("ada");
  without.email.clear();
  EXPECT_EQ(enter(without).error().code, Code::kForbidden);
  EXPECT_EQ(enter(proven("ada"), {}).error().code, Code::kForbidden);

  const SignedUp boss = house.sign_up("boss");
  const auto invites = house.change<MadeInvites>(
      as_session(boss.in), [&](auto& documents, const auto& context, auto* out) {
        return create_invites(documents, context, boss.workspace.id,
                              {boss.in.user.id, tenancy::WorkspaceRole::kOwner},
                              {{"ada@x.org", tenancy::WorkspaceRole::kMember}}, out);
      });
  ASSERT_TRUE(invites) << invites.error().message;
  const NewAccountRules invited{false, invites->tokens.front(), ""};
  EXPECT_EQ(enter(proven("eve"), invited).error().code, Code::kForbidden);
  const auto ada = enter(proven("ada"), invited);
  ASSERT_TRUE(ada) << ada.error().message;
  EXPECT_EQ(workspaces_of(house.documents(), ada->user.id)->front().row.slug, "boss");
}

TEST_F(IdentitiesTest, TheOnlyWayInStays) {
  const auto ada = enter(proven("ada"));
  const Uuid only = of(ada->user.id).front().id;
  EXPECT_EQ(disconnect(*ada, only).error().code, Code::kConflict);
  ASSERT_TRUE(connect(proven("more"), ada->user.id));
  EXPECT_TRUE(disconnect(*ada, only));
  EXPECT_EQ(disconnect(*ada, only).error().code, Code::kNotFound);
  const SignedUp eve = house.sign_up("eve");
  ASSERT_TRUE(connect(proven("eve"), eve.in.user.id));
  EXPECT_EQ(disconnect(*ada, of(eve.in.user.id).front().id).error().code, Code::kNotFound);
  EXPECT_TRUE(disconnect(eve.in, of(eve.in.user.id).front().id)) << "she has a password";
}

TEST_F(IdentitiesTest, AUserHasNoMoreThanSomeIdentities) {
  const SignedUp ada = house.sign_up("ada");
  for (std::size_t i = 0; i < kIdentitiesMax; ++i) {
    ASSERT_TRUE(connect(proven("n" + std::to_string(i)), ada.in.user.id));
  }
  EXPECT_EQ(connect(proven("last"), ada.in.user.id).error().code, Code::kLimitExceeded);
}

TEST(ReturnTo, LeadsNowhereElse) {
  for (const char* path : {"/", "/runs", "/runs?x=1&y=%20#z", "/a//b"}) {
    EXPECT_TRUE(check_return_to(path)) << path;
  }
  for (const std::string path :
       {"", "runs", "//evil.test", "/\\evil.test", "\\/evil.test", "https://evil.test", "/a b",
        "/a\r\nX: y", "/\t/evil.test", "javascript:alert(1)", "/\"><script>", "/\xc3\xa4"}) {
    EXPECT_FALSE(check_return_to(path)) << path;
  }
  EXPECT_FALSE(check_return_to("/" + std::string(kReturnToBytesMax, 'x')));
}

}  // namespace
}  // namespace troupe::directory
