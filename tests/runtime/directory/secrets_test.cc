// The vault: secrets and the data keys that they lie under.
#include "runtime/directory/secrets.h"

#include <map>

#include "adapters/vault/sealer.h"
#include "tests/runtime/directory/house.h"

namespace troupe::directory {
namespace {

using tenancy::Operator;

/// Wraps a key by writing its master in front of it.
class PlainRing final : public KeyRing {
 public:
  Result<MadeDataKey> make(const WorkspaceId& workspace, std::uint32_t version) override {
    std::string bytes(kDataKeyBytes, static_cast<char>(version));
    return MadeDataKey{{workspace, version, SecretText(bytes)},
                       current + std::to_string(version) + ":" + bytes};
  }
  Result<DataKey> unwrap(const WorkspaceId& workspace, std::string_view wrapped) override {
    const std::size_t colon = wrapped.find(':');
    if (colon != 2) return {Code::kCorrupt, "no wrapped key"};
    return DataKey{workspace, static_cast<std::uint32_t>(wrapped[1] - '0'),
                   SecretText(wrapped.substr(3))};
  }
  Result<std::string> rewrap(const WorkspaceId&, std::string_view wrapped) override {
    return current + std::string(wrapped.substr(1));
  }
  Result<std::string> master_of(std::string_view wrapped) const override {
    return std::string(wrapped.substr(0, 1));
  }
  const std::string& current_master() const override { return current; }

  std::string current = "a";
};

constexpr std::string_view kCanary = "canary-3b1f";

class SecretsTest : public DirectoryTest {
 protected:
  SecretsTest() : ada(house.sign_up("ada")) { workspace = ada.workspace.id; }

  Status add_key(std::uint32_t version, bool is_rotation) {
    const auto made = ring.make(workspace, version);
    return house.change(
        as_session(ada.in),
        [&](auto& documents, const auto& context) {
          return add_data_key(documents, context, workspace,
                              {workspace, version, made->wrapped, house.now}, is_rotation);
        },
        is_rotation ? Logs::kOne : Logs::kNone);
  }
  DataKeys keys() {
    const auto wrapped = data_keys_of(house.documents(), workspace);
    EXPECT_TRUE(wrapped.ok());
    auto open = open_data_keys(*wrapped, workspace, ring);
    EXPECT_TRUE(open.ok());
    return *std::move(open);
  }
  /// A value sealed for what is stored now.
  Secret sealed(ProjectId project, const std::string& path, std::string_view value) {
    const auto slot = secret_slot(house.documents(), workspace, project, path);
    EXPECT_TRUE(slot.ok());
    Secret secret{.workspace = workspace, .project = project, .path = path, .description = "d"};
    secret = next_secret(*slot, std::move(secret), house.entropy, house.now);
    const DataKeys open = keys();
    secret.key_version = open.newest()->version;
    secret.sealed =
        *sealer.seal(open, {sealed_field(secret), secret.version}, SecretText(value));
    return secret;
  }
  Result<Secret> put(const Secret& secret) {
    return house.change<Secret>(as_session(ada.in),
                                [&](auto& documents, const auto& context, Secret* stored) {
                                  return put_secret(documents, context, secret, stored);
                                });
  }
  Result<Secret> reveal(ProjectId project, const std::string& path) {
    return house.change<Secret>(
        as_session(ada.in), [&](auto& documents, const auto& context, Secret* found) {
          return reveal_secret(documents, context, workspace, project, path, found);
        });
  }
  Status remove(ProjectId project, const std::string& path) {
    return house.change(as_session(ada.in), [&](auto& documents, const auto& context) {
      return delete_secret(documents, context, workspace, project, path);
    });
  }
  std::string opened(const Secret& secret) {
    const auto value = sealer.open(
        keys(), {sealed_field(secret), secret.version}, secret.sealed);
    return value ? std::string(value->reveal()) : value.error().message;
  }
  Status reseal(const std::vector<Secret>& secrets) {
    return house.change(
        as_session(ada.in),
        [&](auto& documents, const auto&) { return reseal_secrets(documents, secrets); },
        Logs::kNone);
  }
  std::vector<Secret> list(ProjectId project) {
    const auto found = secrets_of(house.documents(), workspace, project);
    EXPECT_TRUE(found.ok());
    return found.ok() ? *found : std::vector<Secret>();
  }

