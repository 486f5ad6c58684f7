#include "adapters/nats/work_queue.h"

#include "tests/adapters/nats/nats_fixture.h"

namespace troupe::nats {
namespace {

using testing::Arrivals;
using testing::kPatience;

class NatsWork : public testing::NatsFixture {
 protected:
  NatsWork() {
    start_server();
    node = connect();
    outside = connect();
    queue = std::make_unique<NatsWorkQueue>(*node);
    EXPECT_TRUE(node->flush(kPatience).ok());
  }
  /// A worker that keeps what it gets.
  std::unique_ptr<Subscription> worker(const std::string& subject = "troupe.v1.work.acme.email") {
    auto made = outside->subscribe(subject, "workers", [this](Message message) {
      tasks.add({std::string(message.body()), std::string(message.reply())});
    });
    EXPECT_TRUE(outside->flush(kPatience).ok());
    return made;
  }
  void say(const std::string& reply, const std::string& body, const std::string& error = "") {
    Outgoing message{reply, "", body, {}};
    if (!error.empty()) message.headers = {{"Troupe-Error", error}};
    ASSERT_TRUE(outside->publish(message).ok());
  }
  static WorkRequest request(Duration timeout = seconds(3600), Duration heartbeat = {}) {
    return {"acme", "email", R"({"to":"x"})", timeout, heartbeat};
  }
  WorkQueue::Ticket ask(WorkRequest request) {
    return queue->request_work(
        std::move(request), [this] { beats.add(1); },
        [this](Result<WorkResult> result) { results.add(std::move(result)); });
  }
  void expect_error(std::size_t index, Code code) {
    const auto result = results.at(index);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, code) << result.error().message;
  }

  struct Task {
    std::string body;
    std::string reply;
  };
  std::unique_ptr<Connection> node;
  std::unique_ptr<Connection> outside;
  std::unique_ptr<NatsWorkQueue> queue;
  Arrivals<Task> tasks;
  Arrivals<int> beats;
  Arrivals<Result<WorkResult>> results;
};

TEST_F(NatsWork, ATaskGoesToOneWorkerAndItsResultComesBack) {
  const auto first = worker();
  const auto second = worker();
  ask(request());
  EXPECT_EQ(tasks.at(0).body, R"({"to":"x"})");
  say(tasks.at(0).reply, R"({"sent":true})");
  const auto result = results.at(0);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->body, R"({"sent":true})");
  EXPECT_EQ(result->error_code, "");
  EXPECT_EQ(tasks.size(), 1u);
}

TEST_F(NatsWork, AWorkersFailureComesInItsOwnWords) {
  const auto listening = worker();
  ask(request());
  say(tasks.at(0).reply, "The card was declined.", "card_declined");
  ask(request());
  say(tasks.at(1).reply, "", "not a word");
  EXPECT_EQ(results.at(0)->error_code, "card_declined");
  EXPECT_EQ(results.at(0)->body, "The card was declined.");
  EXPECT_EQ(results.at(1)->error_code, "worker_error");
}

TEST_F(NatsWork, WhereNoWorkerListensIsKnownAtOnce) {
  ask(request());
  expect_error(0, Code::kUnavailable);
}

TEST_F(NatsWork, HeartbeatsKeepATaskAliveAndSilenceEndsIt) {
  const auto listening = worker();
  ask(request(seconds(3600), milliseconds(400)));
  const std::string reply = tasks.at(0).reply;
  for (std::size_t beat = 0; beat < 4; ++beat) {
    EXPECT_FALSE(results.wait_for(1, milliseconds(200)));
    say(reply, "+WPI");
    ASSERT_TRUE(beats.wait_for(beat + 1));
  }
  expect_error(0, Code::kTimeout);
  EXPECT_NE(results.at(0).error().message.find("heard of"), std::string::npos);
}

TEST_F(NatsWork, NoHeartbeatMovesTheTimeout) {
  const auto listening = worker();
  ask(request(milliseconds(300), milliseconds(200)));
  const std::string reply = tasks.at(0).reply;
  while (!results.wait_for(1, milliseconds(50))) say(reply, "+WPI");
  expect_error(0, Code::kTimeout);
  EXPECT_NE(results.at(0).error().message.find("answered in time"), std::string::npos);
}

TEST_F(NatsWork, LateAnswersAreCountedAndDropped) {
  const auto listening = worker();
  ask(request(milliseconds(20)));
  const std::string reply = tasks.at(0).reply;
  expect_error(0, Code::kTimeout);
  say(reply, "too late");
  ask(request());
  say(tasks.at(1).reply, "in time");
  say(tasks.at(1).reply, "twice");
  ask(request());
  say(tasks.at(2).reply, "behind them");
  EXPECT_EQ(results.at(1)->body, "in time");
  EXPECT_EQ(results.at(2)->body, "behind them");
  EXPECT_EQ(queue->late(), 2u);
  EXPECT_TRUE(shows("troupe_nats_late_answers_total 2"));
  EXPECT_EQ(results.size(), 3u);
}

TEST_F(NatsWork, ACancelledTaskIsNotHeardOfAgain) {
  const auto listening = worker();
  const auto cancelled = ask(request());
  EXPECT_TRUE(queue->cancel(cancelled));
  EXPECT_FALSE(queue->cancel(cancelled));
  say(tasks.at(0).reply, "nobody wants this");
  ask(request());
  say(tasks.at(1).reply, "but this");
  EXPECT_EQ(results.at(0)->body, "but this");
  EXPECT_EQ(results.size(), 1u);
  EXPECT_EQ(queue->late(), 1u);
}

TEST_F(NatsWork, NamesThatAreNoTokensReachNobody) {
  const auto everything = worker("troupe.v1.work.>");
  const std::pair<std::string, std::string> wrong[] = {
      {"acme", "a.b"}, {"acme", "*"}, {"acme", ">"}, {"acme", ""}, {"acme", "a b"},
      {"Acme", "a"},   {"*", "a"},    {"", "a"},     {"acme", std::string(65, 'a')}};
  std::size_t index = 0;
  for (const auto& [workspace, name] : wrong) {
    WorkRequest bad = request();
    bad.workspace = workspace;
    bad.queue = name;
    ask(std::move(bad));
    expect_error(index++, Code::kInvalidRequest);
  }
  ASSERT_TRUE(node->flush(kPatience).ok());
  ASSERT_TRUE(outside->flush(kPatience).ok());
  EXPECT_EQ(tasks.size(), 0u);
}

TEST_F(NatsWork, ATaskBeyondTheServersLimitIsRefused) {
  const auto listening = worker();
  WorkRequest large = request();
  large.body.assign(node->payload_max() + 1, 'x');
  ask(std::move(large));
  expect_error(0, Code::kPayloadTooLarge);
}

TEST_F(NatsWork, ClosingFailsWhatIsOpen) {
  const auto listening = worker();
  ask(request());
  ASSERT_TRUE(tasks.wait_for(1));
  queue->close();
  expect_error(0, Code::kUnavailable);
  ask(request());
  expect_error(1, Code::kUnavailable);
}

}  // namespace
}  // namespace troupe::nats
