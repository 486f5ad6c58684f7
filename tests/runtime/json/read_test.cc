#include "runtime/json/read.h"

#include <gtest/gtest.h>

namespace troupe::json {
namespace {

constexpr std::string_view kDocument = R"({ "text" : "a\"b]}\\" , "list": [ 1, {"x":[2 , 3]}, "," ],
  "a\/b~": {"": {"\u00e9": true}}, "n": -1.5e2, "empty": {}, "none": null })";

TEST(JsonRead, MembersAreFoundByDecodedKey) {
  EXPECT_EQ(member(kDocument, "text"), R"("a\"b]}\\")");
  EXPECT_EQ(member(kDocument, "a/b~"), R"({"": {"\u00e9": true}})");
  EXPECT_EQ(member(*member(kDocument, "a/b~"), ""), R"({"\u00e9": true})");
  EXPECT_EQ(member(kDocument, "missing"), std::nullopt);
  EXPECT_EQ(member(kDocument, "a"), std::nullopt);
  EXPECT_EQ(member("[\"text\"]", "text"), std::nullopt);
  EXPECT_EQ(member("{}", ""), std::nullopt);
}

TEST(JsonRead, ElementsAreFoundByIndex) {
  const std::string_view list = *member(kDocument, "list");
  EXPECT_EQ(element(list, 0), "1");
  EXPECT_EQ(element(list, 1), R"({"x":[2 , 3]})");
  EXPECT_EQ(element(list, 2), "\",\"");
  EXPECT_EQ(element(list, 3), std::nullopt);
  EXPECT_EQ(element(" [ ] ", 0), std::nullopt);
  EXPECT_EQ(child(list, "2"), "\",\"");
  EXPECT_EQ(child(list, "02"), std::nullopt);
  EXPECT_EQ(child(list, "-1"), std::nullopt);
  EXPECT_EQ(child("7", "0"), std::nullopt);
}

TEST(JsonRead, PointersFollowRfc6901) {
  EXPECT_EQ(at_pointer(kDocument, ""), kDocument);
  EXPECT_EQ(at_pointer(kDocument, "/list/1/x/1"), "3");
  EXPECT_EQ(at_pointer(kDocument, "/a~1b~0//é"), "true");
  EXPECT_EQ(at_pointer(R"({"~1":5})", "/~01"), "5");
  EXPECT_EQ(at_pointer(kDocument, "list"), std::nullopt);
  EXPECT_EQ(at_pointer(kDocument, "/list/-"), std::nullopt);
  EXPECT_EQ(at_pointer(kDocument, "/n/0"), std::nullopt);
}

TEST(JsonRead, VisitsAreInOrderAndStopEarly) {
  std::string seen;
  for_each_member(R"({"b":1,"\u0061":[2],"c":3})", [&](std::string_view key, std::string_view v) {
    seen.append(key).append("=").append(v).append(";");
    return key != "a";
  });
  EXPECT_EQ(seen, "b=1;a=[2];");
  seen.clear();
  for_each_element(" [1, [2,3] ,{}]", [&](std::string_view v) {
    seen.append(v).append(";");
    return true;
  });
  EXPECT_EQ(seen, "1;[2,3];{};");
}

TEST(JsonRead, LengthCountsElementsMembersAndCodePoints) {
  EXPECT_EQ(length("[[1,2],3]"), 2u);
  EXPECT_EQ(length(R"({"a":{"b":1},"c":2})"), 2u);
  EXPECT_EQ(length(R"("aé\u00e9\ud83d\ude00😀\n")"), 6u);
  EXPECT_EQ(length("[ ]"), 0u);
  EXPECT_EQ(length("12345"), 0u);
}

