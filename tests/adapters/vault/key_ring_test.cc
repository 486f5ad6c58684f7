#include "adapters/vault/key_ring.h"

#include "adapters/vault/envelope.h"
#include "adapters/vault/sealer.h"
#include "tests/adapters/vault/vault_fixture.h"

namespace troupe::vault {
namespace {

class VaultKeyRingTest : public VaultTest {
 protected:
  static MadeDataKey made(KeyRing& ring, std::uint32_t version) {
    auto key = ring.make(workspace(), version);
    EXPECT_TRUE(key.ok()) << key.error().message;
    return std::move(*key);
  }
};

TEST_F(VaultKeyRingTest, MakesNewKeysAndReadsThemBack) {
  const auto ring = open(key_file(0x80));
  const MadeDataKey first = made(*ring, 1);
  const MadeDataKey second = made(*ring, 2);
  EXPECT_EQ(first.key.bytes.size(), kDataKeyBytes);
  EXPECT_FALSE(first.key.bytes == second.key.bytes);
  const auto again = ring->unwrap(workspace(), second.wrapped);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->version, 2u);
  EXPECT_EQ(again->workspace, workspace());
  EXPECT_TRUE(again->bytes == second.key.bytes);
  EXPECT_EQ(second.wrapped.find(second.key.bytes.reveal()), std::string::npos);
}

// Made from the layout in README.md by another program: what an earlier release has stored.
TEST_F(VaultKeyRingTest, ReadsWhatWasStoredLongAgo) {
  const std::string wrapped = unhex(
      "0100000002146b65793a32396439306139636237303931366366000030313233"
      "3435363738393a3b3c3d3e3f404142434445464789e6d6177b4054ba5f1ec831"
      "e8ca540e885ead40b8fc983da8286192f48bf1bddfc4f331b6b13aa19f8292ff"
      "ded1569d");
  const auto ring = open(key_file(0x80));
  EXPECT_EQ(ring->current_master(), "key:29d90a9cb70916cf");
  const auto key = ring->unwrap(workspace(), wrapped);
  ASSERT_TRUE(key.ok()) << key.error().message;
  EXPECT_EQ(key->version, 2u);
  EXPECT_EQ(key->bytes.reveal(), counting(2, kDataKeyBytes));
}

TEST_F(VaultKeyRingTest, EveryFlippedBitIsRefused) {
  const auto ring = open(key_file(0x80));
  const std::string wrapped = made(*ring, 1).wrapped;
  for (std::size_t bit = 0; bit < wrapped.size() * 8; ++bit) {
    const auto key = ring->unwrap(workspace(), flipped(wrapped, bit));
    ASSERT_FALSE(key.ok()) << "bit " << bit;
    // A changed name of the master is that of one which nobody knows.
    const bool in_name = bit / 8 >= 6 && bit / 8 < 6 + ring->current_master().size();
    EXPECT_TRUE(key.error().code == Code::kCorrupt ||
                (in_name && key.error().code == Code::kUnavailable))
        << "bit " << bit << ": " << key.error().message;
  }
  for (std::size_t size = 0; size < wrapped.size(); ++size) {
    EXPECT_FALSE(ring->unwrap(workspace(), wrapped.substr(0, size)).ok()) << size;
  }
}

TEST_F(VaultKeyRingTest, AKeyOfAnotherWorkspaceIsRefused) {
  const auto ring = open(key_file(0x80));
  const std::string wrapped = made(*ring, 1).wrapped;
  EXPECT_EQ(ring->unwrap(workspace(1), wrapped).error().code, Code::kCorrupt);
  EXPECT_EQ(ring->rewrap(workspace(1), wrapped).error().code, Code::kCorrupt);
}

TEST_F(VaultKeyRingTest, RotationOfTheMasterKeepsEverythingReadable) {
  const KeyFile old_master = key_file(0x80);
  const KeyFile new_master = key_file(0xA0);
  const auto before = open(old_master);
  const MadeDataKey key = made(*before, 1);
  DataKeys keys(workspace());
  ASSERT_TRUE(keys.add({workspace(), 1, key.key.bytes.copy()}));
  const SealedPlace place{"secret/1/value", 1};
  const XChaChaSealer sealer;
  const std::string value = *sealer.seal(keys, place, SecretText("canary"));
  const auto opens_with = [&](KeyRing& ring, const std::string& wrapped) {
    auto unwrapped = ring.unwrap(workspace(), wrapped);
    if (!unwrapped) return unwrapped.error().message;
    DataKeys own(workspace());
    EXPECT_TRUE(own.add(std::move(*unwrapped)));
    const auto opened = sealer.open(own, place, value);
    return opened ? std::string(opened->reveal()) : opened.error().message;
  };

  // Every node knows the new one before any wraps under it.
  const auto announced = open(old_master, {new_master});
  EXPECT_FALSE(*announced->needs_rewrapping(key.wrapped));
  const auto turned = open(new_master, {old_master});
  EXPECT_TRUE(*turned->needs_rewrapping(key.wrapped));
  EXPECT_EQ(opens_with(*turned, key.wrapped), "canary");
  const auto rewrapped = turned->rewrap(workspace(), key.wrapped);
  ASSERT_TRUE(rewrapped.ok()) << rewrapped.error().message;
  EXPECT_FALSE(*turned->needs_rewrapping(*rewrapped));
  for (KeyRing* ring : {announced.get(), turned.get()}) {
    EXPECT_EQ(opens_with(*ring, key.wrapped), "canary");
    EXPECT_EQ(opens_with(*ring, *rewrapped), "canary");
  }

  const auto after = open(new_master);
  EXPECT_EQ(opens_with(*after, *rewrapped), "canary");
  const auto retired = after->unwrap(workspace(), key.wrapped);
  ASSERT_FALSE(retired.ok());
  EXPECT_EQ(retired.error().code, Code::kUnavailable);
  EXPECT_NE(retired.error().message.find(before->current_master()), std::string::npos);
}

TEST_F(VaultKeyRingTest, AnotherMasterUnderTheSameNameIsRefused) {
  const auto ring = open(key_file(0x80));
  const auto other = open(key_file(0xA0));
  EXPECT_NE(ring->current_master(), other->current_master());
  const std::string wrapped = made(*other, 1).wrapped;
  auto form = parse_wrapped(wrapped);
  ASSERT_TRUE(form.ok());
  form->master_id = ring->current_master();
  EXPECT_EQ(ring->unwrap(workspace(), vault::write(*form)).error().code, Code::kCorrupt);
}

TEST_F(VaultKeyRingTest, MistakesInTheSourcesAreRefused) {
  const KeyFile file = key_file(0x80);
  const std::string program = script("program", "exit 0");
  const auto refusal = [&](MasterKeySource current, std::vector<MasterKeySource> older = {}) {
    const auto ring = try_open(std::move(current), std::move(older));
    if (ring) return std::string("accepted");
    EXPECT_EQ(ring.error().code, Code::kConfigInvalid);
    return ring.error().message;
  };
  EXPECT_NE(refusal(file, {file}).find("given twice"), std::string::npos);
  EXPECT_NE(refusal(file, {KeyFile{directory_.file("none")}}).find("none"), std::string::npos);
  EXPECT_NE(refusal(KeyFile{}).find("cannot be read"), std::string::npos);
  EXPECT_EQ(refusal(KeyHook{"kms-1", {program}}), "accepted");
  EXPECT_NE(refusal(KeyHook{"kms-1", {"program"}}).find("absolute path"), std::string::npos);
  EXPECT_NE(refusal(KeyHook{"kms-1", {}}).find("absolute path"), std::string::npos);
  EXPECT_NE(refusal(KeyHook{"kms-1", {program + "x"}}).find("cannot be run"), std::string::npos);
  EXPECT_NE(refusal(KeyHook{"kms-1", {program}, Duration{}}).find("deadline"), std::string::npos);
  for (const std::string& id :
       {std::string(), std::string("A"), std::string("key:1"), std::string(49, 'a')}) {
    EXPECT_NE(refusal(KeyHook{id, {program}}).find("needs an id"), std::string::npos) << id;
  }
}

}  // namespace
}  // namespace troupe::vault