  const SignedUp ada;
  WorkspaceId workspace;
  const ProjectId project{Uuid{70, 1}};
  PlainRing ring;
  vault::XChaChaSealer sealer;
};

TEST_F(SecretsTest, AValueIsStoredSealedAndComesBack) {
  ASSERT_TRUE(add_key(1, false).ok());
  const auto first = put(sealed({}, "smtp/password", kCanary));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->version, 1u);
  for (const store::Document& document : house.last.put) {
    EXPECT_EQ(document.body.find(kCanary), std::string::npos);
  }
  const auto found = reveal({}, "smtp/password");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(opened(*found), kCanary);
  const auto log = house.log(workspace);
  EXPECT_NE(log.back().find("secret.reveal"), std::string::npos) << "who saw it is noted";
  for (const std::string& line : log) EXPECT_EQ(line.find(kCanary), std::string::npos);
}

TEST_F(SecretsTest, EachValueIsAnotherVersion) {
  ASSERT_TRUE(add_key(1, false).ok());
  const auto first = put(sealed({}, "a", "one"));
  house.now = house.now + seconds(1);
  const auto second = put(sealed({}, "a", "two"));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->id, first->id);
  EXPECT_EQ(second->version, 2u);
  EXPECT_EQ(second->created, first->created);
  EXPECT_EQ(second->updated, house.now);
  EXPECT_EQ(opened(*reveal({}, "a")), "two");
  // The older seal in the newer one's place does not open.
  Secret put_back = *second;
  put_back.sealed = first->sealed;
  EXPECT_NE(opened(put_back), "one");
}

TEST_F(SecretsTest, WhoSealedForAnotherVersionIsRefused) {
  ASSERT_TRUE(add_key(1, false).ok());
  const Secret mine = sealed({}, "a", "mine");
  ASSERT_TRUE(put(sealed({}, "a", "theirs")).ok());
  EXPECT_REFUSED(put(mine), kConflict);
  EXPECT_EQ(opened(*reveal({}, "a")), "theirs");
  ASSERT_TRUE(remove({}, "a").ok());
  Secret late = mine;
  late.version = 2;
  EXPECT_REFUSED(put(late), kConflict);
}

TEST_F(SecretsTest, NoValueFromBeforeADeletionCanBePutBack) {
  ASSERT_TRUE(add_key(1, false).ok());
  const auto first = put(sealed({}, "a", "leaked"));
  ASSERT_TRUE(remove({}, "a").ok());
  const auto second = put(sealed({}, "a", "fresh"));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->version, first->version);
  Secret put_back = *second;
  put_back.sealed = first->sealed;
  EXPECT_NE(opened(put_back), "leaked");
  // Nor can what was sealed for the one be stored as the other.
  Secret late = *first;
  late.version = 2;
  EXPECT_REFUSED(put(late), kConflict);
  EXPECT_EQ(opened(*reveal({}, "a")), "fresh");
}

TEST_F(SecretsTest, ProjectsAndTheWorkspaceHaveTheirOwn) {
  ASSERT_TRUE(add_key(1, false).ok());
  ASSERT_TRUE(put(sealed({}, "a", "global")).ok());
  const auto its_own = put(sealed(project, "a", "of the project"));
  ASSERT_TRUE(its_own.ok());
  EXPECT_EQ(its_own->version, 1u);
  EXPECT_NE(house.log(workspace).back().find("project_secret.change"), std::string::npos);
  EXPECT_EQ(opened(*reveal({}, "a")), "global");
  EXPECT_EQ(opened(*reveal(project, "a")), "of the project");
  EXPECT_EQ(list({}).size(), 1u);
  EXPECT_EQ(list(project).size(), 1u);
  EXPECT_TRUE(list(ProjectId(Uuid{70, 2})).empty());
  Secret moved = *reveal(project, "a");
  moved.project = {};
  EXPECT_NE(opened(moved), "of the project") << "a seal is at home in one place";
}

