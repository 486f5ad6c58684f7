#include "adapters/nats/node_bus.h"

#include <atomic>

#include "tests/adapters/nats/nats_fixture.h"

namespace troupe::nats {
namespace {

using testing::Arrivals;
using testing::kPatience;

class NatsNodeBus : public testing::NatsFixture {
 protected:
  NatsNodeBus() { start_server(); }

  struct Node {
    std::unique_ptr<Connection> connection;
    std::unique_ptr<NodeBus> bus;
  };
  Node node(store::NodeNumber number, Bus::Handler handler, Assembly::Limits limits = {}) {
    Node made;
    made.connection = connect();
    made.bus = std::make_unique<NodeBus>(*made.connection, limits);
    EXPECT_TRUE(made.bus->listen(number, std::move(handler)).ok());
    EXPECT_TRUE(made.connection->flush(kPatience).ok());
    return made;
  }
  static void echo(std::string body, const Bus::Reply& reply) {
    if (reply) reply("<" + body + ">");
  }
  Result<std::string> ask(Bus& bus, store::NodeNumber to, std::string body,
                          Duration patience = kPatience) {
    // Shared: a test that fails leaves before the answer comes.
    const auto answers = std::make_shared<Arrivals<Result<std::string>>>();
    bus.request(to, std::move(body), patience,
                [answers](Result<std::string> answer) { answers->add(std::move(answer)); });
    return answers->at(0);
  }
};

TEST_F(NatsNodeBus, ARequestIsAnsweredByTheNodeItIsFor) {
  const Node one = node(1, [](std::string, const Bus::Reply& reply) { reply("one"); });
  const Node two = node(2, [](std::string, const Bus::Reply& reply) { reply("two"); });
  EXPECT_EQ(*ask(*one.bus, 2, "x"), "two");
  EXPECT_EQ(*ask(*two.bus, 1, "x"), "one");
  EXPECT_EQ(*ask(*one.bus, 1, "x"), "one");
}

TEST_F(NatsNodeBus, ACopyOfARequestHasItsNameAndNoOtherHasIt) {
  Arrivals<std::string> names;
  const Node one = node(1, [&](std::string, const Bus::Reply& reply) {
    names.add(reply.request());
    reply("one");
  });
  const Node two = node(2, echo);
  EXPECT_EQ(*ask(*two.bus, 1, "x"), "one");
  EXPECT_EQ(*ask(*two.bus, 1, "x"), "one");
  EXPECT_NE(names.at(0), names.at(1));
  for (int copy = 0; copy < 2; ++copy) {
    ASSERT_TRUE(two.connection->publish({"troupe.i.node.1", names.at(0), "x", {}}).ok());
  }
  EXPECT_EQ(names.at(2), names.at(0));
  EXPECT_EQ(names.at(3), names.at(0));
}

TEST_F(NatsNodeBus, BytesOfAnyKindArriveUnchanged) {
  const Node one = node(1, echo);
  std::string body;
  for (int i = 0; i < 256; ++i) body += static_cast<char>(i);
  EXPECT_EQ(*ask(*one.bus, 1, body), "<" + body + ">");
  EXPECT_EQ(*ask(*one.bus, 1, ""), "<>");
}

TEST_F(NatsNodeBus, ManyRequestsAtOnceEachGetTheirOwnAnswer) {
  const Node one = node(1, echo);
  const Node two = node(2, echo);
  constexpr int kCount = 2000;
  Arrivals<std::pair<int, std::string>> answers;
  for (int i = 0; i < kCount; ++i) {
    one.bus->request(2, std::to_string(i), kPatience, [&answers, i](Result<std::string> answer) {
      answers.add({i, answer.ok() ? *answer : answer.error().message});
    });
  }
  ASSERT_TRUE(answers.wait_for(kCount));
  for (const auto& [i, answer] : answers.all()) EXPECT_EQ(answer, "<" + std::to_string(i) + ">");
}

TEST_F(NatsNodeBus, WhereNobodyListensIsKnownAtOnce) {
  const Node one = node(1, echo);
  const auto answer = ask(*one.bus, 77, "x", seconds(3600));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
}

TEST_F(NatsNodeBus, AnAnswerThatDoesNotComeEndsWithThePatience) {
  const Node one = node(1, [](std::string, Bus::Reply) {});
  const auto answer = ask(*one.bus, 1, "x", milliseconds(50));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kTimeout);
}

TEST_F(NatsNodeBus, AReplyMayComeLaterFromAnotherThread) {
  Arrivals<Bus::Reply> held;
  const Node one = node(1, [&](std::string, Bus::Reply reply) { held.add(std::move(reply)); });
  Arrivals<Result<std::string>> answers;
  one.bus->request(1, "x", kPatience,
                   [&](Result<std::string> answer) { answers.add(std::move(answer)); });
  held.at(0)("late");
  EXPECT_EQ(*answers.at(0), "late");
}

TEST_F(NatsNodeBus, WhatIsToldToAllReachesEveryOtherNodeButNotItsSender) {
  Arrivals<std::string> heard;
  const auto hear = [&heard](const std::string& name) {
    return [&heard, name](const std::string& body, const Bus::Reply& reply) {
      heard.add(name + body + (reply ? "?" : ""));
    };
  };
  const Node one = node(1, hear("1"));
  const Node two = node(2, hear("2"));
  const Node three = node(3, hear("3"));
  one.bus->tell_all("a");
  ASSERT_TRUE(heard.wait_for(2));
  two.bus->tell_all("b");  // comes behind what the first one would hear of itself
  ASSERT_TRUE(heard.wait_for(4));
  std::vector<std::string> all = heard.all();
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<std::string>{"1b", "2a", "3a", "3b"}));
}

