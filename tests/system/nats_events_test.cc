// Events of runs as they leave a node over NATS, seen by a client in another language.
#include <signal.h>

#include <sstream>

#include "tests/adapters/nats/nats_identity.h"
#include "tests/support/nats_server.h"
#include "tests/system/node_package.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

constexpr int kPatienceMs = 60'000;

class NatsEvents : public SystemTest {
 protected:
  static void SetUpTestSuite() {
    const Outcome installed = install_packages(TROUPE_WORKER_FOLDER);
    ASSERT_EQ(installed.exit, 0) << "The package nats of Node.js cannot be installed:\n"
                                 << installed.out << installed.err;
  }
  NatsEvents()
      : server_(data_dir(), {{"TROUPE_NATS__URL", nats_.url()}, {"TROUPE_NATS__EVENTS", "all"}}) {
    const Outcome made = run_program(watcher("create"), kPatienceMs);
    EXPECT_EQ(made.exit, 0) << made.err;
    server_.start();
    api_ = std::make_unique<Api>(server_);
  }
  Command watcher(const std::string& role) const {
    return {.arguments = {TROUPE_NODE, "watcher.js", nats_.url(), role},
            .directory = TROUPE_WORKER_FOLDER};
  }
  std::string run_to_end(const std::string& graph) {
    const std::string run = api_->start(api_->publish(graph));
    api_->wait_end(run);
    return run;
  }
  void wait_for(const std::string& run, std::size_t seq) {
    if (watcher_ == nullptr) watcher_ = std::make_unique<Process>(watcher("follow"));
    watcher_->wait_for_line("\"key\":\"" + run + "/" + std::to_string(seq) + "\"", kPatienceMs);
  }
  /// What was heard of a run, each number once and in their order.
  std::vector<Json> heard(const std::string& run) const {
    std::vector<Json> messages;
    std::istringstream lines(watcher_->out());
    for (std::string line; std::getline(lines, line);) {
      const Json message = parse_json(line);
      const std::string next = run + "/" + std::to_string(messages.size() + 1);
      if (text_at(message, "/key") == next) messages.push_back(message);
    }
    return messages;
  }
  /// Everything that the API tells of the run was heard, in order, and said the same.
  void expect_all_heard(const std::string& run) {
    const std::vector<Json> told = api_->events(run);
    wait_for(run, told.size());
    const std::vector<Json> messages = heard(run);
    ASSERT_EQ(messages.size(), told.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
      EXPECT_EQ(at(messages[i], "/event/data"), told[i]);
      EXPECT_EQ(text_at(messages[i], "/subject"), "troupe.v1.events.default.default." + run);
      EXPECT_EQ(text_at(messages[i], "/event/specversion"), "1.0");
      EXPECT_EQ(text_at(messages[i], "/event/id"), run + "/" + std::to_string(i + 1));
      EXPECT_EQ(text_at(messages[i], "/event/type"),
                "troupe." + text_at(told[i], "/event_type"));
    }
  }

  NatsServer nats_;
  Server server_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<Process> watcher_;
};

const char* const kPlain = "{@steps@:[{@id@:@a@,@name@:@a@,@type@:@lua_script@,"
                           "@script@:@return {text=string.rep('x',2000)}@}]}";

TEST_F(NatsEvents, EachEventOfARunIsHeardInOrder) { expect_all_heard(run_to_end(quoted(kPlain))); }

TEST_F(NatsEvents, ARunOfAWorkspaceWithoutAProjectIsHeardInNoProjectsPlace) {
  ASSERT_EQ(api_->post("/v1/workspaces", R"({"slug":"acme","name":"Acme"})").status, 201);
  Api acme(server_, {{"X-Tenant-Id", "acme"}});
  const std::string run = acme.start(acme.publish(quoted(kPlain)));
  acme.wait_end(run);
  const std::size_t last = acme.events(run).size();
  wait_for(run, last);
  const std::vector<Json> messages = heard(run);
  ASSERT_EQ(messages.size(), last);
  EXPECT_EQ(text_at(messages[0], "/subject"), "troupe.v1.events.acme._." + run);
  EXPECT_EQ(text_at(messages[0], "/event/source"), "/troupe/acme");
}

TEST_F(NatsEvents, RunsOfABulkStartAreHeardFromTheirFirstEventOn) {
  const std::string flow = api_->publish(quoted(kPlain));
  const Answer started = api_->post("/v1/workflows/" + flow + "/runs:batch",
                                    quoted("{@items@:[{@input@:{}},{@input@:{}},{@input@:{}}]}"));
  ASSERT_EQ(started.status, 200) << started.text;
  for (const Json& run : at(started.body, "/run_ids").as_array()) {
    const std::string id(run.as_string());
    api_->wait_end(id);
    expect_all_heard(id);
  }
}

TEST_F(NatsEvents, WhatHappensWhileNatsIsAwayIsHeardWhenItIsBack) {
  nats_.kill();
  const std::string run = run_to_end(quoted(kPlain));
  nats_.start();
  expect_all_heard(run);
}

TEST_F(NatsEvents, WhatAKilledServerHadNotSaidItsNextLifeSays) {
  nats_.kill();
  const std::string run = run_to_end(quoted(kPlain));
  server_.kill_hard();
  nats_.start();
  server_.start();
  api_ = std::make_unique<Api>(server_);
  expect_all_heard(run);
}

TEST_F(NatsEvents, AnOrderlyEndLeavesNothingUnsaid) {
  const std::string run = run_to_end(quoted(kPlain));
  const std::size_t last = api_->events(run).size();
  EXPECT_EQ(server_.terminate().exit, 0);
  wait_for(run, last);
}

TEST(NatsLogin, TheFileOfAnNkeysSeedIsEnough) {
  const TemporaryDirectory directory;
  const Nkey known(directory.path(), "known", 'U');
  const Nkey unknown(directory.path(), "unknown", 'U');
  const NatsServer nats("authorization { users: [ { nkey: " + known.public_key + " } ] }");
  for (const Nkey* key : {&known, &unknown}) {
    std::ofstream(directory.file("seed")) << key->seed << "\n";
    Process server({.arguments = {TROUPE_BINARY, "serve", "--data-dir", directory.file("data"),
                                  "--listen", "127.0.0.1:0"},
                    .environment = {{"TROUPE_NATS__URL", nats.url()},
                                    {"TROUPE_NATS__NKEY_FILE", directory.file("seed")}}});
    server.wait_for_line(key == &known ? "NATS is connected" : "NATS: there is no", kPatienceMs);
    server.signal(SIGTERM);
    EXPECT_EQ(server.finish(kPatienceMs).exit, 0);
  }
}

}  // namespace
}  // namespace troupe::testing