TEST_F(SecretsTest, WhatIsNotThereIsNotFound) {
  EXPECT_REFUSED(reveal({}, "a"), kNotFound);
  EXPECT_REFUSED(remove({}, "a"), kNotFound);
  ASSERT_TRUE(add_key(1, false).ok());
  ASSERT_TRUE(put(sealed({}, "a", "v")).ok());
  EXPECT_REFUSED(reveal(project, "a"), kNotFound);
  EXPECT_REFUSED(reveal({}, "b"), kNotFound);
  ASSERT_TRUE(remove({}, "a").ok());
  EXPECT_REFUSED(reveal({}, "a"), kNotFound);
  EXPECT_TRUE(list({}).empty());
}

TEST_F(SecretsTest, AListIsInTheOrderOfItsPaths) {
  ASSERT_TRUE(add_key(1, false).ok());
  for (const char* path : {"b", "a/c", "a/b"}) ASSERT_TRUE(put(sealed({}, path, "v")).ok());
  std::string all;
  for (const Secret& secret : list({})) all += secret.path + " ";
  EXPECT_EQ(all, "a/b a/c b ");
}

TEST_F(SecretsTest, APlaceHoldsOnlySoMany) {
  ASSERT_TRUE(add_key(1, false).ok());
  Secret secret = sealed({}, "a", "v");
  store::Change many;
  for (std::size_t i = 0; i < kSecretsMax; ++i) {
    secret.id = Uuid{80, i + 1};
    secret.path = "p" + std::to_string(i);
    many.put.push_back(encode(secret));
  }
  house.write(std::move(many));
  EXPECT_REFUSED(put(sealed({}, "one-more", "v")), kLimitExceeded);
  EXPECT_TRUE(put(sealed({}, "p0", "another value")).ok());
  EXPECT_TRUE(put(sealed(project, "one-more", "v")).ok());
}

TEST_F(SecretsTest, PathsAreOfAFewCharacters) {
  const std::string longest(kSecretPathMax, 'a');
  for (const std::string& path :
       {std::string("a"), std::string("A/b-c_d.e/9"), std::string("..."), longest}) {
    EXPECT_TRUE(check_secret_path(path).ok()) << path;
  }
  for (const std::string& path :
       {std::string(), std::string("/"), std::string("/a"), std::string("a/"), std::string("a//b"),
        std::string("a b"), std::string("ä"), std::string("a\0b", 3), std::string("."),
        std::string("a/.."), std::string("./a"), std::string("a/../b"), longest + "a"}) {
    EXPECT_REFUSED(check_secret_path(path), kInvalidField);
  }
}

TEST_F(SecretsTest, ADataKeyIsMadeOnce) {
  EXPECT_TRUE(data_keys_of(house.documents(), workspace)->empty());
  ASSERT_TRUE(add_key(1, false).ok());
  EXPECT_REFUSED(add_key(1, false), kConflict);
  EXPECT_REFUSED(add_key(1, true), kConflict);
  ASSERT_TRUE(add_key(2, true).ok());
  EXPECT_NE(house.log(workspace).back().find("data_key.rotate"), std::string::npos);
  const auto wrapped = data_keys_of(house.documents(), workspace);
  ASSERT_EQ(wrapped->size(), 2u);
  EXPECT_EQ(wrapped->front().version, 1u);
  EXPECT_EQ(keys().newest()->version, 2u);
  EXPECT_TRUE(data_keys_of(house.documents(), WorkspaceId(Uuid{9, 9}))->empty());
}

TEST_F(SecretsTest, ADataKeyHasTheNextVersion) {
  EXPECT_REFUSED(add_key(2, false), kConflict);
  EXPECT_REFUSED(add_key(0, false), kConflict);
  ASSERT_TRUE(add_key(1, false).ok());
  EXPECT_REFUSED(add_key(3, true), kConflict);
}

