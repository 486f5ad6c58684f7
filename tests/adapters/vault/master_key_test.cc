#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <thread>
#include <vector>

#include "adapters/vault/master_key_file.h"
#include "adapters/vault/master_key_text.h"
#include "adapters/vault/master_key_variable.h"
#include "tests/adapters/vault/vault_fixture.h"

namespace troupe::vault {
namespace {

// The same key in each of its forms. Its base64 has characters in which the two alphabets differ.
const std::string kRaw = unhex("fbefbe00112233445566778899aabbccddeeff0102030405060708090a0b0cff");
constexpr std::string_view kHex =
    "fbefbe00112233445566778899aabbccddeeff0102030405060708090a0b0cff";
constexpr std::string_view kUpperHex =
    "FBEFBE00112233445566778899AABBCCDDEEFF0102030405060708090A0B0CFF";
constexpr std::string_view kBase64 = "++++ABEiM0RVZneImaq7zN3u/wECAwQFBgcICQoLDP8=";
constexpr std::string_view kUrlBase64 = "----ABEiM0RVZneImaq7zN3u_wECAwQFBgcICQoLDP8=";

using MasterKeyFileTest = VaultTest;

std::string found(const Result<SecretText>& key) {
  if (key) return std::string(key->reveal());
  EXPECT_EQ(key.error().code, Code::kConfigInvalid);
  return key.error().message;
}

TEST(MasterKeyText, EachFormIsRecognised) {
  for (const std::string_view text : {kHex, kUpperHex, kBase64, kUrlBase64}) {
    for (const std::string& end : {std::string(), std::string("\n"), std::string("\r\n")}) {
      EXPECT_EQ(found(parse_master_key_text(std::string(text) + end, "It")), kRaw) << text;
      EXPECT_EQ(found(parse_master_key_file(std::string(text) + end, "It")), kRaw) << text;
    }
  }
  EXPECT_EQ(found(parse_master_key_text(kBase64.substr(0, 43), "It")), kRaw);
  EXPECT_EQ(found(parse_master_key_file(kRaw, "It")), kRaw);
  // A line end is a byte like any other in a key that is no text.
  const std::string ending = kRaw.substr(0, 31) + "\n";
  EXPECT_EQ(found(parse_master_key_file(ending, "It")), ending);
}

TEST(MasterKeyText, WhatIsNoKeyIsRefused) {
  const std::string hex(kHex);
  const std::string base64(kBase64);
  for (const std::string& text :
       {std::string(), std::string("\n"), kRaw, kRaw + "x", hex.substr(1), hex + "0",
        "x" + hex.substr(1), base64 + "=", base64.substr(0, 42), " " + base64.substr(1),
        hex + "\n\n", hex + " ", std::string(64, '0'), std::string(43, 'A'),
        // Not the '/' and the digit for which libsodium takes such bytes.
        "\xBF" + base64.substr(1), "\xB9" + hex.substr(1),
        // 43 characters that are no whole bytes: the last one says more than it may.
        base64.substr(0, 42) + "9"}) {
    EXPECT_NE(found(parse_master_key_text(text, "The thing")).find("The thing"), std::string::npos)
        << text;
  }
  EXPECT_NE(found(parse_master_key_file(hex.substr(0, 32), "It")).find("printable"),
            std::string::npos);
  EXPECT_NE(
      found(parse_master_key_file("correct horse battery staple !!!", "It")).find("printable"),
      std::string::npos);
  EXPECT_NE(found(parse_master_key_file(std::string(32, '\0'), "It")).find("same byte"),
            std::string::npos);
}

TEST_F(MasterKeyFileTest, IsReadWhereNobodyElseCan) {
  EXPECT_EQ(found(read_master_key_file(write("raw", kRaw))), kRaw);
  EXPECT_EQ(found(read_master_key_file(write("text", std::string(kBase64) + "\n", 0400))), kRaw);
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0660, 0666}) {
    const std::string path = write("open", kRaw, mode);
    const std::string said = found(read_master_key_file(path));
    EXPECT_NE(said.find("open to other users"), std::string::npos) << mode;
    EXPECT_NE(said.find(path), std::string::npos);
    EXPECT_EQ(unlink(path.c_str()), 0);
  }
}