TEST(JsonRead, StringsAreDecoded) {
  EXPECT_EQ(decode_string(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(decode_string(R"("\u20AC \uD83D\uDE00 \u00e9")"), "€ 😀 é");
  EXPECT_EQ(decode_string(R"("\u0000")"), std::string(1, '\0'));
  EXPECT_EQ(decode_string("5"), "");
}

TEST(JsonRead, IntegersAreExactInAnySpelling) {
  EXPECT_EQ(as_int("1.0"), 1);
  EXPECT_EQ(as_int("1e2"), 100);
  EXPECT_EQ(as_int("-0.0"), 0);
  EXPECT_EQ(as_int("0.12e2"), 12);
  EXPECT_EQ(as_int("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(as_int("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(as_int("9007199254740993.0"), 9007199254740993);
  EXPECT_EQ(as_int("9223372036854775808"), std::nullopt);
  EXPECT_EQ(as_int("1e19"), std::nullopt);
  EXPECT_EQ(as_int("1.5"), std::nullopt);
  EXPECT_EQ(as_int("\"1\""), std::nullopt);
  EXPECT_EQ(as_int(""), std::nullopt);
}

TEST(JsonRead, DoublesUnderflowToZero) {
  EXPECT_EQ(as_double("-1.5e2"), -150.0);
  EXPECT_EQ(as_double("18446744073709551615"), 18446744073709551615.0);
  EXPECT_EQ(as_double("1e-999"), 0.0);
  EXPECT_EQ(as_double("1e999"), std::nullopt);
  EXPECT_EQ(as_double("true"), std::nullopt);
  EXPECT_EQ(as_bool("true"), true);
  EXPECT_EQ(as_bool("0"), std::nullopt);
}

TEST(JsonRead, FalsyValuesAreTheSixOfTheContract) {
  for (const char* value : {"", "false", "null", "\"\"", "0", "-0.0e7", R"("f\u0061lse")"}) {
    EXPECT_FALSE(truthy(value)) << value;
  }
  for (const char* value : {"true", "1", "0.1", "\"0\"", "\"False\"", "[]", "{}"}) {
    EXPECT_TRUE(truthy(value)) << value;
  }
}

TEST(JsonRead, EqualityIgnoresOrderSpacingAndSpelling) {
  EXPECT_TRUE(equal(R"({"a":[1,2.50],"b":"x"})", R"({ "b":"\u0078", "\u0061":[1.0, 25e-1] })"));
  EXPECT_TRUE(equal("-0", "0.0e5"));
  EXPECT_TRUE(equal("[ ]", "[]"));
  EXPECT_FALSE(equal("[1,2]", "[2,1]"));
  EXPECT_FALSE(equal("[1]", "[1,1]"));
  EXPECT_FALSE(equal("9007199254740993", "9007199254740992"));
  EXPECT_FALSE(equal(R"({"a":1})", R"({"b":1})"));
  EXPECT_FALSE(equal("0", "false"));
  EXPECT_FALSE(equal("\"1\"", "1"));
  EXPECT_FALSE(equal("", "null"));
}

TEST(JsonRead, EqualityOfLargeObjectsIgnoresOrder) {
  std::string forward;
  std::string backward;
  for (int i = 0; i < 3000; ++i) {
    const std::string member = "\"k" + std::to_string(i) + "\":" + std::to_string(i);
    forward += "," + member;
    backward = "," + member + backward;
  }
  EXPECT_TRUE(equal("{\"z\":1" + forward + "}", "{\"z\":1.0" + backward + "}"));
  EXPECT_FALSE(equal("{\"z\":1" + forward + "}", "{\"z\":2" + backward + "}"));
  EXPECT_FALSE(equal("{\"y\":1" + forward + "}", "{\"z\":1" + backward + "}"));
}

TEST(JsonRead, CompactAndPrettyKeepTheValue) {
  EXPECT_EQ(compact(R"({ "text" : "a\"b]}\\" , "list": [ 1, {"x":[2 , 3]} ] } )"),
            R"({"text":"a\"b]}\\","list":[1,{"x":[2,3]}]})");
  EXPECT_EQ(pretty(R"({"a":[1,{}],"b":[ ],"c":"{,"})"),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": [],\n  \"c\": \"{,\"\n}");
  EXPECT_EQ(pretty("7"), "7");
  EXPECT_EQ(pretty("[]"), "[]");
  EXPECT_TRUE(equal(pretty(kDocument), kDocument));
  EXPECT_EQ(compact(pretty(kDocument)), compact(kDocument));
}

TEST(JsonRead, BrokenTextIsNeverReadPastItsEnd) {
  for (std::size_t size = 0; size < kDocument.size(); ++size) {
    const std::string cut(kDocument.substr(0, size));  // its own buffer, so a sanitizer sees more
    for (const char* pointer : {"/none", "/list/2/x", "/a~1b~0//x"}) at_pointer(cut, pointer);
    length(cut);
    pretty(cut);
    compact(cut);
    decode_string(cut);
    EXPECT_TRUE(equal(cut, cut));
  }
}

}  // namespace
}  // namespace troupe::json
