#include "deploy/troupe/command_line.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "deploy/troupe/answers.h"
#include "deploy/troupe/exit_codes.h"
#include "deploy/troupe/graph_file.h"
#include "deploy/troupe/listen.h"
#include "deploy/troupe/owner_access.h"
#include "deploy/troupe/server_file.h"
#include "tests/deploy/said.h"

namespace troupe::cli {
namespace {

class CommandLine : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "troupe-cli-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    ::unsetenv("TROUPE_URL");
    ::unsetenv("TROUPE_TOKEN");
    ::unsetenv("TROUPE_CONFIG");
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(dir_ + "/" + name) << text;
    return dir_ + "/" + name;
  }
  std::string dir_;
};

TEST_F(CommandLine, AMistypedCommandIsAUsageErrorWithASuggestion) {
  const Said said = say({"rnu", "x.json"});
  EXPECT_EQ(said.exit, kUsage);
  EXPECT_EQ(said.out, "");
  EXPECT_EQ(said.err, "error: unknown command rnu; did you mean run?\nsee: troupe --help\n");
  const Said verb = say({"runs", "lits"});
  EXPECT_EQ(verb.exit, kUsage);
  EXPECT_NE(verb.err.find("unknown command lits; did you mean list?\nsee: troupe runs --help"),
            std::string::npos)
      << verb.err;
}

TEST_F(CommandLine, AMistypedOptionIsAUsageErrorWithASuggestion) {
  const Said said = say({"run", "x.json", "--aprove", "ok"});
  EXPECT_EQ(said.exit, kUsage);
  EXPECT_NE(said.err.find("unknown option --aprove; did you mean --approve?"), std::string::npos)
      << said.err;
}

TEST_F(CommandLine, HelpGoesToStdoutAndMissingArgumentsToStderr) {
  const Said help = say({"run", "--help"});
  EXPECT_EQ(help.exit, kOk);
  EXPECT_NE(help.out.find("Examples:"), std::string::npos) << help.out;
  EXPECT_EQ(help.err, "");
  const Said missing = say({"run"});
  EXPECT_EQ(missing.exit, kUsage);
  EXPECT_NE(missing.err.find("graph"), std::string::npos) << missing.err;
  EXPECT_EQ(say({}).exit, kUsage);
}

TEST_F(CommandLine, EveryFindingOfABadGraphHasItsLineAndColumn) {
  const std::string path = file("bad.json", R"(

{"steps": [
  {"id": "a", "type": "lua_script", "name": "a", "script": "return {"},
  {"id": "a", "type": "lua_script", "name": "b", "depends_on": ["nope"], "script": "return {}"}
]}
)");
  const Said said = say({"validate", path});
  EXPECT_EQ(said.exit, kUsage);
  EXPECT_EQ(said.out, "");
  EXPECT_NE(said.err.find(path + ":4:"), std::string::npos) << said.err;
  EXPECT_NE(said.err.find("[lua_syntax] (step a)"), std::string::npos) << said.err;
  EXPECT_NE(said.err.find(path + ":5:10: error: "), std::string::npos) << said.err;
  EXPECT_NE(said.err.find("[duplicate_id]"), std::string::npos) << said.err;
  EXPECT_NE(said.err.find("[dangling_dependency]"), std::string::npos) << said.err;
}

TEST_F(CommandLine, TextThatIsNotJsonHasItsLineAndColumn) {
  const std::string path = file("broken.json", "{\"steps\": [\n  {\"id\": }\n]}\n");
  const Said said = say({"validate", path});
  EXPECT_EQ(said.exit, kUsage);
  EXPECT_EQ(said.err.rfind(path + ":2:10: error: ", 0), 0u) << said.err;
  EXPECT_NE(said.err.find("[invalid_json]"), std::string::npos) << said.err;
}

TEST_F(CommandLine, ValidateAnswersJsonForPrograms) {
  const std::string path = file(
      "good.json", R"({"steps":[{"id":"a","type":"lua_script","name":"a","script":"return {}"}]})");
  const Said said = say({"validate", path, "--json"});
  EXPECT_EQ(said.exit, kOk);
  EXPECT_EQ(said.out.rfind("{\"valid\":true,", 0), 0u) << said.out;
}

TEST_F(CommandLine, AnInvalidGraphMakesNoDataDirectory) {
  const std::string path = file("cycle.json", R"({"steps":[
    {"id":"a","type":"lua_script","name":"a","depends_on":["b"],"script":"return {}"},
    {"id":"b","type":"lua_script","name":"b","depends_on":["a"],"script":"return {}"}]})");
  const Said said = say({"run", path, "--data-dir", dir_ + "/state"});
  EXPECT_EQ(said.exit, kUsage);
  EXPECT_NE(said.err.find("[cycle]"), std::string::npos) << said.err;
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/state"));
}