TEST_F(MasterKeyFileTest, WhatIsNoRegularFileIsRefused) {
  const std::string file = write("raw", kRaw);
  const std::string link = directory_.file("link");
  ASSERT_EQ(symlink(file.c_str(), link.c_str()), 0);
  EXPECT_NE(found(read_master_key_file(link)).find("is a link"), std::string::npos);
  // Nobody writes into it: opening it must not wait for that.
  const std::string fifo = directory_.file("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_NE(found(read_master_key_file(fifo)).find("no regular file"), std::string::npos);
  const std::string folder = directory_.path().string();
  EXPECT_NE(found(read_master_key_file(folder)).find("no regular file"), std::string::npos);
  EXPECT_NE(found(read_master_key_file(directory_.file("absent"))).find("cannot be read"),
            std::string::npos);
  EXPECT_NE(found(read_master_key_file(write("big", std::string(100'000, '0')))).find("master key"),
            std::string::npos);
}

TEST(MasterKeyFile, BelongsToUsOrToRoot) {
  struct stat file {};
  file.st_mode = S_IFREG | 0400;
  const auto objection = [&](uid_t owner, uid_t user) {
    file.st_uid = owner;
    return objection_to_key_file(file, user);
  };
  EXPECT_EQ(objection(1000, 1000), "");
  EXPECT_EQ(objection(0, 1000), "");
  EXPECT_NE(objection(1001, 1000).find("another user"), std::string::npos);
  EXPECT_NE(objection(1000, 0).find("another user"), std::string::npos);
}

TEST_F(MasterKeyFileTest, IsMadeOnceAndKeptPrivate) {
  const std::string path = directory_.file("master.key");
  const auto made = make_master_key_file(path);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_TRUE(*made);
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  const std::string key = found(read_master_key_file(path));
  EXPECT_EQ(key.size(), 32u);
  EXPECT_FALSE(*make_master_key_file(path));
  EXPECT_EQ(found(read_master_key_file(path)), key);

  const auto elsewhere = make_master_key_file(directory_.file("no/such/folder"));
  ASSERT_FALSE(elsewhere.ok());
  EXPECT_EQ(elsewhere.error().code, Code::kUnavailable);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.path()), {}), 1)
      << "a draft is left";
}

TEST_F(MasterKeyFileTest, OneOfManyThatStartAtOnceMakesIt) {
  constexpr int kStarters = 8;
  const std::string path = directory_.file("master.key");
  std::array<bool, kStarters> made{};
  std::array<std::string, kStarters> keys;
  std::barrier start(kStarters);
  std::vector<std::thread> starters;
  for (int i = 0; i < kStarters; ++i) {
    starters.emplace_back([&, i] {
      start.arrive_and_wait();
      const auto result = make_master_key_file(path);
      EXPECT_TRUE(result.ok());
      made[i] = result.ok() && *result;
      keys[i] = found(read_master_key_file(path));
    });
  }
  for (std::thread& starter : starters) starter.join();
  EXPECT_EQ(std::count(made.begin(), made.end(), true), 1);
  for (const std::string& key : keys) {
    EXPECT_EQ(key.size(), 32u);
    EXPECT_EQ(key, keys[0]);
  }
}

TEST(MasterKeyVariable, IsGoneOnceItIsRead) {
  // The environment holds this very memory.
  static char entry[128] = "TROUPE_TEST_MASTER_KEY=";
  char* const value = entry + std::strlen(entry);
  const auto set = [&](std::string_view text) {
    std::memcpy(value, text.data(), text.size());
    value[text.size()] = '\0';
    ASSERT_EQ(putenv(entry), 0);
  };
  const auto is_wiped = [&](std::size_t size) {
    return std::string_view(value, size).find_first_not_of('\0') == std::string_view::npos;
  };
  set(kBase64);
  EXPECT_EQ(found(take_master_key_variable("TROUPE_TEST_MASTER_KEY")), kRaw);
  EXPECT_TRUE(is_wiped(kBase64.size()));
  EXPECT_EQ(std::getenv("TROUPE_TEST_MASTER_KEY"), nullptr);
  const std::string again = found(take_master_key_variable("TROUPE_TEST_MASTER_KEY"));
  EXPECT_NE(again.find("is not set"), std::string::npos);
  // Whoever mistypes a key has a secret there all the same.
  set("nearly a key");
  const std::string refused = found(take_master_key_variable("TROUPE_TEST_MASTER_KEY"));
  EXPECT_NE(refused.find("TROUPE_TEST_MASTER_KEY"), std::string::npos);
  EXPECT_EQ(refused.find("nearly"), std::string::npos);
  EXPECT_TRUE(is_wiped(12));
  // A variable is text.
  set(std::string(32, '\x80'));
  EXPECT_NE(found(take_master_key_variable("TROUPE_TEST_MASTER_KEY")).find("does not hold"),
            std::string::npos);
}

}  // namespace
}  // namespace troupe::vault
