// The program is killed at random instants, again and again, while clients go on; in the end every
// run that was ever accepted must have exactly the output it would have had without.
#include <gtest/gtest.h>

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/system/campaign.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

constexpr int kClients = 3;

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
  void campaign(std::uint64_t kills, Environment environment) {
    std::mt19937_64 random(new_seed());
    Server server(data_dir(), std::move(environment));
    server.start();
    Crowd crowd(server, kClients, random());
    crowd.start();
    kill_again_and_again(server, crowd.uptime(), kills, random);
    const std::size_t runs = crowd.expect_nothing_lost();
    EXPECT_GT(runs, kills) << "too little was going on to mean anything";
    report(kills, runs, crowd.uptime().recoveries_ms());
    if (HasFailure()) std::fprintf(stderr, "the server said: %s\n", server.process().err().c_str());
  }

 private:
  /// Lives and deaths of the server; the clients go on meanwhile.
  static void kill_again_and_again(Server& server,
                                   Uptime& uptime,
                                   std::uint64_t kills,
                                   std::mt19937_64& random) {
    for (std::uint64_t i = 0; i < kills; ++i) {
      // It must live until it is killed, so waiting for its end is the way to let time pass.
      const int life_ms = static_cast<int>(20 + random() % 300);
      ASSERT_FALSE(server.process().ends_within(life_ms))
          << "the server ended by itself: " << server.process().err();
      uptime.down();
      server.kill_hard();
      const long long spawned = now_ms();
      server.start();
      uptime.up(spawned);
    }
  }

  static void report(std::uint64_t kills, std::size_t runs, std::vector<long long> all) {
    ASSERT_FALSE(all.empty()) << "no interrupted run was seen to go on";
    std::sort(all.begin(), all.end());
    std::fprintf(stderr,
                 "%llu kills, %zu runs; from start to first progress of an interrupted run: "
                 "p50 %lld ms, p99 %lld ms, max %lld ms (%zu measured)\n",
                 static_cast<unsigned long long>(kills), runs, all[all.size() / 2],
                 all[all.size() * 99 / 100], all.back(), all.size());
    EXPECT_LE(all.back(), 5'000) << "recovery took longer than is promised";
  }
};

TEST_F(CrashTest, EveryAcceptedRunEndsRightWhateverIsKilled) {
  campaign(number_from("TROUPE_KILLS", 200), {});
}

TEST_F(CrashTest, StrictDurabilityKeepsTheSamePromises) {
  campaign(number_from("TROUPE_KILLS", 200) / 4, {{"TROUPE_ENGINE__DURABILITY", "strict"}});
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
