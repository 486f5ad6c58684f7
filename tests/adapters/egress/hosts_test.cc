#include "adapters/egress/hosts.h"

#include <gtest/gtest.h>

namespace troupe::egress {
namespace {

using Word = Hosts::Word;
constexpr Duration at(std::int64_t ms) { return milliseconds(1'000'000 + ms); }

TEST(EgressHosts, AHostHasSoManyAtOnceAndNobodyElseIsConcerned) {
  Hosts hosts({.requests_max = 2});
  EXPECT_EQ(hosts.begin("s", "a", at(0)).word, Word::kBegin);
  EXPECT_EQ(hosts.begin("s", "a", at(0)).word, Word::kBegin);
  EXPECT_EQ(hosts.begin("s", "a", at(0)).word, Word::kWait);
  EXPECT_EQ(hosts.begin("s", "b", at(0)).word, Word::kBegin);
  EXPECT_EQ(hosts.begin("t", "a", at(0)).word, Word::kBegin);
  hosts.ended("s", "a", true, at(1));
  EXPECT_EQ(hosts.begin("s", "a", at(1)).word, Word::kBegin);
  EXPECT_EQ(hosts.begin("s", "a", at(1)).word, Word::kWait);
  hosts.dropped("s", "a");
  EXPECT_EQ(hosts.begin("s", "a", at(1)).word, Word::kBegin);
}

TEST(EgressHosts, ARateLetsASecondsWorthComeAtOnce) {
  Hosts hosts({.requests_per_s = 4});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(hosts.begin("s", "a", at(0)).word, Word::kBegin);
  EXPECT_EQ(hosts.begin("s", "a", at(0)).word, Word::kWait);
  EXPECT_EQ(hosts.begin("s", "a", at(249)).word, Word::kWait);
  EXPECT_EQ(hosts.begin("s", "a", at(251)).word, Word::kBegin);
  EXPECT_EQ(hosts.begin("s", "a", at(251)).word, Word::kWait);
  int later = 0;
  while (hosts.begin("s", "a", at(60'000)).word == Word::kBegin) ++later;
  EXPECT_EQ(later, 4);
}

class EgressBreaker : public ::testing::Test {
 protected:
  /// One request from `scope` that begins and fails or not.
  Word ask(Duration now, bool healthy, const std::string& scope = "s") {
    const Hosts::Verdict verdict = hosts_.begin(scope, "a", now);
    pause = verdict.pause;
    if (verdict.word == Word::kBegin) hosts_.ended(scope, "a", healthy, now);
    return verdict.word;
  }
  Hosts hosts_{{.failures_max = 3, .pause_min = milliseconds(100), .pause_max = milliseconds(300)}};
  Duration pause;
};

TEST_F(EgressBreaker, FailuresInARowLeaveAHostAloneForTheirScopeOnly) {
  for (int i = 0; i < 2; ++i) ask(at(0), false);
  ask(at(0), true);
  for (int i = 0; i < 2; ++i) ask(at(0), false);
  EXPECT_EQ(ask(at(0), false), Word::kBegin) << "the success between them began the row anew";
  EXPECT_EQ(ask(at(1), true), Word::kLeaveAlone);
  EXPECT_EQ(pause, milliseconds(99));
  EXPECT_EQ(ask(at(1), true, "t"), Word::kBegin);
}

TEST_F(EgressBreaker, AfterThePauseOneGoesToSeeAndThePauseGrowsUntilItIsWell) {
  for (int i = 0; i < 3; ++i) ask(at(0), false);
  EXPECT_EQ(hosts_.begin("s", "a", at(100)).word, Word::kBegin);
  EXPECT_EQ(hosts_.begin("s", "a", at(100)).word, Word::kLeaveAlone) << "one at a time";
  hosts_.ended("s", "a", false, at(110));
  EXPECT_EQ(ask(at(309), true), Word::kLeaveAlone);
  EXPECT_EQ(ask(at(310), false), Word::kBegin);
  EXPECT_EQ(ask(at(609), true), Word::kLeaveAlone) << "the longest pause";
  EXPECT_EQ(ask(at(610), true), Word::kBegin);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask(at(611), false), Word::kBegin);
}

TEST_F(EgressBreaker, WhatBeganBeforeThePauseSaysNothingNewAndSuccessEndsIt) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(hosts_.begin("s", "a", at(0)).word, Word::kBegin);
  for (int i = 0; i < 19; ++i) hosts_.ended("s", "a", false, at(1));
  EXPECT_EQ(ask(at(100), true), Word::kLeaveAlone);
  EXPECT_EQ(pause, milliseconds(1)) << "the shortest pause, from the third failure on";
  hosts_.ended("s", "a", true, at(100));
  EXPECT_EQ(ask(at(100), true), Word::kBegin);
}

TEST_F(EgressBreaker, OneThatWasToSeeAndIsCancelledLetsAnotherSee) {
  for (int i = 0; i < 3; ++i) ask(at(0), false);
  EXPECT_EQ(hosts_.begin("s", "a", at(100)).word, Word::kBegin);
  hosts_.dropped("s", "a");
  EXPECT_EQ(ask(at(101), true), Word::kBegin);
  EXPECT_EQ(ask(at(102), true), Word::kBegin);
}

}  // namespace
}  // namespace troupe::egress
