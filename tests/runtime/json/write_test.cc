#include "runtime/json/write.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/json/read.h"

namespace troupe::json {
namespace {

TEST(JsonWrite, CommasStandBetweenSiblingsOnly) {
  Writer writer;
  writer.begin_object();
  writer.member("a", 1).member("b", "x").key("list").begin_array();
  writer.number(std::int64_t{-1}).null().begin_object().end_object().begin_array().end_array();
  writer.boolean(true).string("s").raw("{\"k\":0}").end_array();
  writer.member_raw("raw", "[1]").member("t", true).member("d", 0.5).end_object();
  EXPECT_EQ(writer.take(), R"({"a":1,"b":"x","list":[-1,null,{},[],true,"s",{"k":0}],)"
                           R"("raw":[1],"t":true,"d":0.5})");
}

TEST(JsonWrite, EveryByteThatNeedsAnEscapeGetsIt) {
  EXPECT_EQ(quote("\"\\\b\f\n\r\t\x01\x1f/\x7f"), R"("\"\\\b\f\n\r\t\u0001\u001f/)"
                                                  "\x7f\"");
  for (int byte = 0; byte < 128; ++byte) {
    for (std::size_t place = 0; place < 20; ++place) {
      std::string text(20, 'a');
      text[place] = static_cast<char>(byte);
      const Result<Text> parsed = Text::parse(quote(text));
      ASSERT_TRUE(parsed.ok()) << byte;
      ASSERT_EQ(decode_string(parsed->view()), text);
    }
  }
}

TEST(JsonWrite, BytesThatAreNotUtf8BecomeReplacementCharacters) {
  EXPECT_EQ(quote("é€😀"), "\"é€😀\"");
  EXPECT_EQ(quote("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(quote("\xC3"), "\"\xEF\xBF\xBD\"");
  for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE0\x80\x80",
                          "\xF0\x80\x80\x80", "\xE2\x82", "\x80", "\xF8\x88\x80\x80\x80"}) {
    EXPECT_TRUE(Text::parse(quote(std::string(bad) + " plain text behind it")).ok());
  }
}

TEST(JsonWrite, NumbersReadBackAsTheSame) {
  for (const double number : {0.1, 1e300, -5e-324, 1.0, 123456789.125, 1e22}) {
    std::string out;
    append_number(out, number);
    EXPECT_TRUE(Text::parse(out).ok()) << out;
    EXPECT_EQ(as_double(out), number) << out;
  }
  std::string out;
  append_number(out, std::nan(""));
  append_number(out, std::numeric_limits<double>::infinity());
  EXPECT_EQ(out, "nullnull");
  EXPECT_EQ(Writer().number(UINT64_MAX).take(), "18446744073709551615");
  EXPECT_EQ(Writer().number(INT64_MIN).take(), "-9223372036854775808");
}

TEST(JsonWrite, AValueThatIsNotThereIsWrittenAsNull) {
  Writer writer;
  writer.begin_object().member_raw("output", Text().view()).end_object();
  EXPECT_EQ(writer.take_text().view(), R"({"output":null})");
}

}  // namespace
}  // namespace troupe::json
