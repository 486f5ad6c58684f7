#include "runtime/journal/chain.h"

#include <gtest/gtest.h>

namespace troupe::journal {
namespace {

TEST(JournalChain, EveryFramePointsBackOneAndMultiplesPointFarther) {
  Chain chain;
  for (std::uint64_t number = 1; number <= 10'000; ++number) {
    const Chain::Back back = chain.back();
    const auto pos_of = [](std::uint64_t n) { return n * 10; };
    ASSERT_EQ(back.one, pos_of(number - 1));
    ASSERT_EQ(back.far64, number % 64 == 0 ? pos_of(number - 64) : 0) << number;
    ASSERT_EQ(back.far4096, number % 4096 == 0 ? pos_of(number - 4096) : 0) << number;
    chain.append(pos_of(number));
    ASSERT_EQ(chain.head(), pos_of(number));
    ASSERT_EQ(chain.frames(), number);
  }
}

TEST(JournalChain, SurvivesItsEncoding) {
  Chain chain;
  for (std::uint64_t number = 1; number < 4096; ++number) chain.append(number + (7ull << 40));
  ByteWriter out;
  chain.encode(out);
  ByteReader in(out.bytes());
  const Chain back = Chain::decode(in);
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(back.frames(), chain.frames());
  EXPECT_EQ(back.back().one, chain.back().one);
  EXPECT_EQ(back.back().far64, chain.back().far64);
  EXPECT_EQ(back.back().far4096, chain.back().far4096);
}

}  // namespace
}  // namespace troupe::journal
