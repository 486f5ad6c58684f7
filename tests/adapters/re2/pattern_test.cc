#include <gtest/gtest.h>

#include "adapters/re2/pattern_compiler.h"

namespace troupe::re2 {
namespace {

bool found(std::string_view source, std::string_view text) {
  const auto pattern = Re2PatternCompiler().compile(source);
  EXPECT_TRUE(pattern.ok()) << source << ": " << pattern.error().message;
  return pattern.ok() && (*pattern)->found_in(text);
}

std::string refusal(std::string_view source) {
  const auto pattern = Re2PatternCompiler().compile(source);
  if (pattern.ok()) return "accepted";
  EXPECT_EQ(pattern.error().code, Code::kSchemaInvalid);
  return pattern.error().message;
}

TEST(Pattern, IsSearchedForAnywhereUnlessAnchored) {
  EXPECT_TRUE(found("es", "test"));
  EXPECT_FALSE(found("^es", "test"));
  EXPECT_TRUE(found("^a+$", "aaa"));
  EXPECT_FALSE(found("^a+$", "aaa\n"));
}

TEST(Pattern, ClassesMeanWhatTheyMeanInEcmaScript) {
  EXPECT_FALSE(found("^\\d$", "߀"));
  EXPECT_TRUE(found("^\\D$", "߀"));
  EXPECT_FALSE(found("^\\w$", "é"));
  for (const char* space : {" ", "\t", "\v", "\u00A0", "\uFEFF", "\u2003", "\u2029"}) {
    EXPECT_TRUE(found("^\\s$", space));
    EXPECT_TRUE(found("^[x\\s]$", space));
    EXPECT_FALSE(found("^\\S$", space));
    EXPECT_FALSE(found("^[x\\S]$", space));
  }
  EXPECT_TRUE(found("^[\\S]$", "é"));
  EXPECT_FALSE(found("^\\s$", "\u0001"));
  EXPECT_FALSE(found("^.$", "\r"));
  EXPECT_TRUE(found("^.$", "😀"));
  EXPECT_TRUE(found("^[^]$", "\n"));
  EXPECT_FALSE(found("[]", "a"));
  EXPECT_TRUE(found("^[[:x]+$", "[:x"));
  EXPECT_TRUE(found("^[\\b]$", "\b"));
}

TEST(Pattern, EscapesAreTranslated) {
  EXPECT_TRUE(found("^\\/\\.\\-\\_$", "/.-_"));
  EXPECT_TRUE(found("^\\cC$", "\x03"));
  EXPECT_TRUE(found("^\\u00e9\\xe9$", "éé"));
  EXPECT_TRUE(found("^[\\uD83D\\uDE00]$", "😀"));
  EXPECT_TRUE(found("^\\u{1F600}$", "😀"));
  EXPECT_TRUE(found("^\\0$", std::string_view("\0", 1)));
  EXPECT_TRUE(found("^\\p{Letter}+\\p{Lu}[\\p{Decimal_Number}]\\P{L}$", "éÉ৪-"));
  EXPECT_TRUE(found("^\\p{Script=Greek}\\p{gc=Lowercase_Letter}$", "Ωa"));
  EXPECT_TRUE(found("^\\p{ASCII}\\P{ASCII}$", "aé"));
  EXPECT_TRUE(found("^(?<year>\\d{4})-(?:0|1)\\d$", "2026-11"));
}

TEST(Pattern, WhatCannotRunInLinearTimeIsRefusedInWords) {
  for (const char* source : {"(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b"}) {
    EXPECT_NE(refusal(source).find("look-around"), std::string::npos) << source;
  }
  EXPECT_NE(refusal("(a)\\1").find("back reference"), std::string::npos);
  EXPECT_NE(refusal("(?<n>a)\\k<n>").find("back reference"), std::string::npos);
}

TEST(Pattern, BoundsThatPeopleWriteFitIntoMemory) {
  EXPECT_TRUE(found("^.{1,500}$", std::string(500, 'x')));
  EXPECT_FALSE(found("^.{1,500}$", std::string(501, 'x')));
  EXPECT_TRUE(found("^[\\s\\S]{0,1000}$", std::string(1000, '\n')));
}

TEST(Pattern, MistakesAreRefused) {
  for (const char* source : {"(", "[a", "a**", "\\", "\\a", "\\Z", "\\u12", "\\x1", "\\c1",
                             "\\p{No", "\\p{Nonsense}", "(?i)a", "\\ud83d", "\\01", "a{5000}"}) {
    EXPECT_NE(refusal(source), "accepted") << source;
  }
}

}  // namespace
}  // namespace troupe::re2
