#include "runtime/graph/letter_case.h"

#include <gtest/gtest.h>

namespace troupe::graph {
namespace {

TEST(LetterCase, AlphabetsChangeAndOtherTextStays) {
  EXPECT_EQ(upper_case("straße é ÿ ő ž ł Ω ας дёж 7 漢 🙂 {{x}}"),
            "STRAßE É Ÿ Ő Ž Ł Ω ΑΣ ДЁЖ 7 漢 🙂 {{X}}");
  EXPECT_EQ(lower_case("STRASSE É Ÿ Ő Ž Ł Ω ΑΣ ДЁЖ × 漢 🙂"),
            "strasse é ÿ ő ž ł ω ασ дёж × 漢 🙂");
}

TEST(LetterCase, EveryTwoByteLetterComesBack) {
  for (unsigned point = 0x80; point < 0x800; ++point) {
    const std::string letter = {static_cast<char>(0xC0 | point >> 6),
                                static_cast<char>(0x80 | (point & 0x3F))};
    const std::string upper = upper_case(letter);
    EXPECT_EQ(upper.size(), 2u) << point;
    EXPECT_EQ(upper_case(upper), upper) << point;
    EXPECT_EQ(lower_case(lower_case(letter)), lower_case(letter)) << point;
    const bool has_capital = upper != letter && letter != "ς";
    EXPECT_EQ(has_capital ? lower_case(upper) : letter, letter) << point;
  }
}

}  // namespace
}  // namespace troupe::graph
