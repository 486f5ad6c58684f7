#include "adapters/vault/sealer.h"

#include <set>

#include "tests/adapters/vault/vault_fixture.h"

namespace troupe::vault {
namespace {

constexpr SealedPlace kPlace{"connection/1/password", 3};

DataKeys keys_with(std::initializer_list<std::uint32_t> versions,
                   const WorkspaceId& owner = workspace()) {
  DataKeys keys(owner);
  for (const std::uint32_t version : versions) {
    const auto first = static_cast<unsigned char>(version);
    EXPECT_TRUE(keys.add(data_key(owner, version, counting(first, kDataKeyBytes))));
  }
  return keys;
}

std::string sealed(const DataKeys& keys, std::string_view value) {
  const auto bytes = XChaChaSealer().seal(keys, kPlace, SecretText(value));
  EXPECT_TRUE(bytes.ok()) << bytes.error().message;
  return *bytes;
}

/// The code of the refusal.
Code refusal(const DataKeys& keys, const SealedPlace& place, std::string_view bytes) {
  const auto value = XChaChaSealer().open(keys, place, bytes);
  EXPECT_FALSE(value.ok());
  return value ? Code::kInternal : value.error().code;
}

TEST(Sealer, OpensWhatItSealed) {
  const DataKeys keys = keys_with({1});
  for (const std::string& value :
       {std::string(), std::string("x"), std::string("\0\xFF", 2), std::string(100'000, 's')}) {
    const std::string bytes = sealed(keys, value);
    EXPECT_EQ(bytes.size(), value.size() + 45);
    const auto opened = XChaChaSealer().open(keys, kPlace, bytes);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_EQ(opened->reveal(), value);
  }
}

// Made from the layout in README.md by another program: what an earlier release has stored.
TEST(Sealer, OpensWhatWasStoredLongAgo) {
  const std::string bytes = unhex(
      "0100000002303132333435363738393a3b3c3d3e3f40414243444546474b57b0"
      "b0bb669566dbbc29122b710aa6b89d06f4280e79f1af36f0");
  const auto opened = XChaChaSealer().open(keys_with({2}), kPlace, bytes);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->reveal(), "canary-7f3a");
  EXPECT_EQ(*XChaChaSealer().key_version(bytes), 2u);
}

TEST(Sealer, TheSameValueLooksDifferentEachTime) {
  const DataKeys keys = keys_with({1});
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(sealed(keys, "the same"));
  EXPECT_EQ(seen.size(), 100u);
}

TEST(Sealer, EveryFlippedBitIsRefused) {
  const DataKeys keys = keys_with({1, 2, 3});
  const std::string bytes = sealed(keys, "a secret of some length");
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    EXPECT_EQ(refusal(keys, kPlace, flipped(bytes, bit)), Code::kCorrupt) << "bit " << bit;
  }
}

TEST(Sealer, BytesThatAreMissingOrTooManyAreRefused) {
  const DataKeys keys = keys_with({1});
  const std::string bytes = sealed(keys, "a secret");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(refusal(keys, kPlace, bytes.substr(0, size)), Code::kCorrupt) << size;
  }
  EXPECT_EQ(refusal(keys, kPlace, bytes + '\0'), Code::kCorrupt);
}

TEST(Sealer, AValueOpensNowhereElse) {
  const DataKeys keys = keys_with({1});
  const std::string bytes = sealed(keys, "a secret");
  EXPECT_EQ(refusal(keys, {"connection/2/password", 3}, bytes), Code::kCorrupt);
  EXPECT_EQ(refusal(keys, {"connection/1/passwor", 3}, bytes), Code::kCorrupt);
  EXPECT_EQ(refusal(keys, {"", 3}, bytes), Code::kCorrupt);
  EXPECT_EQ(refusal(keys, {kPlace.field, 2}, bytes), Code::kCorrupt);
  EXPECT_EQ(refusal(keys, {kPlace.field, 4}, bytes), Code::kCorrupt);
  // Another workspace that has got hold of the very same key.
  EXPECT_EQ(refusal(keys_with({1}, workspace(1)), kPlace, bytes), Code::kCorrupt);
}

TEST(Sealer, AnotherKeyIsRefusedInWords) {
  const std::string bytes = sealed(keys_with({1}), "a secret");
  EXPECT_EQ(refusal(keys_with({2}), kPlace, bytes), Code::kCorrupt);
  DataKeys others(workspace());
  ASSERT_TRUE(others.add(data_key(workspace(), 1, counting(0x70, kDataKeyBytes))));
  const auto value = XChaChaSealer().open(others, kPlace, bytes);
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().code, Code::kCorrupt);
  EXPECT_NE(value.error().message.find("connection/1/password version 3"), std::string::npos);
  EXPECT_EQ(value.error().message.find("a secret"), std::string::npos);
}

TEST(Sealer, RotationOfTheDataKeyKeepsOldValuesReadable) {
  const XChaChaSealer sealer;
  const DataKeys before = keys_with({1});
  const std::string old = sealed(before, "from before");
  EXPECT_FALSE(*sealer.needs_resealing(before, old));

  const DataKeys after = keys_with({2, 1});
  EXPECT_EQ(after.newest()->version, 2u);
  EXPECT_EQ(after.next_version(), 3u);
  auto value = sealer.open(after, kPlace, old);
  ASSERT_TRUE(value.ok());
  EXPECT_TRUE(*sealer.needs_resealing(after, old));
  const std::string renewed = sealed(after, value->reveal());
  EXPECT_FALSE(*sealer.needs_resealing(after, renewed));
  EXPECT_EQ(*sealer.key_version(renewed), 2u);

  // Once all is sealed anew, the old key can go. A node that has not heard of the new one yet must
  // not turn anything back.
  EXPECT_EQ(sealer.open(keys_with({2}), kPlace, renewed)->reveal(), "from before");
  EXPECT_FALSE(*sealer.needs_resealing(before, renewed));
  EXPECT_EQ(sealer.needs_resealing(after, "junk").error().code, Code::kCorrupt);
}

TEST(Sealer, LimitsAreKept) {
  const XChaChaSealer sealer;
  const DataKeys keys = keys_with({1});
  const auto code = [&](const DataKeys& under, std::size_t field, std::size_t size) {
    const auto bytes =
        sealer.seal(under, {std::string(field, 'f'), 1}, SecretText(std::string(size, 's')));
    return bytes ? Code::kInternal : bytes.error().code;
  };
  EXPECT_EQ(code(keys, kSealedFieldBytesMax, kSecretBytesMax), Code::kInternal) << "accepted";
  EXPECT_EQ(code(keys, kSealedFieldBytesMax + 1, 1), Code::kLimitExceeded);
  EXPECT_EQ(code(keys, 0, 1), Code::kLimitExceeded);
  EXPECT_EQ(code(keys, 1, kSecretBytesMax + 1), Code::kLimitExceeded);
  EXPECT_EQ(code(DataKeys(workspace()), 1, 1), Code::kUnavailable);
}

TEST(DataKeys, TwoOfOneVersionAreRefused) {
  DataKeys keys = keys_with({1, 2});
  const auto added = keys.add(data_key(workspace(), 2, counting(9, kDataKeyBytes)));
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, Code::kCorrupt);
  EXPECT_EQ(keys.find(3), nullptr);
  EXPECT_EQ(keys.find(1)->version, 1u);
  EXPECT_EQ(DataKeys(workspace()).next_version(), 1u);
}

}  // namespace
}  // namespace troupe::vault
