#include "runtime/tenancy/password.h"

#include <gtest/gtest.h>

namespace troupe::tenancy {
namespace {

std::string shown(const Status& status) { return status.ok() ? "ok" : status.error().message; }

constexpr const char* kGuessed = "is among those that are guessed first: choose another one.";

TEST(Password, IsCountedInCodePoints) {
  EXPECT_EQ(shown(check_password("kT9#vWq")), "must have 8 characters or more.");
  EXPECT_EQ(shown(check_password("kT9#vWq2")), "ok");
  const std::string umlauts = "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xC3\xA9\xC3\xA8\xC3\xA0";
  EXPECT_EQ(shown(check_password(umlauts)), "must have 8 characters or more.");
  EXPECT_EQ(shown(check_password(umlauts + "\xC3\xB1")), "ok");
  std::string longest;
  for (int i = 0; i < 256; ++i) longest += static_cast<char>('!' + (i * i + 7 * i) % 90);
  EXPECT_EQ(shown(check_password(longest)), "ok");
  EXPECT_EQ(check_password(longest + "x").error().code, Code::kLimitExceeded);
  EXPECT_EQ(check_password(std::string(100'000, 'x')).error().code, Code::kLimitExceeded);
  EXPECT_EQ(shown(check_password("k9\xFFvWq2Lp")), "is not valid UTF-8.");
}

TEST(Password, NeedsNoDigitsAndNoMarks) {
  for (const char* fine : {"correct horse battery staple", "vumklipodrest", "73920461857",
                           "....---...+=", "mein hund mag keine katzen", "xK2pQ9mL"}) {
    EXPECT_EQ(shown(check_password(fine)), "ok") << fine;
  }
}

TEST(Password, WhatGuessingBeginsWithIsRefused) {
  for (const char* bad :
       {"password",   "Password1!", "P@ssw0rd",     "passw0rd123", "12345678",    "1234567890",
        "87654321",   "11111111",   "11223344",     "12121212",    "abcabcabc",   "qwertyuiop",
        "qwerty123",  "1q2w3e4r5t", "1qaz2wsx",     "zaq12wsx",    "qweasdzxc",   "asdfghjkl",
        "123qwe123",  "iloveyou",   "ILoveYou2",    "trustno1",    "letmein!!",   "sunshine2024",
        "$ecret123",  "m0nk3y99",   "dragon123456", "bluemoon",    "admin1234",   "monkeymonkey",
        "25.12.1990", "19901225",   "12251990",     "19801985",    "football!!!", "!!welcome1",
        "aaaabbbb",   "147258369",  "abcdefgh",     "qwertz12345", "azertyuiop",  "superman#1",
        "liverpoo",   "drowssap1"}) {
    EXPECT_TRUE(is_common_password(bad)) << bad;
    EXPECT_EQ(shown(check_password(bad)), kGuessed) << bad;
  }
}

TEST(Password, IsNotMadeOfWhatIsKnownOfThePerson) {
  const std::string own[] = {"Grzegorz Wisniewski", "g.wisniewski@firma-kowal.example",
                             "kowal-dev"};
  const PasswordContext context{own, {}};
  for (const char* bad : {"Wisniewski1", "grzegorz", "kowal-dev", "kowal2024", "Grz3g0rz!",
                          "grzegorzkowal", "g.wisniewski@firma-kowal.example"}) {
    EXPECT_EQ(shown(check_password(bad, context)), "must not be made of your own name or address.")
        << bad;
    EXPECT_EQ(shown(check_password(bad)), "ok") << bad << " of somebody else";
  }
  EXPECT_EQ(shown(check_password("vumklipodrest", context)), "ok");
}

TEST(Password, AListOfTheInstallationsOwnCountsToo) {
  const std::string refused[] = {"vumklipodrest", "xk2pq9ml"};
  const PasswordContext context{{}, refused};
  EXPECT_EQ(shown(check_password("xK2pQ9mL", context)), kGuessed);
  EXPECT_EQ(shown(check_password("vumklipodrest", context)), kGuessed);
  EXPECT_EQ(shown(check_password("vumklipodresT1", context)), "ok");
}

TEST(Password, TheHardestToJudgeTakesBoundedTime) {
  // Long walks can pad a word in many ways; that must not be a way to keep a server busy.
  std::string walks;
  while (walks.size() < 256) walks += "1234567890";
  walks.resize(256);
  EXPECT_FALSE(is_common_password(walks.substr(0, 255) + "x"));
  EXPECT_FALSE(is_common_password(walks.substr(0, 31) + "x" + walks.substr(8, 31)));
}

}  // namespace
}  // namespace troupe::tenancy
