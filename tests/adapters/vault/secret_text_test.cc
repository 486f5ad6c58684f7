#include "runtime/base/secret_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory_resource>
#include <ostream>
#include <type_traits>

namespace troupe {
namespace {

constexpr std::string_view kSecret = "correct horse battery staple, of which no copy may stay";

template <class T, class = void>
struct IsPrintable : std::false_type {};
template <class T>
struct IsPrintable<T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<T>())>>
    : std::true_type {};

static_assert(IsPrintable<std::string_view>::value);
static_assert(!IsPrintable<const SecretText&>::value);
static_assert(!std::is_copy_constructible_v<SecretText>);
static_assert(!std::is_copy_assignable_v<SecretText>);
static_assert(!std::is_convertible_v<std::string, SecretText>);
static_assert(!std::is_convertible_v<SecretText, std::string_view>);
static_assert(std::is_nothrow_move_constructible_v<SecretText>);

/// Memory that is handed out once and can be looked at afterwards.
class SecretTextTest : public ::testing::Test {
 protected:
  bool holds_any(std::string_view part) const {
    return std::search(buffer_.begin(), buffer_.end(), part.begin(), part.end()) != buffer_.end();
  }
  bool is_wiped() const {
    return std::all_of(buffer_.begin(), buffer_.end(), [](char c) { return c == 0; });
  }

  std::array<char, 4096> buffer_{};
  std::pmr::monotonic_buffer_resource memory_{buffer_.data(), buffer_.size(),
                                              std::pmr::null_memory_resource()};
};

TEST_F(SecretTextTest, LeavesNothingBehindWhenItGoes) {
  {
    const SecretText secret(kSecret, &memory_);
    EXPECT_EQ(secret.reveal(), kSecret);
    EXPECT_TRUE(holds_any(kSecret));
  }
  EXPECT_TRUE(is_wiped());
}

TEST_F(SecretTextTest, AMoveMakesNoSecondCopyAndEmptiesItsSource) {
  SecretText first(kSecret, &memory_);
  const char* const place = first.reveal().data();
  SecretText second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT: that is what is tested
  EXPECT_EQ(second.reveal().data(), place);
  SecretText third("something else that was there before", &memory_);
  third = std::move(second);
  EXPECT_TRUE(second.empty());  // NOLINT: that is what is tested
  EXPECT_EQ(third.reveal(), kSecret);
  EXPECT_FALSE(holds_any("something else"));
  third = SecretText();
  EXPECT_TRUE(is_wiped());
}

TEST_F(SecretTextTest, CopiesAreMadeByNameInTheSameMemory) {
  {
    const SecretText secret(kSecret, &memory_);
    const SecretText copy = secret.copy();
    EXPECT_NE(copy.reveal().data(), secret.reveal().data());
    EXPECT_TRUE(copy == secret);
  }
  EXPECT_TRUE(is_wiped());
}

TEST_F(SecretTextTest, WhatIsCutOffIsWipedAtOnce) {
  SecretText secret(kSecret, &memory_);
  secret.truncate(7);
  EXPECT_EQ(secret.reveal(), "correct");
  EXPECT_FALSE(holds_any("staple"));
  secret.clear();
  EXPECT_TRUE(secret.empty());
  EXPECT_TRUE(is_wiped());
}

TEST(SecretText, TakesTheBytesOutOfAString) {
  std::string text(kSecret);
  text.resize(4);
  const char* const place = text.data();
  const SecretText secret = SecretText::take(text);
  EXPECT_EQ(secret.reveal(), "corr");
  EXPECT_TRUE(text.empty());
  // Also what the string has reserved and no longer counts as its own.
  ASSERT_EQ(text.data(), place);
  ASSERT_GE(text.capacity(), kSecret.size());
  const std::string_view reserved(place, text.capacity());
  EXPECT_EQ(reserved.find_first_not_of('\0'), std::string_view::npos);
}

TEST(SecretText, ComparesAllBytesAndSizes) {
  const SecretText secret(kSecret);
  EXPECT_TRUE(secret == SecretText(kSecret));
  EXPECT_TRUE(SecretText() == SecretText(""));
  EXPECT_FALSE(secret == SecretText(kSecret.substr(1)));
  for (std::size_t i = 0; i < kSecret.size(); ++i) {
    std::string other(kSecret);
    other[i] = static_cast<char>(other[i] ^ 0x80);
    EXPECT_FALSE(secret == SecretText(other)) << i;
    EXPECT_FALSE(equal_in_constant_time(other, kSecret)) << i;
  }
}

}  // namespace
}  // namespace troupe
