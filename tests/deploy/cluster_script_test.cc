// deploy/cluster.sh from outside: real PostgreSQL, real nats-server, the built program.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "adapters/http_client/client.h"
#include "tests/conformance/temporary_directory.h"
#include "tests/support/json_value.h"
#include "tests/support/process.h"

namespace troupe::testing {
namespace {

constexpr int kScriptMs = 100'000;

Outcome script(std::vector<std::string> arguments, const std::string& binary = TROUPE_BINARY) {
  arguments.insert(arguments.begin(), "deploy/cluster.sh");
  return run_program({std::move(arguments), "", {{"TROUPE_BINARY", binary}}, ""}, kScriptMs);
}

/// Ended processes that nobody has waited for are not alive.
bool is_alive(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string stat;
  if (!std::getline(in, stat)) return false;
  const std::size_t state = stat.rfind(')') + 2;
  return stat.at(state) != 'Z' && stat.at(state) != 'X';
}

/// A directory whose cluster is down when the test is over, however it ended.
class ClusterScript : public ::testing::Test {
 protected:
  ~ClusterScript() override { EXPECT_EQ(script({"down", "--dir", dir()}).exit, 0); }

  std::string dir() const { return directory_.path().string(); }
  Json call(const std::string& command, std::vector<std::string> more = {}, int exit = 0) {
    more.insert(more.begin(), {command, "--dir", dir()});
    const Outcome outcome = script(std::move(more));
    EXPECT_EQ(outcome.exit, exit) << outcome.err;
    EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1) << outcome.out;
    return parse_json(outcome.out);
  }
  static int status_of(const Json& cluster, int node, const std::string& path) {
    Result<http_client::Options> options =
        http_client::options_for_url(text_at(cluster, "/nodes/" + std::to_string(node) + "/url"));
    if (!options) return 0;
    options->headers.emplace_back("Authorization", "Bearer " + text_at(cluster, "/token"));
    http_client::Client client(std::move(*options));
    const Result<http_client::Response> response = client.get(path);
    return response ? response->status : 0;
  }
  static pid_t pid_of(const Json& cluster, int node) {
    return static_cast<pid_t>(int_at(cluster, "/nodes/" + std::to_string(node) + "/pid"));
  }
  pid_t recorded_pid(const std::string& name) const {
    pid_t pid = 0;
    std::ifstream(dir() + "/run/" + name) >> pid;
    return pid;
  }

 private:
  TemporaryDirectory directory_;
};

TEST_F(ClusterScript, NodesComeUpWithOneTokenAndEndTogether) {
  const Json cluster = call("up", {"--nodes", "2"});
  ASSERT_EQ(at(cluster, "/nodes").as_array().size(), 2u);
  EXPECT_EQ(text_at(cluster, "/nodes/1/name"), "node-2");
  EXPECT_EQ(text_at(cluster, "/postgres").substr(0, 18), "postgres://troupe:");
  EXPECT_EQ(text_at(cluster, "/nats").substr(0, 14), "nats://troupe:");
  for (const int node : {0, 1}) {
    EXPECT_EQ(status_of(cluster, node, "/readyz"), 200);
    EXPECT_EQ(status_of(cluster, node, "/v1/workflows"), 200) << "the token is not shared";
  }
  std::vector<pid_t> all = {pid_of(cluster, 0), pid_of(cluster, 1), recorded_pid("nats"),
                            recorded_pid("postgres")};
  // One that has been stopped has to end as well.
  ::kill(all[0], SIGSTOP);
  EXPECT_EQ(script({"down", "--dir", dir()}).exit, 0);
  for (const pid_t pid : all) EXPECT_FALSE(is_alive(pid)) << pid;
  EXPECT_EQ(script({"down", "--dir", dir()}).exit, 0) << "the second time";
}

TEST_F(ClusterScript, WhatWasKilledComesBackWhereItWas) {
  const Json first = call("up", {"--nodes", "1"});
  ::kill(pid_of(first, 0), SIGKILL);
  const Json dead = call("status", {}, 1);
  EXPECT_TRUE(at(dead, "/nodes/0/pid").is_null());
  const Json again = call("start", {"--node", "1"});
  EXPECT_NE(pid_of(again, 0), pid_of(first, 0));
  EXPECT_EQ(text_at(again, "/nodes/0/url"), text_at(first, "/nodes/0/url"));
  ::kill(recorded_pid("postgres"), SIGKILL);
  ::kill(recorded_pid("nats"), SIGKILL);
  const Json healed = call("up");
  EXPECT_EQ(text_at(healed, "/postgres"), text_at(first, "/postgres"));
  EXPECT_EQ(text_at(healed, "/nats"), text_at(first, "/nats"));
  EXPECT_EQ(pid_of(healed, 0), pid_of(again, 0)) << "what runs is left alone";
  EXPECT_EQ(text_at(call("status"), "/nodes/0/ready"), "true");
}

TEST_F(ClusterScript, WhatHasStartedEndsWhenTheRestDoesNot) {
  const Outcome outcome = script({"up", "--dir", dir(), "--nodes", "1"}, "/bin/false");
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("node-1 does not start"), std::string::npos) << outcome.err;
  for (const std::string name : {"postgres", "nats", "node-1"}) {
    EXPECT_FALSE(std::filesystem::exists(dir() + "/run/" + name)) << name;
  }
}

TEST_F(ClusterScript, AProcessThatCameByAnOldIdIsLeftAlone) {
  std::filesystem::create_directories(dir() + "/run");
  Process bystander({{"/usr/bin/tail", "-f", "/dev/null"}});
  std::ofstream(dir() + "/run/nodes") << "1\n";
  std::ofstream(dir() + "/run/node-1") << bystander.pid() << " 1\n";
  EXPECT_EQ(script({"down", "--dir", dir()}).exit, 0);
  EXPECT_TRUE(bystander.running());
}

TEST_F(ClusterScript, WrongArgumentsAreRefused) {
  EXPECT_EQ(script({"up"}).exit, 2);
  EXPECT_EQ(script({"up", "--dir", dir(), "--nodes", "many"}).exit, 2);
  EXPECT_EQ(script({"start", "--dir", dir()}).exit, 2);
  EXPECT_EQ(script({"status", "--dir", dir()}).exit, 1);
}

}  // namespace
}  // namespace troupe::testing
