#include "adapters/nats/submission.h"

#include "adapters/system/hasher.h"
#include "runtime/json/read.h"
#include "tests/adapters/nats/start_engine.h"

namespace troupe::nats {
namespace {

using testing::Arrivals;
using testing::kPatience;
using testing::submission;

struct Answer {
  std::string body;
  std::string error;  ///< the header
  bool no_responders = false;
};

class NatsSubmission : public testing::NatsFixture {
 protected:
  NatsSubmission() {
    start_server();
    node = connect();
    client = connect();
  }
  std::unique_ptr<Submission> serve(Connection& connection, Submission::Options options = {}) {
    auto made = std::make_unique<Submission>(connection, intake, options);
    EXPECT_TRUE(connection.flush(kPatience).ok());
    return made;
  }
  /// Sends a request whose answer arrives in `answers`.
  void send(const std::string& subject, const std::string& body, const std::string& key = "") {
    if (inbox == nullptr) {
      inbox = client->subscribe("_INBOX.test", "", [this](const Message& message) {
        answers.add({std::string(message.body()),
                     std::string(message.header(kErrorHeader).value_or("")),
                     message.no_responders()});
      });
    }
    Outgoing message{subject, "_INBOX.test", body, {}};
    if (!key.empty()) message.headers = {{"Idempotency-Key", key}};
    ASSERT_TRUE(client->publish(message).ok());
  }
  Answer ask(const std::string& subject, const std::string& body, const std::string& key = "") {
    const std::size_t before = answers.size();
    send(subject, body, key);
    return answers.at(before);
  }
  void expect_problem(const Answer& answer, const std::string& code, int status) {
    EXPECT_EQ(answer.error, code);
    EXPECT_EQ(json::decode_string(json::member(answer.body, "code").value_or("")), code);
    EXPECT_EQ(json::as_int(json::member(answer.body, "status").value_or("")), status);
  }