TEST_F(NatsNodeBus, BodiesBeyondTheServersLimitGoInPartsBothWays) {
  const Node one = node(1, echo);
  const Node two = node(2, echo);
  ASSERT_EQ(two.connection->payload_max(), std::size_t{1} << 20);
  for (const std::size_t size : {(std::size_t{1} << 20) - 512, std::size_t{1} << 20,
                                 (std::size_t{5} << 20) + 17, kBodyBytesMax - 2}) {
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; i += 97) body[i] = static_cast<char>(i * 31);
    const auto answer = ask(*one.bus, 2, body);
    ASSERT_TRUE(answer.ok()) << size << ": " << answer.error().message;
    EXPECT_TRUE(*answer == "<" + body + ">") << size;
  }
  const auto refused = ask(*one.bus, 2, std::string(kBodyBytesMax + 1, 'x'));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kPayloadTooLarge);
}

TEST_F(NatsNodeBus, TransfersBeyondTheMemoryLimitAreGivenUp) {
  const Node one = node(1, echo, {.bytes_max = std::size_t{3} << 20, .time_max = seconds(30)});
  const auto answer = ask(*one.bus, 1, std::string(std::size_t{4} << 20, 'x'), milliseconds(300));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kTimeout);
  EXPECT_EQ(*ask(*one.bus, 1, "small"), "<small>");
}

