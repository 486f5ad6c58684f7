// What is stored of each record comes back as it was, and nothing else is taken for one.
#include "runtime/directory/records.h"

#include <functional>

#include "tests/runtime/directory/house.h"

namespace troupe::directory {
namespace {

using store::Document;
using store::DocumentKind;

const system::Blake2bHasher kHasher;
const WorkspaceId kPlace{Uuid{2, 2}};
const ProjectId kProject{Uuid{3, 3}};
const UserId kUser{Uuid{4, 4}};

TEST(Records, AUserComesBack) {
  const User user{kUser, "a@x.org", "Ada \"é\"", "$hash$", kBegin};
  const Document document = encode(user);
  EXPECT_EQ(document.kind, DocumentKind::kUser);
  EXPECT_EQ(document.key, user.email);
  EXPECT_EQ(document.owner, Uuid(kUser));
  EXPECT_FALSE(document.workspace.set());
  const auto back = decode_user(document);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->name, user.name);
  EXPECT_EQ(back->password_hash, user.password_hash);
  EXPECT_EQ(back->email, user.email);
}

TEST(Records, IdentitiesAndAttemptsComeBack) {
  const Identity identity{Uuid{6, 6}, kUser, "key", "https://id", "a@x.org", kBegin};
  const auto known = decode_identity(encode(identity));
  ASSERT_TRUE(known);
  EXPECT_EQ(known->user, kUser);
  EXPECT_EQ(known->key, "key");
  EXPECT_EQ(known->issuer, "https://id");
  EXPECT_EQ(known->email, "a@x.org");
  const SignInAttempt attempt{Uuid{7, 7}, "hash", kUser, "/runs", "acme", kBegin, kBegin + kDay};
  const Document document = encode(attempt);
  EXPECT_EQ(document.expires, kBegin + kDay) << "so that the store sweeps it away";
  const auto taken = decode_attempt(document);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->id, attempt.id);
  EXPECT_EQ(taken->browser, "hash");
  EXPECT_EQ(taken->user, kUser);
  EXPECT_EQ(taken->return_to, "/runs");
  EXPECT_EQ(taken->workspace, "acme");
}

TEST(Records, ATokenComesBackWithAllItsLimits) {
  for (const auto& binding :
       {std::optional<tenancy::Binding>(), std::optional(tenancy::Binding{kPlace, {}}),
        std::optional(tenancy::Binding{kPlace, kProject})}) {
    const AccessToken token{.id = TokenId(Uuid{5, 5}),
                            .user = kUser,
                            .key = "k",
                            .name = "n",
                            .shown = "pat_abcd",
                            .limits = {every_scope(), kBegin + kDay, binding},
                            .created = kBegin};
    const Document document = encode(token);
    EXPECT_EQ(document.expires, kBegin + kDay) << "so that the store sweeps it away";
    const auto back = decode_token(document);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->limits, token.limits);
    EXPECT_EQ(back->user, kUser);
  }
}

TEST(Records, MembersInvitesAndRolesComeBack) {
  for (const auto role : {tenancy::WorkspaceRole::kMember, tenancy::WorkspaceRole::kAdmin,
                          tenancy::WorkspaceRole::kOwner}) {
    for (const auto state : {tenancy::MemberState::kActive, tenancy::MemberState::kDeactivated,
                             tenancy::MemberState::kRemoved}) {
      const tenancy::Member member{kUser, "a@x.org", role, state, kBegin};
      const auto back = decode_member(encode(kHasher, kPlace, member));
      ASSERT_TRUE(back.ok());
      EXPECT_EQ(*back, member);
    }
    for (const auto state : {tenancy::InviteState::kPending, tenancy::InviteState::kAccepted,
                             tenancy::InviteState::kExpired}) {
      const tenancy::Invite invite{InviteId(Uuid{6, 6}), "b@x.org",    role, state, kUser, kBegin,
                                   kBegin + kDay,        kBegin + kDay};
      const auto back = decode_invite(encode(kPlace, invite, "key"));
      ASSERT_TRUE(back.ok());
      EXPECT_EQ(*back, invite);
    }
  }
  for (const auto role : {tenancy::ProjectRole::kViewer, tenancy::ProjectRole::kContributor,
                          tenancy::ProjectRole::kAdmin}) {
    const tenancy::ProjectMember member{kUser, role};
    const auto back = decode_project_member(encode(kHasher, kPlace, kProject, member, kBegin));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, member);
  }
}