  system::Blake2bHasher hasher;
  testing::StartEngine engine;
  Intake intake{engine, hasher, nullptr, {.trusted = milliseconds(100)}};
  std::unique_ptr<Connection> node;
  std::unique_ptr<Connection> client;
  Arrivals<Answer> answers;
  std::unique_ptr<Subscription> inbox;
  static constexpr const char* kSubject = "troupe.v1.submit.acme.web";
};

TEST_F(NatsSubmission, IsAnsweredWithTheRunAfterTheCommitAndNotBefore) {
  const auto service = serve(*node);
  engine.hold_commits();
  send(kSubject, submission());
  ASSERT_TRUE(engine.asked.wait_for(1));
  // Whatever the node had said by now would be here after these.
  ASSERT_TRUE(node->flush(kPatience).ok());
  ASSERT_TRUE(client->flush(kPatience).ok());
  EXPECT_EQ(answers.size(), 0u);
  engine.commit();
  EXPECT_EQ(answers.at(0).body, R"({"run_id":"00000000-0000-0189-0000-000000000001"})");
  EXPECT_EQ(answers.at(0).error, "");
}

TEST_F(NatsSubmission, TheEngineIsAskedForWhatTheBodyAndTheSubjectSay) {
  const auto service = serve(*node);
  ask(kSubject, std::string(R"({"workflow_id":")") + testing::kWorkflowId +
                    R"(","version":3,"input":{"a":1},"external_id":"x","else":0})");
  const StartRequest request = engine.asked.at(0);
  EXPECT_EQ(request.workspace, engine.rows.workspace_rows[0].id);
  EXPECT_EQ(request.project, engine.rows.project_rows[0].id);
  EXPECT_EQ(request.workflow, engine.rows.workflow_rows[0].id);
  EXPECT_EQ(request.version, 3);
  EXPECT_EQ(request.input.view(), R"({"a":1})");
  EXPECT_TRUE(request.input_given);
  EXPECT_EQ(request.external_id, "x");
  EXPECT_EQ(request.trigger_type, "nats");
  EXPECT_EQ(request.idempotency_key, "");
}

TEST_F(NatsSubmission, WithoutAProjectTheWorkspacesOwnScopeIsMeantAsOverHttp) {
  const auto service = serve(*node);
  const std::string subject = "troupe.v1.submit.acme._";
  EXPECT_EQ(ask(subject, submission()).error, "");
  EXPECT_EQ(engine.asked.at(0).workspace, engine.rows.workspace_rows[0].id);
  EXPECT_FALSE(engine.asked.at(0).project.set());
  // From now on that is its project `default`, which does not see what is another's.
  engine.read([this](store::Reader&) {
    store::Project other = engine.rows.project_rows[0];
    other.id = ProjectId(Uuid{7, 8});
    other.slug = "default";
    engine.rows.project_rows.push_back(other);
  });
  expect_problem(ask(subject, submission()), "not_found", 404);
  expect_problem(ask("troupe.v1.submit._._", submission()), "not_found", 404);
  expect_problem(ask("troupe.v1.submit.acme.__", submission()), "not_found", 404);
}

TEST_F(NatsSubmission, AKeyMakesOneRunOfOneBodyAndRefusesAnother) {
  const auto service = serve(*node);
  const Answer first = ask(kSubject, submission(R"({"a": 1})"), "key");
  const Answer again = ask(kSubject, submission(R"({"a":1})"), "key");
  EXPECT_EQ(first.body, again.body);
  EXPECT_EQ(engine.runs(), 1u);
  expect_problem(ask(kSubject, submission(R"({"a":2})"), "key"), "idempotency_mismatch", 422);
  EXPECT_NE(ask(kSubject, submission(R"({"a":1})"), "other").body, first.body);
  expect_problem(ask(kSubject, submission(), std::string(256, 'k')), "invalid_request", 400);
}

TEST_F(NatsSubmission, WhatCannotBeStartedIsRefusedWithAProblem) {
  const auto service = serve(*node);
  expect_problem(ask("troupe.v1.submit.acme.nowhere", submission()), "not_found", 404);
  expect_problem(ask("troupe.v1.submit.nowhere.web", submission()), "not_found", 404);
  expect_problem(ask("troupe.v1.submit.ACME.web", submission()), "not_found", 404);
  expect_problem(ask(kSubject, "{"), "invalid_json", 400);
  expect_problem(ask(kSubject, "[]"), "validation_failed", 422);
  expect_problem(ask(kSubject, "{}"), "validation_failed", 422);
  expect_problem(ask(kSubject, R"({"workflow_id":"x"})"), "validation_failed", 422);
  expect_problem(ask(kSubject, submission("[]")), "validation_failed", 422);
  expect_problem(
      ask(kSubject, R"({"workflow_id":"01890000-0000-7000-8000-0000000000ff"})"), "not_found", 404);
  engine.refuse({{Code::kNotPublished, "", {}}});
  expect_problem(ask(kSubject, submission()), "not_published", 409);
  EXPECT_EQ(engine.runs(), 0u);
  EXPECT_TRUE(shows("troupe_nats_submissions_total{kind=\"submit\",outcome=\"refused\"} 10"))
      << metrics.exposition();
}

TEST_F(NatsSubmission, AWorkflowThatIsArchivedLaterIsRefusedSoon) {
  const auto service = serve(*node);
  EXPECT_EQ(ask(kSubject, submission()).error, "");
  engine.read([this](store::Reader&) { engine.rows.workflow_rows[0].archived = true; });
  Answer answer;
  do answer = ask(kSubject, submission());
  while (answer.error.empty());
  expect_problem(answer, "conflict", 409);
}

TEST_F(NatsSubmission, MoreThanTheBoundUnderWayIsRefusedAtOnce) {
  const auto service = serve(*node, {.in_flight_max = 2});
  engine.hold_commits();
  send(kSubject, submission());
  send(kSubject, submission());
  ASSERT_TRUE(engine.asked.wait_for(2));
  expect_problem(ask(kSubject, submission()), "overloaded", 503);
  engine.commit();
  ASSERT_TRUE(answers.wait_for(3));
  EXPECT_EQ(ask(kSubject, submission()).error, "");
}

TEST_F(NatsSubmission, NodesShareTheWorkAndEachRequestStartsOneRun) {
  const auto other = connect();
  const auto first = serve(*node);
  const auto second = serve(*other);
  constexpr std::size_t kCount = 200;
  for (std::size_t i = 0; i < kCount; ++i) send(kSubject, submission());
  ASSERT_TRUE(answers.wait_for(kCount));
  EXPECT_EQ(engine.runs(), kCount);
  const auto one = first->endpoint().stats->shown();
  const auto two = second->endpoint().stats->shown();
  EXPECT_EQ(one.requests + two.requests, kCount);
  EXPECT_GT(one.requests, 0u);
  EXPECT_GT(two.requests, 0u);
}

TEST_F(NatsSubmission, ClosingAnswersWhatIsUnderWayAndTakesNoMore) {
  auto service = serve(*node);
  engine.hold_commits();
  send(kSubject, submission());
  ASSERT_TRUE(engine.asked.wait_for(1));
  std::thread closing([&] { service->close(); });
  // The subscription is gone as soon as the server says that nobody listens. Until then each is
  // answered.
  std::size_t sent = 1;
  do {
    send(kSubject, "{");
    EXPECT_TRUE(answers.wait_for(sent++));
  } while (!answers.all().back().no_responders);
  engine.commit();
  closing.join();
  EXPECT_TRUE(answers.wait_for(sent));
  EXPECT_EQ(engine.runs(), 1u);
  service = nullptr;
}

TEST_F(NatsSubmission, AnAnswerOfTheEngineAfterTheEndGoesNowhere) {
  auto service = serve(*node, {.in_flight_max = 10, .drain_time = milliseconds(1)});
  engine.hold_commits();
  send(kSubject, submission());
  ASSERT_TRUE(engine.asked.wait_for(1));
  service = nullptr;
  node = nullptr;
  engine.commit();
  EXPECT_EQ(answers.size(), 0u);
}

}  // namespace
}  // namespace troupe::nats
