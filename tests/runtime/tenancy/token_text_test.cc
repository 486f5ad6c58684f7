#include "runtime/tenancy/token_text.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "adapters/system/entropy.h"
#include "runtime/base/random.h"

namespace troupe::tenancy {
namespace {

constexpr std::string_view kDigits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : random_(seed) {}
  std::uint64_t next() override { return random_.next(); }

 private:
  Random random_;
};

TEST(TokenText, HasThePublicFormAndItsKind) {
  system::SystemEntropy entropy;
  std::set<std::string> seen;
  for (const auto& [kind, prefix] :
       {std::pair(TokenKind::kAccess, "pat_"), std::pair(TokenKind::kSession, "ses_"),
        std::pair(TokenKind::kInvite, "inv_")}) {
    for (int i = 0; i < 100; ++i) {
      const std::string token = make_token(kind, entropy);
      EXPECT_EQ(token.size(), 40u);
      EXPECT_TRUE(token.starts_with(prefix));
      EXPECT_EQ(kind_of_token(token), kind);
      EXPECT_EQ(shown_part(token), token.substr(0, 8));
      EXPECT_TRUE(seen.insert(token).second);
    }
  }
}

TEST(TokenText, OneThatAnotherProgramMadeIsUnderstood) {
  // The checksum is zlib's crc32 of the 30 characters, in base 62 with leading zeros. Tokens that
  // exist already have to stay valid.
  EXPECT_EQ(kind_of_token("pat_Troupe0Token0Of0Another0Progra1y7dM8"), TokenKind::kAccess);
}

TEST(TokenText, EveryOtherCharacterAnywhereIsRefused) {
  SeededEntropy entropy(1);
  for (int round = 0; round < 20; ++round) {
    const std::string token = make_token(TokenKind::kAccess, entropy);
    for (std::size_t at = 0; at < token.size(); ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string wrong = token;
        wrong[at] = static_cast<char>(c);
        if (wrong == token) continue;
        ASSERT_EQ(kind_of_token(wrong), std::nullopt) << wrong;
        ASSERT_TRUE(shown_part(wrong).empty());
      }
    }
  }
}

TEST(TokenText, SwappedMissingAndSurplusCharactersAreRefused) {
  SeededEntropy entropy(2);
  for (int round = 0; round < 200; ++round) {
    const std::string token = make_token(TokenKind::kSession, entropy);
    for (std::size_t at = 0; at + 1 < token.size(); ++at) {
      std::string wrong = token;
      std::swap(wrong[at], wrong[at + 1]);
      if (wrong != token) {
        ASSERT_EQ(kind_of_token(wrong), std::nullopt) << wrong;
      }
      ASSERT_EQ(kind_of_token(token.substr(0, at)), std::nullopt);
    }
    ASSERT_EQ(kind_of_token(token + "0"), std::nullopt);
    ASSERT_EQ(kind_of_token(" " + token.substr(1)), std::nullopt);
  }
}

TEST(TokenText, NoDigitIsFavoured) {
  SeededEntropy entropy(3);
  std::array<std::size_t, 62> count{};
  constexpr std::size_t kTokens = 20'000;
  for (std::size_t i = 0; i < kTokens; ++i) {
    const std::string token = make_token(TokenKind::kInvite, entropy);
    for (const char c : std::string_view(token).substr(4, 30)) ++count[kDigits.find(c)];
  }
  // 9,677 of each are to be expected, and 98 is one standard deviation.
  for (std::size_t digit = 0; digit < count.size(); ++digit) {
    EXPECT_NEAR(static_cast<double>(count[digit]), kTokens * 30 / 62.0, 500) << kDigits[digit];
  }
}

TEST(TokenText, SecretsAreTheSameOrNot) {
  EXPECT_TRUE(same_secret("", ""));
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_FALSE(same_secret("abc", "abd"));
  EXPECT_FALSE(same_secret("abc", "Abc"));
  EXPECT_FALSE(same_secret("abc", "ab"));
  EXPECT_FALSE(same_secret("abc", std::string_view("abc\0", 4)));
}

}  // namespace
}  // namespace troupe::tenancy