TEST_F(SecretsTest, RotationSealsAnewInPieces) {
  ASSERT_TRUE(add_key(1, false).ok());
  for (const char* path : {"a", "b", "c"}) ASSERT_TRUE(put(sealed({}, path, path)).ok());
  ASSERT_TRUE(put(sealed(project, "d", "d")).ok());
  ASSERT_TRUE(add_key(2, true).ok());
  std::size_t pieces = 0;
  while (true) {
    auto old = secrets_to_reseal(house.documents(), workspace, 2, 3);
    ASSERT_TRUE(old.ok());
    if (old->empty()) break;
    ASSERT_LE(old->size(), 3u);
    ASSERT_LT(++pieces, 5u) << "no progress";
    const DataKeys open = keys();
    for (Secret& secret : *old) {
      const std::string field = sealed_field(secret);
      const SealedPlace place{field, secret.version};
      secret.sealed = *sealer.seal(open, place, *sealer.open(open, place, secret.sealed));
      secret.key_version = 2;
    }
    ASSERT_TRUE(reseal(*old).ok());
  }
  EXPECT_EQ(pieces, 2u);
  for (const char* path : {"a", "b", "c"}) {
    const auto found = reveal({}, path);
    EXPECT_EQ(found->key_version, 2u);
    EXPECT_EQ(found->version, 1u);
    EXPECT_EQ(opened(*found), path);
  }
  EXPECT_EQ(opened(*reveal(project, "d")), "d");
}

TEST_F(SecretsTest, ResealingOverwritesNothingNewer) {
  ASSERT_TRUE(add_key(1, false).ok());
  ASSERT_TRUE(put(sealed({}, "a", "one")).ok());
  ASSERT_TRUE(put(sealed({}, "b", "one")).ok());
  ASSERT_TRUE(add_key(2, true).ok());
  const auto old = secrets_to_reseal(house.documents(), workspace, 2, 10);
  ASSERT_EQ(old->size(), 2u);
  ASSERT_TRUE(put(sealed({}, "a", "two")).ok());
  ASSERT_TRUE(remove({}, "b").ok());
  ASSERT_TRUE(reseal(*old).ok());
  EXPECT_TRUE(house.last.empty());
  EXPECT_EQ(opened(*reveal({}, "a")), "two");
  EXPECT_REFUSED(reveal({}, "b"), kNotFound);
  // Another secret of the same path and version is another one still.
  ASSERT_TRUE(put(sealed({}, "b", "reborn")).ok());
  ASSERT_TRUE(reseal(*old).ok());
  EXPECT_TRUE(house.last.empty());
  EXPECT_EQ(opened(*reveal({}, "b")), "reborn");
}

TEST_F(SecretsTest, DataKeysAreWrappedAnewUnderAnotherMaster) {
  ASSERT_TRUE(add_key(1, false).ok());
  ASSERT_TRUE(put(sealed({}, "a", "v")).ok());
  ring.current = "b";
  std::vector<WrappedDataKey> anew = *data_keys_of(house.documents(), workspace);
  for (WrappedDataKey& key : anew) {
    EXPECT_TRUE(*ring.needs_rewrapping(key.wrapped));
    key.wrapped = *ring.rewrap(workspace, key.wrapped);
  }
  WrappedDataKey gone = anew.front();
  gone.version = 7;
  anew.push_back(gone);
  const Status done = house.change(Operator{}, [&](auto& documents, const auto& context) {
    return rewrap_data_keys(documents, context, anew);
  });
  ASSERT_TRUE(done.ok()) << why(done);
  const auto stored = data_keys_of(house.documents(), workspace);
  ASSERT_EQ(stored->size(), 1u);
  EXPECT_FALSE(*ring.needs_rewrapping(stored->front().wrapped));
  EXPECT_EQ(opened(*reveal({}, "a")), "v");
  EXPECT_NE(house.log(workspace)[house.log(workspace).size() - 2].find("master_key.rotate"),
            std::string::npos);
}

}  // namespace
}  // namespace troupe::directory
