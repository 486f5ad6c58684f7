// What others see of us over NATS, with a client that shares no line with ours. It needs Node.js
// and its package `nats`; where either cannot be had, the tests fail and say so.
#include <filesystem>

#include "adapters/nats/enqueue.h"
#include "adapters/nats/submission.h"
#include "adapters/nats/work_queue.h"
#include "adapters/system/hasher.h"
#include "runtime/json/read.h"
#include "tests/adapters/nats/start_engine.h"

namespace troupe::nats {
namespace {

using testing::Arrivals;
using testing::kPatience;
using testing::submission;

class NatsForeign : public testing::NatsFixture {
 protected:
  static void SetUpTestSuite() {
    // What is there already is checked without asking anyone.
    const testing::Outcome installed = testing::run_program(
        {.arguments = {TROUPE_NPM, "install", "--no-audit", "--no-fund", "--prefer-offline"},
         .directory = TROUPE_FOREIGN_FOLDER},
        180'000);
    ASSERT_EQ(installed.exit, 0) << "The package nats of Node.js cannot be installed:\n"
                                 << installed.out << installed.err;
  }
  NatsForeign() {
    start_server();
    node = connect();
  }
  testing::Command client(std::vector<std::string> arguments) const {
    std::vector<std::string> command = {TROUPE_NODE, "client.js", server->url()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return {.arguments = command, .directory = TROUPE_FOREIGN_FOLDER};
  }
  std::string said(std::vector<std::string> arguments) const {
    const testing::Outcome outcome = testing::run_program(client(std::move(arguments)), 60'000);
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    return outcome.out;
  }
  static std::string text(const std::string& line, std::string_view pointer) {
    return json::decode_string(json::at_pointer(line, pointer).value_or(""));
  }

  system::Blake2bHasher hasher;
  testing::StartEngine engine;
  Intake intake{engine, hasher, nullptr, {}};
  std::unique_ptr<Connection> node;
};

TEST_F(NatsForeign, SubmitsByRequestAndReply) {
  const Submission service(*node, intake, {});
  ASSERT_TRUE(node->flush(kPatience).ok());
  const std::string first = said({"submit", submission(), "key"});
  EXPECT_EQ(text(first, "/error"), "");
  EXPECT_EQ(text(first, "/reply/run_id"), "00000000-0000-0189-0000-000000000001");
  EXPECT_EQ(said({"submit", submission(), "key"}), first);
  const std::string refused = said({"submit", submission(R"({"b":1})"), "key"});
  EXPECT_EQ(text(refused, "/error"), "idempotency_mismatch");
  EXPECT_EQ(text(refused, "/reply/code"), "idempotency_mismatch");
  EXPECT_EQ(engine.runs(), 1u);
}

TEST_F(NatsForeign, EnqueuesToJetStream) {
  const Enqueue service(*node, intake, {});
  while (!service.ready()) ASSERT_TRUE(node->flush(kPatience).ok());
  const std::string kept = said({"enqueue", submission(), "order-1"});
  EXPECT_EQ(text(kept, "/stream"), "TROUPE_ENQUEUE");
  EXPECT_EQ(json::at_pointer(kept, "/duplicate"), "true");
  EXPECT_EQ(engine.asked.at(0).idempotency_key, "nats-msg-id:order-1");
  EXPECT_EQ(engine.runs(), 1u);
}

TEST_F(NatsForeign, ServesAWorkQueue) {
  NatsWorkQueue queue(*node);
  testing::Process worker(client({"work", "troupe.v1.work.acme.sums"}));
  worker.wait_for_line("ready", 60'000);
  Arrivals<int> beats;
  Arrivals<Result<WorkResult>> results;
  for (const std::string body : {R"({"n":41})", R"({"fail":"no_luck"})"}) {
    queue.request_work({"acme", "sums", body, kPatience, kPatience}, [&] { beats.add(1); },
                       [&](Result<WorkResult> result) { results.add(std::move(result)); });
  }
  ASSERT_TRUE(results.wait_for(2));
  EXPECT_EQ(results.at(0)->body, R"({"done":42})");
  EXPECT_EQ(results.at(1)->error_code, "no_luck");
  EXPECT_EQ(results.at(1)->body, "It was not to be.");
  EXPECT_EQ(beats.size(), 2u);
  EXPECT_TRUE(worker.ends_within(20'000));
}

}  // namespace
}  // namespace troupe::nats