TEST_F(CommandLine, ADecisionMustNameAHumanTask) {
  const std::string path = file(
      "task.json", R"({"steps":[{"id":"review","type":"human_task","name":"r","task_type":"t"}]})");
  const Said said = say({"run", path, "--approve", "reviw", "--data-dir", dir_ + "/state"});
  EXPECT_EQ(said.exit, kUsage);
  EXPECT_NE(said.err.find("no human task reviw in this graph; did you mean review?"),
            std::string::npos)
      << said.err;
}

TEST_F(CommandLine, WithoutAServerClientsAreUnreachable) {
  const Said said = say({"runs", "list", "--data-dir", dir_});
  EXPECT_EQ(said.exit, kUnreachable);
  EXPECT_NE(said.err.find("troupe serve"), std::string::npos) << said.err;
}

TEST_F(CommandLine, ServeRefusesANetworkAddressInTheClear) {
  const Said said = say({"serve", "--listen", "0.0.0.0:0", "--data-dir", dir_ + "/state"});
  EXPECT_EQ(said.exit, kUsage);
  EXPECT_NE(said.err.find("--behind-proxy"), std::string::npos) << said.err;
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/state"));
}

TEST_F(CommandLine, ConfigShowTellsOrigins) {
  const std::string path = file("t.toml", "[engine]\ndurability = \"strict\"\n");
  const Said said = say({"config", "show", "--origin", "--config", path, "--data-dir", "/d"});
  EXPECT_EQ(said.exit, kOk);
  EXPECT_NE(said.out.find("data_dir = \"/d\"  # flag\n"), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("durability = \"strict\"  # " + path + ":2\n"), std::string::npos)
      << said.out;
  EXPECT_NE(said.out.find("workers = 0  # default\n"), std::string::npos) << said.out;
  EXPECT_EQ(say({"config", "check", "--config", file("x.toml", "[engin]\na = 1\n")}).exit, kUsage);
}

TEST_F(CommandLine, ServerFileIsReadBack) {
  ASSERT_TRUE(write_server_file(dir_, {"http://127.0.0.1:7", 42}));
  const auto server = read_server_file(dir_);
  ASSERT_TRUE(server);
  EXPECT_EQ(server->url, "http://127.0.0.1:7");
  EXPECT_EQ(server->pid, 42);
  remove_server_file(dir_);
  EXPECT_FALSE(read_server_file(dir_));
}

TEST(Listen, LoopbackIsToldFromNetworks) {
  EXPECT_TRUE(parse_listen("127.0.0.1:7420")->loopback);
  EXPECT_TRUE(parse_listen("127.9.9.9:1")->loopback);
  EXPECT_TRUE(parse_listen("localhost:0")->loopback);
  EXPECT_TRUE(parse_listen("[::1]:80")->loopback);
  EXPECT_FALSE(parse_listen("0.0.0.0:80")->loopback);
  EXPECT_FALSE(parse_listen("[::]:80")->loopback);
  for (const char* wrong : {"", "7420", "127.0.0.1", "127.0.0.1:", "host:80", "1.2.3.4:99999"}) {
    EXPECT_FALSE(parse_listen(wrong).ok()) << wrong;
  }
}

TEST(Decisions, NameAStepOrAStepInsideALoop) {
  const Decisions decisions{{"ok", "review#1#sign"}, {"no"}};
  EXPECT_EQ(decided(decisions, "ok"), std::optional(true));
  EXPECT_EQ(decided(decisions, "loop#3#ok"), std::optional(true));
  EXPECT_EQ(decided(decisions, "no"), std::optional(false));
  EXPECT_EQ(decided(decisions, "review#1#sign"), std::optional(true));
  EXPECT_EQ(decided(decisions, "review#2#sign"), std::nullopt);
}

TEST(OwnerAccess, OnlyTheWholeTokenCounts) {
  const OwnerAccess access("pat_secret");
  EXPECT_TRUE(access.authenticate("pat_secret").ok());
  for (const char* wrong : {"", "pat_secre", "pat_secretx", "pat_secreT"}) {
    EXPECT_EQ(access.authenticate(wrong).error().code, Code::kUnauthorized) << wrong;
  }
}

TEST(ExitCodes, FollowTheTableOfTheCommandLine) {
  EXPECT_EQ(exit_of(Code::kNotFound), kNotFound);
  EXPECT_EQ(exit_of(Code::kValidationFailed), kUsage);
  EXPECT_EQ(exit_of(Code::kDataDirHeld), kUsage);
  EXPECT_EQ(exit_of(Code::kRunEnded), kConflict);
  EXPECT_EQ(exit_of(Code::kUnavailable), kUnreachable);
}

TEST(ErrorPages, EveryCodeOfTheRegistryHasOne) {
#define X(enumerator, name, status, transient, title)                        \
  {                                                                          \
    std::ifstream page("deploy/errors/" name ".md");                         \
    std::string heading;                                                     \
    EXPECT_TRUE(std::getline(page, heading)) << "deploy/errors/" name ".md"; \
    EXPECT_EQ(heading, "# " name);                                           \
  }
  TROUPE_CODES(X)
#undef X
}

}  // namespace
}  // namespace troupe::cli
