#include "adapters/nats/discovery.h"

#include "runtime/json/read.h"
#include "tests/adapters/nats/nats_fixture.h"

namespace troupe::nats {
namespace {

using testing::Arrivals;
using testing::kPatience;

class NatsDiscovery : public testing::NatsFixture {
 protected:
  NatsDiscovery() {
    start_server();
    node = connect();
    client = connect();
    discovery = std::make_unique<Discovery>(
        *node, Discovery::Self{"node-1", "0.1.0", TimePoint{1'700'000'000'000'000}},
        std::vector<Endpoint>{{"submit", "troupe.v1.submit.*.*", "troupe", &stats}});
    EXPECT_TRUE(node->flush(kPatience).ok());
    inbox = client->subscribe("_INBOX.test", "", [this](const Message& message) {
      answers.add(message.no_responders() ? "nobody" : std::string(message.body()));
    });
  }
  std::string ask(const std::string& subject) {
    const std::size_t before = answers.size();
    EXPECT_TRUE(client->publish({subject, "_INBOX.test", "", {}}).ok());
    return answers.at(before);
  }
  static std::string text(const std::string& body, std::string_view pointer) {
    return json::decode_string(json::at_pointer(body, pointer).value_or(""));
  }
  static std::int64_t number(const std::string& body, std::string_view pointer) {
    return json::as_int(json::at_pointer(body, pointer).value_or("")).value_or(-1);
  }

  EndpointStats stats;
  std::unique_ptr<Connection> node;
  std::unique_ptr<Connection> client;
  Arrivals<std::string> answers;
  std::unique_ptr<Subscription> inbox;
  std::unique_ptr<Discovery> discovery;
};

TEST_F(NatsDiscovery, AnswersUnderAllNamesOfItsOwnAndNoOther) {
  for (const std::string verb : {"PING", "INFO", "STATS"}) {
    for (const std::string rest : {"", ".troupe", ".troupe.node-1"}) {
      const std::string body = ask("$SRV." + verb + rest);
      ASSERT_TRUE(json::Text::parse(body).ok()) << body;
      EXPECT_EQ(text(body, "/name"), "troupe");
      EXPECT_EQ(text(body, "/id"), "node-1");
      EXPECT_EQ(text(body, "/version"), "0.1.0");
    }
    EXPECT_EQ(ask("$SRV." + verb + ".troupe.node-2"), "nobody");
    EXPECT_EQ(ask("$SRV." + verb + ".other"), "nobody");
  }
}

TEST_F(NatsDiscovery, SpeaksTheServiceProtocolOfNats) {
  EXPECT_EQ(text(ask("$SRV.PING"), "/type"), "io.nats.micro.v1.ping_response");
  const std::string about = ask("$SRV.INFO.troupe");
  EXPECT_EQ(text(about, "/type"), "io.nats.micro.v1.info_response");
  EXPECT_EQ(text(about, "/endpoints/0/subject"), "troupe.v1.submit.*.*");
  EXPECT_EQ(text(about, "/endpoints/0/queue_group"), "troupe");
  stats.answered(3000);
  stats.refused(1000, "not_found");
  const std::string counts = ask("$SRV.STATS.troupe.node-1");
  EXPECT_EQ(text(counts, "/type"), "io.nats.micro.v1.stats_response");
  EXPECT_EQ(text(counts, "/started"), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(number(counts, "/endpoints/0/num_requests"), 2);
  EXPECT_EQ(number(counts, "/endpoints/0/num_errors"), 1);
  EXPECT_EQ(text(counts, "/endpoints/0/last_error"), "not_found");
  EXPECT_EQ(number(counts, "/endpoints/0/processing_time"), 4000);
  EXPECT_EQ(number(counts, "/endpoints/0/average_processing_time"), 2000);
}

}  // namespace
}  // namespace troupe::nats
