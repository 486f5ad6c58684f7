// The embedded node behind `troupe run` and `troupe resume`, with the real store and sandbox.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "adapters/system/data_dir.h"
#include "deploy/troupe/exit_codes.h"
#include "runtime/json/read.h"
#include "tests/deploy/said.h"

namespace troupe::cli {
namespace {

class EmbeddedRun : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "troupe-run-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::string graph(const std::string& text) const {
    std::ofstream(dir_ + "/graph.json") << text;
    return dir_ + "/graph.json";
  }

  Said say(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--data-dir", dir_ + "/state"});
    return cli::say(arguments);
  }

  std::string dir_;
};

std::string at(const std::string& json, const std::string& pointer) {
  const auto value = json::at_pointer(json::trim(json), pointer);
  return value ? std::string(*value) : "absent";
}

constexpr const char* kApproval = R"({"steps":[
  {"id":"ok","type":"human_task","name":"o","task_type":"approval"},
  {"id":"send","type":"lua_script","name":"s","depends_on":["ok"],"script":"return {}"},
  {"id":"cleanup","type":"lua_script","name":"c","depends_on":["ok"],
   "condition":"{{steps.ok.result.approved}}","script":"return {done=true}"}]})";

TEST_F(EmbeddedRun, OutputGoesToStdoutAndTheRunIdToStderr) {
  const Said said = say({"run", graph(R"({"steps":[
    {"id":"fetch-product","type":"lua_script","name":"p","script":"return {price=19.99}"},
    {"id":"calc","type":"lua_script","name":"c","depends_on":["fetch-product"],
     "script":"return {total=steps.fetch_product.result.price*2}"}],
    "output":"{{steps.calc.result.total}}"})")});
  EXPECT_EQ(said.exit, kOk) << said.err;
  EXPECT_EQ(said.out, "39.98\n");
  EXPECT_EQ(said.err.rfind("run ", 0), 0u) << said.err;
}

TEST_F(EmbeddedRun, AFailureIsToldByExitCodeMessageAndContext) {
  const Said said = say({"run", "--json", graph(R"json({"steps":[
    {"id":"boom","type":"lua_script","name":"b","script":"error('kaput')"},
    {"id":"join","type":"lua_script","name":"j","depends_on":["boom"],
     "script":"return {}"}]})json")});
  EXPECT_EQ(said.exit, kRunFailed);
  EXPECT_EQ(at(said.out, "/status"), "\"failed\"") << said.out;
  EXPECT_EQ(at(said.out, "/steps/boom/error/code"), "\"lua_error\"") << said.out;
  EXPECT_EQ(at(said.out, "/steps/join/reason"), "\"blocked\"") << said.out;
  EXPECT_NE(said.err.find("kaput"), std::string::npos) << said.err;
}

TEST_F(EmbeddedRun, WithoutAnAnswerItWaitsAndResumeGoesOn) {
  const std::string path = graph(kApproval);
  const Said waiting = say({"run", path, "--json"});
  EXPECT_EQ(waiting.exit, kWaiting) << waiting.err;
  EXPECT_EQ(at(waiting.out, "/status"), "\"paused\"");
  EXPECT_EQ(at(waiting.out, "/pause_reason"), "\"human\"");
  EXPECT_NE(waiting.err.find("--approve ok"), std::string::npos) << waiting.err;
  const Said resumed = say({"resume", "--approve", "ok", "--json"});
  EXPECT_EQ(resumed.exit, kOk) << resumed.err;
  EXPECT_EQ(at(resumed.out, "/run_id"), at(waiting.out, "/run_id"));
  EXPECT_EQ(at(resumed.out, "/steps/cleanup/result/done"), "true") << resumed.out;
  EXPECT_EQ(say({"resume"}).err.rfind("nothing to resume", 0), 0u);
}

TEST_F(EmbeddedRun, ARejectedTaskSkipsWhatDependsOnIt) {
  const Said said = say({"run", graph(kApproval), "--reject", "ok", "--json"});
  EXPECT_EQ(said.exit, kOk) << said.err;
  EXPECT_EQ(at(said.out, "/steps/send/reason"), "\"rejected\"") << said.out;
  EXPECT_EQ(at(said.out, "/steps/cleanup/reason"), "\"condition\"") << said.out;
}

TEST_F(EmbeddedRun, AHeldDirectoryIsAUsageErrorThatNamesTheProcess) {
  const auto held = system::DataDir::hold(dir_ + "/state");
  ASSERT_TRUE(held);
  const Said said = say({"run", graph(kApproval)});
  EXPECT_EQ(said.exit, kUsage);
  EXPECT_NE(said.err.find(std::to_string(::getpid())), std::string::npos) << said.err;
}

TEST_F(EmbeddedRun, AnUnknownRunIsNotFound) {
  ASSERT_EQ(say({"run", graph(kApproval)}).exit, kWaiting);
  EXPECT_EQ(say({"resume", "01a20179-1b13-743b-a574-d2ff99d7c300"}).exit, kNotFound);
}

}  // namespace
}  // namespace troupe::cli
