// The permissions that the guide tells to give are enough, and give no more than it says.
#include <fstream>
#include <iterator>

#include "adapters/nats/discovery.h"
#include "adapters/nats/enqueue.h"
#include "adapters/nats/events.h"
#include "adapters/nats/node_bus.h"
#include "adapters/nats/submission.h"
#include "adapters/nats/work_queue.h"
#include "adapters/system/hasher.h"
#include "tests/adapters/nats/start_engine.h"

namespace troupe::nats {
namespace {

using testing::Arrivals;
using testing::kPatience;
using testing::submission;

/// The configuration in the guide, with one password for all.
std::string guides_configuration() {
  std::ifstream in("deploy/guides/nats.md");
  const std::string guide{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const std::size_t begin = guide.find("```conf\n");
  const std::size_t end = guide.find("```\n", begin + 8);
  if (begin == std::string::npos || end == std::string::npos) throw std::runtime_error("no guide");
  std::string block = guide.substr(begin + 8, end - begin - 8);
  for (const std::string role : {"$NODE", "$SUBMITTER", "$WORKER", "$WATCHER"}) {
    const std::string name = role + "_PASSWORD";
    block.replace(block.find(name), name.size(), "secret");
  }
  return block;
}

class NatsPermissions : public testing::NatsFixture {
 protected:
  NatsPermissions() { start_server(guides_configuration()); }
  std::unique_ptr<Connection> user(const std::string& name) {
    Options named = options();
    named.login.user = name;
    named.login.password = "secret";
    auto made = connect(named);
    if (!made->wait_until_connected(kPatience)) throw std::runtime_error(log.text());
    return made;
  }
  /// That the server refuses this, in its own words.
  void expect_refused(const std::string& what) {
    EXPECT_TRUE(log.wait_for("Permissions Violation for " + what)) << log.text();
  }

  system::Blake2bHasher hasher;
  testing::StartEngine engine;
  Intake intake{engine, hasher, nullptr, {}};
};

TEST_F(NatsPermissions, OfTheGuideAreEnoughForEveryRole) {
  const auto node = user("node");
  const auto submitter = user("submitter");
  const auto working = user("worker");
  const auto watching = user("watcher");

  NodeBus bus(*node);
  ASSERT_TRUE(bus.listen(1, [](std::string, const Bus::Reply& reply) { reply("yes"); }).ok());
  const Submission submissions(*node, intake, {});
  const Enqueue enqueue(*node, intake, {});
  const Discovery discovery(*node, {"one", "0.1.0", {}}, {submissions.endpoint()});
  NatsWorkQueue queue(*node);
  Events events(*node);
  while (!enqueue.ready()) ASSERT_TRUE(node->flush(kPatience).ok());

  Arrivals<std::string> heard;
  const auto keep = [&](const Message& message) { heard.add(std::string(message.body())); };
  const auto inbox = submitter->subscribe("_INBOX.acme.1", "", keep);
  const auto viewer = watching->subscribe("troupe.v1.events.acme.>", "", keep);
  const auto worker =
      working->subscribe("troupe.v1.work.acme.*", "workers", [&](const Message& message) {
        const std::string reply(message.reply());
        EXPECT_TRUE(working->publish({reply, "", "+WPI", {}}).ok());
        EXPECT_TRUE(working->publish({reply, "", "done", {}}).ok());
      });
  for (const auto& connection : {&submitter, &watching, &working}) {
    ASSERT_TRUE((*connection)->flush(kPatience).ok());
  }

  bus.request(1, "x", kPatience, [&](const Result<std::string>& answer) { heard.add(*answer); });
  EXPECT_EQ(heard.at(0), "yes");
  ASSERT_TRUE(
      submitter->publish({"troupe.v1.submit.acme.web", "_INBOX.acme.1", submission(), {}}).ok());
  EXPECT_EQ(heard.at(1).substr(0, 9), R"({"run_id")");
  ASSERT_TRUE(
      submitter->publish({"troupe.v1.enqueue.acme.web", "_INBOX.acme.1", submission(), {}}).ok());
  ASSERT_TRUE(engine.asked.wait_for(2));
  EXPECT_NE(heard.at(2).find("TROUPE_ENQUEUE"), std::string::npos);
  const std::string run = "01890000-0000-7000-8000-000000000001";
  ASSERT_TRUE(events.publish("acme", "web", run, 1, "run.created", "an event").ok());
  EXPECT_EQ(heard.at(3), "an event");
  queue.request_work({"acme", "mail", "{}", kPatience, {}}, nullptr,
                     [&](const Result<WorkResult>& result) { heard.add(result->body); });
  EXPECT_EQ(heard.at(4), "done");
  EXPECT_EQ(log.text().find("Permissions Violation"), std::string::npos) << log.text();
}

TEST_F(NatsPermissions, OfTheGuideKeepTenantsToTheirOwn) {
  const auto submitter = user("submitter");
  const auto worker = user("worker");
  ASSERT_TRUE(submitter->publish({"troupe.v1.submit.other.web", "", "{}", {}}).ok());
  expect_refused("Publish to \"troupe.v1.submit.other.web\"");
  ASSERT_TRUE(submitter->publish({"$JS.API.STREAM.DELETE.TROUPE_ENQUEUE", "", "", {}}).ok());
  expect_refused("Publish to \"$JS.API.STREAM.DELETE.TROUPE_ENQUEUE\"");
  ASSERT_TRUE(submitter->publish({"troupe.i.node.1", "", "", {}}).ok());
  expect_refused("Publish to \"troupe.i.node.1\"");
  const auto nosy = submitter->subscribe("_INBOX.>", "", [](const Message&) {});
  expect_refused("Subscription to \"_INBOX.>\"");
  const auto greedy = worker->subscribe("troupe.v1.work.other.mail", "", [](const Message&) {});
  expect_refused("Subscription to \"troupe.v1.work.other.mail\"");
  ASSERT_TRUE(worker->publish({"_INBOX.acme.1", "", "forged", {}}).ok());
  expect_refused("Publish to \"_INBOX.acme.1\"");
}

}  // namespace
}  // namespace troupe::nats
