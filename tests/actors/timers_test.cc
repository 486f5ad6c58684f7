#include "actors/timers/timer_actor.h"

#include <gtest/gtest.h>

#include <caf/scheduler/test_coordinator.hpp>

#include "actors/node/services.h"
#include "actors/store/reader_actor.h"
#include "adapters/memory/memory_store.h"
#include "adapters/system/hasher.h"
#include "tests/simulation/faulty_reader.h"
#include "tests/simulation/ports.h"

namespace troupe::actors {
namespace {

class NoScripts final : public ScriptExecutor {
 public:
  void submit(ScriptJob, Done) override {}
  void cancel(std::uint64_t) override {}
};

/// Its readers fail as long as `fails` says, and count how often they are asked.
class FailingStore final : public store::Store {
 public:
  store::Writer& writer() override { return disk_.writer(); }
  std::unique_ptr<store::Reader> open_reader() override;
  store::StoreInfo info() const override { return disk_.info(); }
  std::uint64_t journal_bytes() const override { return disk_.journal_bytes(); }
  std::uint64_t wal_bytes() const override { return 0; }

  bool fails = false;
  int asked = 0;

 private:
  class Reader final : public simulation::FaultyReader {
   public:
    Reader(std::unique_ptr<store::Reader> disk, FailingStore& of)
        : FaultyReader(std::move(disk)), of_(of) {}

   private:
    Status reach() const override {
      ++of_.asked;
      return of_.fails ? Status(Error{Code::kUnavailable, "out of reach", {}}) : ok();
    }
    FailingStore& of_;
  };
  memory::MemoryStore disk_;
};

std::unique_ptr<store::Reader> FailingStore::open_reader() {
  return std::make_unique<Reader>(disk_.open_reader(), *this);
}

caf::actor_system_config& testing_config(caf::actor_system_config& config) {
  config.set("scheduler.policy", caf::atom("testing"));
  config.set("logger.verbosity", caf::atom("quiet"));
  return config;
}

class TimersTest : public ::testing::Test {
 protected:
  TimersTest() {
    services_.ownership.set(cluster::all_slots(), Ownership::Hold::kMine);
    services_.readers.push_back(spawn_reader(system_, store_, false));
    timers_ = spawn_timers(system_, services_);
    services_.tenant = [this](WorkspaceId) {
      ++fired_;
      return TenantActor{};
    };
    store::Batch batch;
    batch.snapshots.push_back({RunId{Uuid{1, 1}}, WorkspaceId{Uuid{2, 2}}, 1,
                               clock_.peek() + milliseconds(1), false, "asleep"});
    EXPECT_TRUE(store_.writer().commit(batch).ok());
  }
  ~TimersTest() override {
    caf::anon_send_exit(timers_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(services_.readers[0], caf::exit_reason::user_shutdown);
    services_.gate.on_busy({});
    pass({});
  }
  void pass(Duration time) {
    auto& scheduler = static_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
    scheduler.run();
    for (std::int64_t ms = 0; ms < time.us / 1000; ++ms) {
      clock_.advance(milliseconds(1));
      scheduler.advance_time(std::chrono::milliseconds(1));
      scheduler.run();
    }
  }

  FailingStore store_;
  NoScripts scripts_;
  simulation::AnySyntax syntax_;
  simulation::NoPatterns patterns_;
  simulation::SimClock clock_;
  simulation::SimEntropy entropy_{7};
  system::Blake2bHasher hasher_;
  simulation::SimLog log_;
  simulation::NoMetrics metrics_;
  int fired_ = 0;
  Services services_{{}, {store_, scripts_, syntax_, patterns_, clock_, entropy_, hasher_, log_,
                          metrics_, nullptr, [] {}}};
  caf::actor_system_config config_;
  caf::actor_system system_{testing_config(config_)};
  TimerActor timers_;
};

TEST_F(TimersTest, WhatCouldNotBeReadIsReadAgainSoonAndNotAllTheTime) {
  store_.fails = true;
  caf::anon_send(timers_, BeginTimers{});
  pass(seconds(60));
  EXPECT_EQ(fired_, 0);
  EXPECT_GE(store_.asked, 12);
  EXPECT_LE(store_.asked, 25) << "a store that is away is left in peace";
  store_.fails = false;
  pass(seconds(5));
  EXPECT_EQ(fired_, 1);
  const int asked = store_.asked;
  pass(seconds(60));
  EXPECT_EQ(store_.asked, asked) << "nothing more is to come";
}

}  // namespace
}  // namespace troupe::actors