TEST(Records, BytesOfSecretsAndKeysComeBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  Secret secret{.id = Uuid{7, 7}, .workspace = kPlace, .project = kProject, .path = "a/b"};
  secret.version = 9;
  secret.key_version = 4'294'967'295u;
  secret.sealed = bytes;
  const auto back = decode_secret(encode(secret));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->sealed, bytes);
  EXPECT_EQ(back->version, 9u);
  EXPECT_EQ(back->key_version, 4'294'967'295u);
  EXPECT_EQ(back->project, kProject);
  const auto key = decode_data_key(encode(kHasher, WrappedDataKey{kPlace, 3, bytes, kBegin}));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->wrapped, bytes);
  EXPECT_EQ(key->version, 3u);
}

TEST(Records, SettingsTellNoneFromZero) {
  for (const auto& seats : {std::optional<std::uint32_t>(), std::optional(0u), std::optional(5u)}) {
    const auto back = decode_settings(encode(WorkspaceSettings{kPlace, seats}));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->seats_max, seats);
    EXPECT_EQ(back->workspace, kPlace);
  }
}

TEST(Records, OfTwoThereIsOneIdWhicheverWayItIsAskedFor) {
  EXPECT_EQ(member_id(kHasher, kPlace, kUser), member_id(kHasher, kPlace, kUser));
  EXPECT_NE(member_id(kHasher, kPlace, kUser),
            member_id(kHasher, WorkspaceId(kUser), UserId(kPlace)));
  EXPECT_NE(member_id(kHasher, kPlace, kUser),
            project_member_id(kHasher, ProjectId(Uuid(kPlace)), kUser));
}

TEST(Records, WhatIsDamagedIsCorrupt) {
  const auto with = [](std::string body) {
    Document document;
    document.body = std::move(body);
    return document;
  };
  const std::string id = kUser.to_string();
  const struct {
    std::function<bool(const Document&)> is_corrupt;
    std::string body;
  } cases[] = {
#define CASE(decode, body)                                         \
  {[](const Document& d) {                                         \
     const auto record = decode(d);                                \
     return !record.ok() && record.error().code == Code::kCorrupt; \
   },                                                              \
   body}
      CASE(decode_user, ""),
      CASE(decode_user, "[]"),
      CASE(decode_user, "{"),
      CASE(decode_user, R"({"name":"a"})"),
      CASE(decode_user, R"({"name":1,"password_hash":""})"),
      CASE(decode_session, R"({"address":null})"),
      CASE(decode_token,
           R"({"name":"n","shown":"s","scopes":"no:such","workspace":"","project":""})"),
      CASE(decode_token, R"({"name":"n","shown":"s","scopes":"","workspace":"x","project":""})"),
      CASE(decode_token,
           R"({"name":"n","shown":"s","scopes":"audit:read","workspace":"","project":")" + id +
               "\"}"),
      CASE(decode_settings, R"({"seats_max":3})"),
      CASE(decode_settings, R"({"seats_limited":true,"seats_max":-1})"),
      CASE(decode_settings, R"({"seats_limited":true,"seats_max":4294967296})"),
      CASE(decode_settings, R"({"seats_limited":true,"seats_max":1.5})"),
      CASE(decode_environment, R"({"name":"n","colour":"c","protected":1})"),
      CASE(decode_secret, R"({"description":"","version":1,"key_version":1,"sealed":"0"})"),
      CASE(decode_secret, R"({"description":"","version":1,"key_version":1,"sealed":"0G"})"),
      CASE(decode_secret, R"({"description":"","version":-1,"key_version":1,"sealed":""})"),
      CASE(decode_secret, R"({"description":"","version":1,"key_version":4294967296,"sealed":""})"),
      CASE(decode_data_key, R"({"version":"1","wrapped":""})"),
      CASE(decode_member,
           R"({"email":"","role":"tenant_member","owner":true,"state":"active","since":1})"),
      CASE(decode_member,
           R"({"email":"","role":"tenant_admin","owner":true,"state":"pending","since":1})"),
      CASE(decode_invite,
           R"({"email":"","role":"tenant_admin","owner":true,"state":"active","invited_by":"",)"
           R"("expires":1,"decided":0})"),
      CASE(decode_project_member, R"({"role":"tenant_admin"})"),
#undef CASE
  };
  for (const auto& one : cases) EXPECT_TRUE(one.is_corrupt(with(one.body))) << one.body;
}

TEST(Records, WhiteSpaceAroundABodyIsNoDamage) {
  Document document;
  document.owner = kUser;
  document.body = " {\"role\":\"project_viewer\"}\n";
  const auto member = decode_project_member(document);
  ASSERT_TRUE(member.ok());
  EXPECT_EQ(member->role, tenancy::ProjectRole::kViewer);
}

}  // namespace
}  // namespace troupe::directory
