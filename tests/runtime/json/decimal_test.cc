#include "runtime/json/decimal.h"

#include <gtest/gtest.h>

#include "runtime/json/read.h"

namespace troupe::json {
namespace {

bool multiple(const char* number, const char* divisor) {
  return is_multiple_of(Decimal(number), Decimal(divisor), *as_double(number), *as_double(divisor));
}

TEST(JsonDecimal, OrderIsThatOfTheExactNumbers) {
  const char* const ascending[] = {
      "-1e300", "-12.5",  "-12.4999", "-1e-400", "0",
      "1e-400", "0.0012", "0.01",     "1",       "1.00000000000000000001",
      "9.99",   "10",     "99e1",     "1e3",     "1e3000"};
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    for (std::size_t j = 0; j < std::size(ascending); ++j) {
      EXPECT_EQ(Decimal(ascending[i]) <=> Decimal(ascending[j]), i <=> j)
          << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(JsonDecimal, SpellingsOfOneNumberAreEqual) {
  for (const char* number : {"120", "1.2e2", "0.0120E+4", "120.000", "12000e-2"}) {
    EXPECT_EQ(Decimal(number), Decimal("120")) << number;
    EXPECT_EQ(Decimal(number).as_int64(), 120) << number;
    EXPECT_TRUE(Decimal(number).integer());
  }
  EXPECT_EQ(Decimal("-0"), Decimal("0e5"));
  EXPECT_FALSE(Decimal("120.5").integer());
}

TEST(JsonDecimal, MultiplesAreExactWhereDoublesAreNot) {
  EXPECT_TRUE(multiple("0.3", "0.1"));
  EXPECT_TRUE(multiple("0.0075", "0.0001"));
  EXPECT_FALSE(multiple("0.00751", "0.0001"));
  EXPECT_TRUE(multiple("12391239123", "1e-8"));
  EXPECT_FALSE(multiple("1e308", "0.123456789"));
  EXPECT_TRUE(multiple("9007199254740993", "3"));
  EXPECT_FALSE(multiple("9007199254740993", "2"));
  EXPECT_FALSE(multiple("50", "100"));
  EXPECT_TRUE(multiple("0", "7"));
  EXPECT_TRUE(multiple("-4.5", "1.5"));
}

}  // namespace
}  // namespace troupe::json
