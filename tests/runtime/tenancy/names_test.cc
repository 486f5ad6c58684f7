#include "runtime/tenancy/names.h"

#include <gtest/gtest.h>

#include "runtime/tenancy/utf8.h"

namespace troupe::tenancy {
namespace {

std::string shown(const Result<std::string>& result) {
  if (result.ok()) return *result;
  return "(" + std::string(info(result.error().code).name) + ") " + result.error().message;
}

TEST(Slug, IsLowerCaseLettersDigitsAndHyphens) {
  EXPECT_EQ(shown(check_slug("a")), "a");
  EXPECT_EQ(shown(check_slug("team-7")), "team-7");
  EXPECT_EQ(shown(check_slug(std::string(63, 'x'))), std::string(63, 'x'));
  EXPECT_EQ(shown(check_slug("")), "(invalid_field) must not be empty.");
  EXPECT_EQ(shown(check_slug(std::string(64, 'x'))),
            "(limit_exceeded) is longer than 63 characters.");
  for (const char* wrong : {"Team", "a b", "a_b", "a.b", "\xC3\xA4", "a/b", " a"}) {
    EXPECT_EQ(shown(check_slug(wrong)),
              "(invalid_field) may have lower-case letters (a-z), digits and hyphens only.");
    EXPECT_FALSE(is_slug(wrong));
  }
}

TEST(DisplayName, IsCountedInCodePointsAndTrimmed) {
  EXPECT_EQ(shown(check_display_name("  Ada Lovelace\n")), "Ada Lovelace");
  std::string hundred;
  for (int i = 0; i < 100; ++i) hundred += "\xE2\x82\xAC";  // €
  EXPECT_EQ(shown(check_display_name(hundred)), hundred);
  EXPECT_EQ(shown(check_display_name(hundred + "x")),
            "(limit_exceeded) is longer than 100 characters.");
  EXPECT_EQ(shown(check_display_name(" \t ")), "(invalid_field) must not be empty.");
  EXPECT_EQ(shown(check_environment_name(std::string(51, 'x'))),
            "(limit_exceeded) is longer than 50 characters.");
}

TEST(DisplayName, HasNothingThatHidesOrTurnsText) {
  for (const char* wrong : {"a\nb", "a\x7F", "a\xC2\x85",
                            "a\xE2\x80\xAE"
                            "b",
                            "a\xE2\x81\xA6",
                            "\xEF\xBB\xBF"
                            "a"}) {
    EXPECT_EQ(shown(check_display_name(wrong)),
              "(invalid_field) has a character that cannot be shown.");
  }
  EXPECT_EQ(shown(check_display_name("a\xFF")), "(invalid_field) is not valid UTF-8.");
}

TEST(Utf8, CountsWhatIsValidAndNothingElse) {
  EXPECT_EQ(count_code_points(""), 0u);
  EXPECT_EQ(count_code_points("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), 4u);
  EXPECT_EQ(count_code_points("\xF4\x8F\xBF\xBF"), 1u);
  for (const char* wrong :
       {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE2\x82",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x28\xA1", "\xFF"}) {
    EXPECT_EQ(count_code_points(wrong), std::nullopt) << wrong;
  }
}

TEST(Colour, IsHexadecimalInOneForm) {
  EXPECT_EQ(shown(check_colour("#2F6fEd")), "#2f6fed");
  for (const char* wrong : {"", "red", "#fff", "2f6fed", "#2f6fe", "#2f6fedd", "#2f6feg"}) {
    EXPECT_EQ(shown(check_colour(wrong)), "(invalid_field) must be a colour such as #2f6fed.");
  }
}

TEST(Email, IsStoredInOneForm) {
  EXPECT_EQ(shown(check_email(" Ada.Lovelace+troupe@Example.ORG ")),
            "ada.lovelace+troupe@example.org");
  EXPECT_EQ(shown(check_email("o'brien@xn--bcher-kva.example")), "o'brien@xn--bcher-kva.example");
  EXPECT_EQ(shown(check_email(std::string(64, 'a') + "@a.bc")), std::string(64, 'a') + "@a.bc");
}

TEST(Email, IsRefusedWithItsReason) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "(invalid_field) must not be empty."},
      {"ada", "(invalid_field) must be an e-mail address with one @."},
      {"a@b@c.de", "(invalid_field) must be an e-mail address with one @."},
      {"@example.org", "(invalid_field) has nothing before the @."},
      {std::string(65, 'a') + "@a.bc", "(invalid_field) has more than 64 bytes before the @."},
      {"a" + std::string(250, 'b') + "@c.de", "(limit_exceeded) is longer than 254 bytes."},
  };
  for (const auto& [address, reason] : cases) EXPECT_EQ(shown(check_email(address)), reason);
  for (const char* mailbox :
       {".a", "a.", "a..b", "a b", "\"a\"", "a,b", "\xC3\xA4", "a\r\nBcc:b"}) {
    EXPECT_EQ(shown(check_email(std::string(mailbox) + "@example.org")),
              "(invalid_field) has characters before the @ that are not accepted.")
        << mailbox;
  }
  for (const char* domain : {"", "localhost", "a..b", ".a.b", "a.b.", "-a.b", "a-.b", "a_b.c",
                             "[127.0.0.1]", "127.0.0.1", "a b.c", "\xC3\xA4.de"}) {
    EXPECT_EQ(shown(check_email("ada@" + std::string(domain))),
              "(invalid_field) has no domain name behind the @.")
        << domain;
  }
}

}  // namespace
}  // namespace troupe::tenancy
