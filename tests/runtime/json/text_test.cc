#include "runtime/json/text.h"

#include <gtest/gtest.h>

namespace troupe::json {
namespace {

std::string error_of(std::string text) {
  const Result<Text> parsed = Text::parse(text);
  if (parsed.ok()) return "accepted";
  EXPECT_EQ(parsed.error().code, Code::kInvalidJson);
  return parsed.error().message;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonText, ErrorNamesLineColumnAndByte) {
  EXPECT_EQ(error_of("{\n  \"a\": 1,\n  \"bé\": x}"),
            "line 3, column 9: unexpected character (byte 21)");
}

TEST(JsonText, EveryKindOfFaultIsToldApart) {
  const auto has = [](std::string text, std::string_view part) {
    const std::string message = error_of(text);
    EXPECT_NE(message.find(part), std::string::npos) << text << " gave: " << message;
  };
  has("", "line 1, column 1: the text is empty");
  has("[1,]", "column 4: a value is missing");
  has("[1 2]", "column 4: expected ',' or ']'");
  has("{\"a\" 1}", "expected ':'");
  has("{a:1}", "expected a key in double quotes");
  has("{\"a\":1,}", "expected a key");
  has("[1", "the text ends inside an array");
  has("{\"a\":", "ends where a value is expected");
  has("\"ab", "column 1: the string has no closing quote");
  has("\"a\nb\"", "line 1, column 3: a string may not contain a control character");
  has("\"\\x\"", "unknown escape");
  has("\"\\u12g4\"", "four hexadecimal digits");
  has("\"\\ud800\"", "surrogate");
  has("\"\\udc00\\ud800\"", "surrogate");
  has("01", "may not begin with 0");
  has("1.", "expected a digit");
  has("tru", "unexpected word");
  has("1 2", "unexpected text after the value");
  has(std::string("1\0", 2), "unexpected text after");
  has("\xEF\xBB\xBF{}", "byte order mark");
  has("[\"ok\", \"\xC3(\"]", "column 9: the bytes are not UTF-8 (byte 8)");
  has("\"\xED\xA0\x80\"", "not UTF-8");
}

TEST(JsonText, KeysAreComparedDecodedAtEveryLevel) {
  EXPECT_EQ(error_of(R"({"a":{"k":1},"b":{"\u006b":1,"k":2}})"),
            "line 1, column 30: the key \"k\" stands twice in one object (byte 29)");
  EXPECT_TRUE(Text::parse(R"({"k":{"k":[{"k":1},{"k":2}]}})").ok());
}

TEST(JsonText, DuplicateAmongManyKeysIsFoundAtItsSecondPlace) {
  std::string text = "{";
  for (int i = 0; i < 40000; ++i) text += "\"key" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(Text::parse(text + "\"last\":0}").ok());
  const std::string twice = text + "\"key77\":0}";
  EXPECT_NE(error_of(twice).find("(byte " + std::to_string(text.size()) + ")"), std::string::npos);
}

TEST(JsonText, DuplicateIsFoundWhereverItsPairStands) {
  constexpr int kKeys = 20;
  for (int first = 0; first < kKeys; ++first) {
    for (int second = first + 1; second < kKeys; ++second) {
      std::string text;
      for (int i = 0; i < kKeys; ++i) {
        text += (i == 0 ? "{\"" : ",\"") + std::to_string(i == second ? first : i) + "\":0";
      }
      EXPECT_NE(error_of(text + "}"), "accepted") << first << " " << second;
    }
  }
}

TEST(JsonText, DepthIsBoundedAndDeepTextDoesNotCrash) {
  EXPECT_TRUE(Text::parse(nested(64)).ok());
  EXPECT_NE(error_of(nested(65)).find("column 65: nested more than 64"), std::string::npos);
  EXPECT_NE(error_of(std::string(500000, '[')).find("nested more"), std::string::npos);
  EXPECT_TRUE(Text::parse(nested(100000), {.bytes_max = 1 << 20, .depth_max = 100000}).ok());
  EXPECT_FALSE(Text::parse("[]", {.depth_max = 0}).ok());
}

TEST(JsonText, NumbersMustFitAFiniteDouble) {
  const char* const good[] = {"0",
                              "-0",
                              "1e308",
                              "1.7976931348623157e308",
                              "1e-999",
                              "18446744073709551616",
                              "0e99999999999999999999",
                              "0.00001e312",
                              "12345678901234567890123456789"};
  for (const char* number : good) EXPECT_TRUE(Text::parse(number).ok()) << number;
  for (const char* number : {"1e309", "-1e400", "1.8e308", "10000e305", "1e99999999999999999999"}) {
    EXPECT_NE(error_of(number).find("too large"), std::string::npos) << number;
  }
  EXPECT_TRUE(Text::parse(std::string(309, '1')).ok());
  EXPECT_FALSE(Text::parse(std::string(310, '1')).ok());
}

TEST(JsonText, SizeOverTheLimitHasItsOwnCode) {
  const Result<Text> parsed = Text::parse("[1,2,3]", {.bytes_max = 6});
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, Code::kPayloadTooLarge);
}

TEST(JsonText, ViewIsTheValueWithoutOuterSpaceAndCopiesShareIt) {
  const Text text = *Text::parse(" \n {\"a\": 1}\t");
  EXPECT_EQ(text.view(), "{\"a\": 1}");
  const Text copy = text;
  EXPECT_EQ(copy.view().data(), text.view().data());
  EXPECT_TRUE(Text::trusted("").empty());
}

}  // namespace
}  // namespace troupe::json