TEST_F(NatsNodeBus, ABrokenTransferNeitherReachesTheHandlerNorKeepsItsMemory) {
  Arrivals<std::string> heard;
  const auto hear = [&](std::string body, const Bus::Reply&) { heard.add(std::move(body)); };
  const Node one =
      node(1, hear, {.bytes_max = std::size_t{2} << 20, .time_max = milliseconds(100)});
  const auto part = [&](const Part& what, std::string_view body) {
    const Status sent = one.connection->publish(
        {"troupe.i.node.1", "", body, {{kPartHeader, render(what)}}});
    ASSERT_TRUE(sent.ok());
  };
  part({1, 0, 3, 6}, "ab");
  part({1, 2, 3, 6}, "ef");  // the middle is missing
  part({2, 1, 2, 4}, "cd");  // the start is missing
  part({3, 0, 2, 3}, "ab");
  part({3, 1, 2, 3}, "cd");  // more than was promised
  part({4, 0, 2, 5}, "ab");
  part({4, 1, 2, 5}, "cd");  // less
  part({5, 0, 2, std::size_t{2} << 20}, "all that there is, and its rest never comes");
  ASSERT_TRUE(
      one.connection->publish({"troupe.i.node.1", "", "x", {{kPartHeader, "no part at all"}}})
          .ok());
  one.bus->tell(1, "whole");
  EXPECT_EQ(heard.at(0), "whole");
  // Once the fifth one is given up there is room again.
  std::uint64_t transfer = 6;
  do {
    part({transfer, 0, 2, 4}, "ab");
    part({transfer, 1, 2, 4}, "cd");
    ++transfer;
  } while (!heard.wait_for(2, milliseconds(20)));
  EXPECT_EQ(heard.at(1), "abcd");
}

TEST(NatsParts, OnlyHeadersThatASenderCanHaveWrittenAreRead) {
  const Part part{0xABCDEF, 2, 65, kBodyBytesMax};
  const auto read = parse_part(render(part));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->transfer, part.transfer);
  EXPECT_EQ(read->index, 2u);
  EXPECT_EQ(read->count, 65u);
  EXPECT_EQ(read->bytes, kBodyBytesMax);
  const std::string id = "0000000000abcdef";
  for (const std::string rest : {"", " ", " 0", " 0 1", " 0 1 1 1", " 1 1 1", " 0 0 1", " -1 1 1",
                                 " 0 1 67108865", " 0 65537 9", " 0  1 1", " 0 1 1 ", " 0 1 x",
                                 " 0 1 99999999999999999999999"}) {
    EXPECT_FALSE(parse_part(id + rest).has_value()) << rest;
  }
  EXPECT_FALSE(parse_part("000000000abcdef 0 1 1").has_value());
  EXPECT_FALSE(parse_part("0000000000abcdeg 0 1 1").has_value());
}

TEST_F(NatsNodeBus, WithoutAServerItSaysSoAtOnceAndGoesOnWhenOneIsBack) {
  const Node one = node(1, echo);
  const Node two = node(2, echo);
  server->kill();
  wait_until_disconnected(*one.connection);
  wait_until_disconnected(*two.connection);
  Result<std::string> answer = ask(*one.bus, 2, "x", seconds(3600));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  server->start();
  ASSERT_TRUE(one.connection->wait_until_connected(kPatience));
  ASSERT_TRUE(two.connection->wait_until_connected(kPatience));
  ASSERT_TRUE(two.connection->flush(kPatience).ok());
  EXPECT_EQ(*ask(*one.bus, 2, "x"), "<x>");
  EXPECT_EQ(one.connection->reconnects(), 1u);
  EXPECT_TRUE(shows("troupe_nats_reconnects_total 2"));
}

TEST_F(NatsNodeBus, ClosingEndsWhatIsOpenAndNothingIsCalledAfterwards) {
  Arrivals<Bus::Reply> held;
  Node one = node(1, [&](std::string, Bus::Reply reply) { held.add(std::move(reply)); });
  Node two = node(2, echo);
  Arrivals<Result<std::string>> answers;
  two.bus->request(1, "x", seconds(3600),
                   [&](Result<std::string> answer) { answers.add(std::move(answer)); });
  ASSERT_TRUE(held.wait_for(1));
  two.bus->close();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers.at(0).error().code, Code::kUnavailable);
  one.bus->close();
  one.bus = nullptr;
  one.connection = nullptr;
  held.at(0)("the node is gone, and so is nobody hurt");
  EXPECT_EQ(answers.size(), 1u);
}

}  // namespace
}  // namespace troupe::nats
