// A request that comes twice is done once, and both get the same answer.

#include "actors/cluster/asked_once.h"

#include <gtest/gtest.h>

namespace troupe::actors {
namespace {

class AskedOnceTest : public ::testing::Test {
 protected:
  /// What the node is to answer to; nothing for a copy.
  Bus::Reply ask(const std::string& name, Duration at = seconds(1)) {
    return asked_.begin({name, [this](const std::string& body) { told.push_back(body); }}, at);
  }

  AskedOnce asked_{{.kept = seconds(60), .requests_max = 3, .bytes_max = 100}};
  std::vector<std::string> told;
};

TEST_F(AskedOnceTest, ACopyIsAnsweredAsTheFirstWasAndNotDoneAgain) {
  const Bus::Reply first = ask("a");
  ASSERT_TRUE(first);
  EXPECT_FALSE(ask("a")) << "the first is still under way";
  EXPECT_TRUE(told.empty());
  first("done");
  EXPECT_EQ(told, (std::vector<std::string>{"done", "done"}));
  EXPECT_FALSE(ask("a"));
  EXPECT_EQ(told.size(), 3u);
  EXPECT_EQ(told.back(), "done");
}

TEST_F(AskedOnceTest, AnotherRequestIsDone) {
  ask("a")("one");
  const Bus::Reply other = ask("b");
  ASSERT_TRUE(other);
  other("two");
  EXPECT_EQ(told, (std::vector<std::string>{"one", "two"}));
}

TEST_F(AskedOnceTest, WhatCameLongAgoIsForgotten) {
  ask("a", seconds(1))("old");
  EXPECT_FALSE(ask("a", seconds(61)));
  EXPECT_TRUE(ask("a", seconds(62)));
}

TEST_F(AskedOnceTest, NoMoreIsKeptThanMayBe) {
  const Bus::Reply slow = ask("a");
  for (const char* name : {"b", "c", "d"}) ask(name)("x");
  slow("late");  // forgotten, and answered all the same
  EXPECT_EQ(told.back(), "late");
  EXPECT_FALSE(ask("d"));
  ask("e")(std::string(200, 'x'));
  EXPECT_TRUE(ask("f")) << "the great one is forgotten with all before it";
  EXPECT_TRUE(ask("e"));
}

}  // namespace
}  // namespace troupe::actors
