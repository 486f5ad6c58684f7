#include "adapters/nats/enqueue.h"

#include "adapters/system/hasher.h"
#include "tests/adapters/nats/start_engine.h"

namespace troupe::nats {
namespace {

using testing::kPatience;
using testing::submission;

class NatsEnqueue : public testing::NatsFixture {
 protected:
  NatsEnqueue() {
    start_server();
    node = connect();
    client = connect();
    quick.stream.ack_wait = milliseconds(300);
    quick.retry_first = milliseconds(10);
    quick.retry_max = milliseconds(50);
    quick.heartbeat = milliseconds(100);
    quick.drain_time = milliseconds(1);
  }
  std::unique_ptr<Enqueue> serve(Connection& connection) {
    auto made = std::make_unique<Enqueue>(connection, intake, quick);
    while (!made->ready()) EXPECT_TRUE(client->flush(kPatience).ok());
    return made;
  }
  /// Until the stream has kept it.
  void enqueue(const std::string& body, const std::string& id = "",
               const std::string& subject = kSubject) {
    natsMsg* raw = nullptr;
    ASSERT_EQ(natsMsg_Create(&raw, subject.c_str(), nullptr, body.data(),
                             static_cast<int>(body.size())),
              NATS_OK);
    const Message message(raw);
    if (!id.empty()) {
      ASSERT_EQ(natsMsgHeader_Set(raw, "Nats-Msg-Id", id.c_str()), NATS_OK);
    }
    natsMsg* answer = nullptr;
    natsStatus status = NATS_NO_RESPONDERS;
    // Where the stream is being made anew, nobody listens for a moment.
    while (status == NATS_NO_RESPONDERS) {
      status = natsConnection_RequestMsg(&answer, client->link().get(), raw, 10'000);
    }
    ASSERT_EQ(status, NATS_OK);
    const Message kept(answer);
    ASSERT_EQ(kept.body().find("error"), std::string_view::npos) << kept.body();
  }
  std::uint64_t messages_kept() {
    jsCtx* context = nullptr;
    jsStreamInfo* info = nullptr;
    jsErrCode code{};
    EXPECT_EQ(natsConnection_JetStream(&context, client->link().get(), nullptr), NATS_OK);
    EXPECT_EQ(js_GetStreamInfo(&info, context, Stream::kName, nullptr, &code), NATS_OK);
    const std::uint64_t count = info == nullptr ? 0 : info->State.Msgs;
    jsStreamInfo_Destroy(info);
    jsCtx_Destroy(context);
    return count;
  }
  void wait_until_kept(std::uint64_t count) {
    while (messages_kept() != count) {
    }
  }

  system::Blake2bHasher hasher;
  testing::StartEngine engine;
  Intake intake{engine, hasher, nullptr, {.trusted = milliseconds(100)}};
  Enqueue::Options quick;
  std::unique_ptr<Connection> node;
  std::unique_ptr<Connection> client;
  static constexpr const char* kSubject = "troupe.v1.enqueue.acme.web";
};

TEST_F(NatsEnqueue, AMessageLeavesTheStreamAfterTheCommitAndNotBefore) {
  const auto service = serve(*node);
  engine.hold_commits();
  enqueue(submission(R"({"a":1})"));
  EXPECT_EQ(engine.asked.at(0).input.view(), R"({"a":1})");
  ASSERT_TRUE(node->flush(kPatience).ok());
  EXPECT_EQ(messages_kept(), 1u);
  engine.commit();
  wait_until_kept(0);
  EXPECT_EQ(engine.runs(), 1u);
  EXPECT_TRUE(shows("troupe_nats_submissions_total{kind=\"enqueue\",outcome=\"accepted\"} 1"));
}

TEST_F(NatsEnqueue, WithoutAProjectTheRunIsOneOfTheWorkspaceAsAWhole) {
  const auto service = serve(*node);
  enqueue(submission(), "", "troupe.v1.enqueue.acme._");
  const StartRequest request = engine.asked.at(0);
  EXPECT_EQ(request.workspace, engine.rows.workspace_rows[0].id);
  EXPECT_FALSE(request.project.set());
  wait_until_kept(0);
}

TEST_F(NatsEnqueue, TheKeyIsTheMessagesIdOrItsPlaceInTheStream) {
  const auto service = serve(*node);
  enqueue(submission(), "order-7");
  enqueue(submission(), "order-7");  // the stream's own window
  enqueue(submission());
  enqueue(submission());
  ASSERT_TRUE(engine.asked.wait_for(3));
  wait_until_kept(0);
  EXPECT_EQ(engine.runs(), 3u);
  EXPECT_EQ(engine.asked.at(0).idempotency_key, "nats-msg-id:order-7");
  EXPECT_EQ(engine.asked.at(1).idempotency_key.substr(0, 8), "enqueue:");
  EXPECT_NE(engine.asked.at(1).idempotency_key, engine.asked.at(2).idempotency_key);
}

TEST_F(NatsEnqueue, WhatASlowCommitHoldsIsNotDeliveredAgain) {
  const auto service = serve(*node);
  engine.hold_commits();
  enqueue(submission());
  ASSERT_TRUE(engine.asked.wait_for(1));
  EXPECT_FALSE(engine.asked.wait_for(2, milliseconds(1500)));
  engine.commit();
  wait_until_kept(0);
}

TEST_F(NatsEnqueue, WhatDiesUnacknowledgedIsDeliveredToAnotherNodeUnderTheSameKey) {
  auto service = serve(*node);
  engine.hold_commits();
  enqueue(submission());
  ASSERT_TRUE(engine.asked.wait_for(1));
  service = nullptr;  // says no word about it
  engine.commit();    // though its run is there
  const auto other = connect();
  const auto successor = serve(*other);
  ASSERT_TRUE(engine.asked.wait_for(2));
  wait_until_kept(0);
  EXPECT_EQ(engine.asked.at(0).idempotency_key, engine.asked.at(1).idempotency_key);
  EXPECT_EQ(engine.runs(), 1u);
}

TEST_F(NatsEnqueue, WhatIsRefusedForNowComesAgain) {
  const auto service = serve(*node);
  engine.refuse({{Code::kOverloaded, "", {}}, {Code::kUnavailable, "", {}},
                 {Code::kOutcomeUnknown, "", {}}, {Code::kInternal, "", {}}});
  enqueue(submission());
  ASSERT_TRUE(engine.asked.wait_for(5));
  wait_until_kept(0);
  EXPECT_EQ(engine.runs(), 1u);
  EXPECT_TRUE(shows("troupe_nats_submissions_total{kind=\"enqueue\",outcome=\"retried\"} 4"));
}

TEST_F(NatsEnqueue, WhatCanNeverSucceedIsEndedWithItsReasonAndHoldsNobodyUp) {
  const auto service = serve(*node);
  enqueue("{");
  enqueue(R"({"workflow_id":"01890000-0000-7000-8000-0000000000ff"})");
  enqueue(submission(), "", "troupe.v1.enqueue.acme.Web");
  enqueue(submission());
  ASSERT_TRUE(engine.asked.wait_for(1));
  wait_until_kept(0);
  EXPECT_EQ(engine.runs(), 1u);
  EXPECT_TRUE(log.wait_for("sequence=1 code=invalid_json"));
  EXPECT_TRUE(log.wait_for("sequence=2 code=not_found reason=There is no such workflow."));
  EXPECT_TRUE(log.wait_for("sequence=3 code=not_found"));
  EXPECT_TRUE(shows("troupe_nats_submissions_total{kind=\"enqueue\",outcome=\"refused\"} 3"));
}

TEST_F(NatsEnqueue, NoMoreIsTakenThanMayBeUnderWay) {
  quick.in_flight_max = 4;
  const auto service = serve(*node);
  engine.hold_commits();
  for (int i = 0; i < 20; ++i) enqueue(submission());
  ASSERT_TRUE(engine.asked.wait_for(4));
  EXPECT_FALSE(engine.asked.wait_for(5, milliseconds(200)));
  engine.commit();
  ASSERT_TRUE(engine.asked.wait_for(20));
  wait_until_kept(0);
  EXPECT_EQ(engine.runs(), 20u);
}

TEST_F(NatsEnqueue, NodesShareWhatIsEnqueued) {
  quick.in_flight_max = 8;
  const auto other = connect();
  const auto first = serve(*node);
  const auto second = serve(*other);
  constexpr std::size_t kCount = 300;
  for (std::size_t i = 0; i < kCount; ++i) enqueue(submission());
  ASSERT_TRUE(engine.asked.wait_for(kCount));
  wait_until_kept(0);
  EXPECT_EQ(engine.runs(), kCount);
}

TEST_F(NatsEnqueue, ARestartedServerGivesWhatItKept) {
  const auto service = serve(*node);
  engine.hold_commits();
  enqueue(submission(), "before");
  ASSERT_TRUE(engine.asked.wait_for(1));
  server->kill();
  wait_until_disconnected(*node);
  wait_until_disconnected(*client);
  engine.commit();  // while its acknowledgement can go nowhere
  server->start();
  ASSERT_TRUE(client->wait_until_connected(kPatience));
  enqueue(submission(), "after");
  ASSERT_TRUE(engine.asked.wait_for(3));
  wait_until_kept(0);
  EXPECT_EQ(engine.runs(), 2u);
}

TEST_F(NatsEnqueue, ADeletedStoreIsMadeAnewAndItsNumbersMeanNothing) {
  const auto service = serve(*node);
  enqueue(submission());
  wait_until_kept(0);
  server->kill();
  wait_until_disconnected(*client);
  server->delete_store();
  server->start();
  ASSERT_TRUE(client->wait_until_connected(kPatience));
  enqueue(submission());  // the first message again, but of another stream
  ASSERT_TRUE(engine.asked.wait_for(2));
  wait_until_kept(0);
  EXPECT_EQ(engine.runs(), 2u);
  EXPECT_NE(engine.asked.at(0).idempotency_key, engine.asked.at(1).idempotency_key);
}

TEST_F(NatsEnqueue, AStreamThatIsDeletedUnderALiveServerIsMadeAnew) {
  const auto service = serve(*node);
  jsCtx* context = nullptr;
  ASSERT_EQ(natsConnection_JetStream(&context, client->link().get(), nullptr), NATS_OK);
  ASSERT_EQ(js_DeleteStream(context, Stream::kName, nullptr, nullptr), NATS_OK);
  jsCtx_Destroy(context);
  enqueue(submission());
  ASSERT_TRUE(engine.asked.wait_for(1));
  wait_until_kept(0);
}

TEST_F(NatsEnqueue, AServerWithoutJetStreamIsReportedOnceAndTriedOn) {
  start_server("jetstream: false");
  node = connect();
  client = connect();
  const Enqueue service(*node, intake, quick);
  const std::string complaint = "the stream of submissions is not available";
  ASSERT_TRUE(log.wait_for(complaint));
  EXPECT_FALSE(service.ready());
  server->kill();
  wait_until_disconnected(*node);
  wait_until_disconnected(*client);
  server->start("");
  ASSERT_TRUE(client->wait_until_connected(kPatience));
  enqueue(submission());
  ASSERT_TRUE(engine.asked.wait_for(1));
  EXPECT_EQ(log.text().find(complaint), log.text().rfind(complaint)) << log.text();
}

TEST_F(NatsEnqueue, WhoEndsDoesNotWaitForAJetStreamThatIsSilent) {
  start_server("jetstream: false");  // what asks for it is an ordinary message here
  node = connect();
  client = connect();
  testing::Arrivals<int> asked;
  const auto silent =
      client->subscribe("$JS.API.>", "", [&asked](const Message&) { asked.add(1); });
  ASSERT_TRUE(client->flush(kPatience).ok());
  Enqueue enqueue(*node, intake, quick);
  ASSERT_TRUE(asked.wait_for(1));
  const auto began = std::chrono::steady_clock::now();
  enqueue.close();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
}

TEST_F(NatsEnqueue, AFullStreamRefusesThePublisherAndKeepsWhatItHas) {
  engine.hold_commits();
  quick.stream.bytes_max = 4096;
  const auto service = serve(*node);
  const std::string body = submission("{\"a\":\"" + std::string(1500, 'x') + "\"}");
  enqueue(body);
  enqueue(body);
  natsMsg* answer = nullptr;
  ASSERT_EQ(natsConnection_RequestString(&answer, client->link().get(), kSubject, body.c_str(),
                                         10'000),
            NATS_OK);
  EXPECT_NE(Message(answer).body().find("error"), std::string_view::npos);
  EXPECT_EQ(messages_kept(), 2u);
  engine.commit();
  wait_until_kept(0);
}

TEST(NatsDelivered, IsReadFromTheSubjectWithAndWithoutADomain) {
  const auto plain =
      parse_delivered("$JS.ACK.TROUPE_ENQUEUE.troupe-77.3.12.9.1700000000000000001.4");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->times, 3u);
  EXPECT_EQ(plain->sequence, 12u);
  EXPECT_EQ(key_of(*plain), "enqueue:77:12:1700000000000000001");
  const auto with_domain =
      parse_delivered("$JS.ACK.hub.ACC.TROUPE_ENQUEUE.troupe-77.3.12.9.1700000000000000001.4.rnd");
  ASSERT_TRUE(with_domain.ok());
  EXPECT_EQ(key_of(*with_domain), key_of(*plain));
  EXPECT_FALSE(parse_delivered("$JS.ACK.TROUPE_ENQUEUE.other.3.12.9.17.4").ok());
  EXPECT_FALSE(parse_delivered("_INBOX.x").ok());
}

}  // namespace
}  // namespace troupe::nats
