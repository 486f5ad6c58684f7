#include "adapters/nats/events.h"

#include "tests/adapters/nats/nats_fixture.h"

namespace troupe::nats {
namespace {

using testing::Arrivals;
using testing::kPatience;

constexpr const char* kRun = "01890000-0000-7000-8000-000000000001";

class NatsEvents : public testing::NatsFixture {
 protected:
  NatsEvents() {
    start_server();
    node = connect();
    events = std::make_unique<Events>(*node);
  }
  std::unique_ptr<Connection> node;
  std::unique_ptr<Events> events;
};

TEST_F(NatsEvents, CarryTheirRunAndNumberInSubjectAndHeaders) {
  const auto viewer = connect();
  Arrivals<std::string> seen;
  const auto all = viewer->subscribe("troupe.v1.events.acme.*.*", "", [&](const Message& message) {
    seen.add(std::string(message.subject()) + " " +
             std::string(message.header("Nats-Msg-Id").value_or("")) + " " +
             std::string(message.header("Troupe-Event").value_or("")) + " " +
             std::string(message.body()));
  });
  ASSERT_TRUE(viewer->flush(kPatience).ok());
  ASSERT_TRUE(events->publish("acme", "web", kRun, 7, "run.step.completed", R"({"id":"x"})").ok());
  EXPECT_EQ(seen.at(0), std::string("troupe.v1.events.acme.web.") + kRun + " " + kRun +
                            R"(/7 run.step.completed {"id":"x"})");
}

TEST_F(NatsEvents, ARunWithoutAProjectHasAPlaceThatNoProjectCanHave) {
  const auto viewer = connect();
  Arrivals<std::string> seen;
  const auto all = viewer->subscribe("troupe.v1.events.acme._.*", "", [&](const Message& message) {
    seen.add(std::string(message.subject()));
  });
  ASSERT_TRUE(viewer->flush(kPatience).ok());
  ASSERT_TRUE(events->publish("acme", "", kRun, 1, "run.created", "{}").ok());
  EXPECT_EQ(seen.at(0), std::string("troupe.v1.events.acme._.") + kRun);
  EXPECT_FALSE(events->publish("acme", "_", kRun, 1, "run.created", "{}").ok());
}

TEST_F(NatsEvents, AStreamOverThemKeepsEachOnceThoughPublishedTwice) {
  jsCtx* context = nullptr;
  ASSERT_EQ(natsConnection_JetStream(&context, node->link().get(), nullptr), NATS_OK);
  const char* subjects[] = {"troupe.v1.events.>"};
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = "EVENTS";
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  ASSERT_EQ(js_AddStream(nullptr, context, &config, nullptr, nullptr), NATS_OK);
  for (const std::uint64_t seq : {1, 2, 1, 2, 3}) {
    ASSERT_TRUE(events->publish("acme", "web", kRun, seq, "run.created", "{}").ok());
  }
  ASSERT_TRUE(events->flush(kPatience).ok());
  jsStreamInfo* info = nullptr;
  ASSERT_EQ(js_GetStreamInfo(&info, context, "EVENTS", nullptr, nullptr), NATS_OK);
  EXPECT_EQ(info->State.Msgs, 3u);
  jsStreamInfo_Destroy(info);
  jsCtx_Destroy(context);
}

TEST_F(NatsEvents, NamesThatAreNoTokensAreRefused) {
  const auto code = [&](std::string_view workspace, std::string_view project, std::string_view run,
                        std::string_view type) {
    const Status status = events->publish(workspace, project, run, 1, type, "{}");
    return status.ok() ? Code::kInternal : status.error().code;
  };
  EXPECT_EQ(code("a.b", "web", kRun, "run.created"), Code::kInvalidRequest);
  EXPECT_EQ(code("acme", ">", kRun, "run.created"), Code::kInvalidRequest);
  EXPECT_EQ(code("acme", "web", "*", "run.created"), Code::kInvalidRequest);
  EXPECT_EQ(code("acme", "web", kRun, "a\r\nNats-Msg-Id: 1"), Code::kInvalidRequest);
  server->kill();
  wait_until_disconnected(*node);
  EXPECT_EQ(code("acme", "web", kRun, "run.created"), Code::kUnavailable);
}

}  // namespace
}  // namespace troupe::nats
