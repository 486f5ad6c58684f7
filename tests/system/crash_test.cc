// The program is killed at random instants, again and again, while clients go on; in the end every
// run that was ever accepted must have exactly the output it would have had without.
#include <gtest/gtest.h>

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "tests/system/campaign.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

constexpr int kClients = 3;
constexpr const char* kApproved = R"({"approved":true})";

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::uint64_t new_seed() {
  const std::uint64_t seed = number_from("TROUPE_SEED", std::random_device()());
  std::fprintf(stderr, "TROUPE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

class CrashTest : public SystemTest {
 protected:
  void publish() {
    server_.start();
    Api api(server_);
    const std::string chain = api.publish(chain_program().graph, "chain");
    programs_ = mixed_programs(chain);
    workflows_.push_back(chain);
    for (std::size_t i = 1; i < programs_.size(); ++i) {
      workflows_.push_back(api.publish(programs_[i].graph, programs_[i].name));
    }
  }

  /// Lives and deaths of the server; the clients go on meanwhile.
  void kill_again_and_again(std::uint64_t kills, std::mt19937_64& random) {
    for (std::uint64_t i = 0; i < kills; ++i) {
      // It must live until it is killed, so waiting for its end is the way to let time pass.
      const int life_ms = static_cast<int>(20 + random() % 300);
      ASSERT_FALSE(server_.process().ends_within(life_ms))
          << "the server ended by itself: " << server_.process().err();
      uptime_.down();
      server_.kill_hard();
      const long long spawned = now_ms();
      server_.start();
      uptime_.up(spawned);
    }
  }

  void report(std::uint64_t kills, std::size_t runs) const {
    std::vector<long long> all = uptime_.recoveries_ms();
    if (all.empty()) return;
    std::sort(all.begin(), all.end());
    std::fprintf(stderr,
                 "%llu kills, %zu runs; from start to first progress of an interrupted run: "
                 "p50 %lld ms, p99 %lld ms, max %lld ms (%zu measured)\n",
                 static_cast<unsigned long long>(kills), runs, all[all.size() / 2],
                 all[all.size() * 99 / 100], all.back(), all.size());
    EXPECT_LE(all.back(), 5'000) << "recovery took longer than is promised";
  }

  void TearDown() override {
    if (!HasFailure()) return;
    const bool alive = server_.running();
    std::fprintf(stderr, "the server %s; it said: %s\n", alive ? "runs" : "has ended",
                 server_.process().err().c_str());
  }

  Server server_{data_dir()};
  Uptime uptime_;
  std::vector<Program> programs_;
  std::vector<std::string> workflows_;
};

/// How many runs a workflow has, by the lists that users see.
std::size_t count_runs(Api& api, const std::string& workflow) {
  std::size_t count = 0;
  std::string cursor;
  do {
    const Answer page =
        api.get("/v1/runs?limit=200&workflow_id=" + workflow + "&cursor=" + cursor);
    count += at(page.body, "/items").as_array().size();
    const Json& next = at(page.body, "/next_cursor");
    cursor = next.is_string() ? next.as_string().c_str() : "";
  } while (!cursor.empty());
  return count;
}

TEST_F(CrashTest, EveryAcceptedRunEndsRightWhateverIsKilled) {
  const std::uint64_t kills = number_from("TROUPE_KILLS", 200);
  std::mt19937_64 random(new_seed());
  publish();
  std::vector<std::unique_ptr<PatientClient>> clients;
  std::vector<std::thread> threads;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<PatientClient>(server_, uptime_, programs_, workflows_,
                                                      random(), i));
    threads.emplace_back([client = clients.back().get()] { client->work(); });
  }
  uptime_.up(now_ms());
  kill_again_and_again(kills, random);
  uptime_.end();
  for (std::thread& thread : threads) thread.join();

  Api api(server_);
  std::vector<std::size_t> wanted(programs_.size(), 0);
  std::size_t runs = 0;
  for (const auto& client : clients) {
    for (const std::string& complaint : client->complaints()) ADD_FAILURE() << complaint;
    for (const AcceptedRun& run : client->accepted()) {
      const Program& program = programs_[run.program];
      if (program.human) api.post("/v1/runs/" + run.id + "/tasks/ok/complete", kApproved);
      const std::string fault = fault_of_run(api, run, program);
      EXPECT_EQ(fault, "") << program.name << " run " << run.id;
      ++wanted[run.program];
      ++runs;
    }
  }
  EXPECT_GT(runs, kills) << "too little was going on to mean anything";
  // One more per client may have been in doubt when the campaign ended.
  for (std::size_t i = 1; i < programs_.size(); ++i) {
    const std::size_t there = count_runs(api, workflows_[i]);
    EXPECT_GE(there, wanted[i]) << programs_[i].name;
    EXPECT_LE(there, wanted[i] + kClients) << programs_[i].name << ": runs that nobody started";
  }
  report(kills, runs);
}

TEST_F(SystemTest, AKilledCommandLineRunResumesToTheSameOutput) {
  std::mt19937_64 random(new_seed());
  const std::string graph = file("chain.json", chain_program().graph);
  for (int i = 0; i < 12; ++i) {
    const std::string dir = data_dir() + std::to_string(i);
    std::string id;
    {
      Process process(
          {{TROUPE_BINARY, "run", graph, "--input", R"({"n":36})", "--data-dir", dir}, {}, {}, {}});
      id = process.wait_for_line("run ", 10'000).substr(4);
      process.ends_within(static_cast<int>(random() % 30));
      process.signal(SIGKILL);
      const Outcome killed = process.finish(5'000);
      if (killed.exit == 0) continue;  // It was quicker than the kill.
    }
    const Outcome resumed = troupe({"resume", id, "--data-dir", dir});
    EXPECT_EQ(resumed.exit, 0) << resumed.err;
    EXPECT_EQ(resumed.out, "42\n") << resumed.err;
  }
}

}  // namespace
}  // namespace troupe::testing
