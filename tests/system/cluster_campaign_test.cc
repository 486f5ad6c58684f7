// Three nodes, a database and a broker under load, and one fault after another: killed, stopped,
// ended, cut off, slowed and reset. Clients go on at whichever node answers; in the end everything
// that any of them was promised must be there, once.
//
// TROUPE_CAMPAIGN_SEED repeats the order of things (not the instants at which they hit);
// TROUPE_CAMPAIGN_SECONDS makes it as long as is wanted, with the lease that users have.
//
// Scripts cannot call out, so there is no count of effects from outside: what was executed is
// known by the numbers of attempts in the events. An attempt whose node died before it recorded
// anything leaves no trace here, as it leaves none in the store.
#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "tests/system/cluster_crowd.h"
#include "tests/system/cluster_fixture.h"
#include "tests/system/cluster_history.h"

namespace troupe::testing {
namespace {

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// By the clock that events carry.
long long ms_since_midnight() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return (now.tv_sec % 86'400) * 1'000 + now.tv_nsec / 1'000'000;
}

/// What was done to the cluster, and when.
struct Fault {
  std::string name;
  long long began = 0;              ///< since midnight, like the events
  long long healed = 0;
  std::vector<bool> hit;            ///< slots whose owner it hit
  int bound_ms = 0;                 ///< for progress, behind `from_heal ? healed : began`
  bool from_heal = false;
};

class ClusterCampaign : public ::testing::Test {
 protected:
  /// Something to do to a node, and how it is undone.
  struct Kind {
    std::string name;
    std::function<void(std::size_t)> strike;
    bool from_heal = true;  ///< what it stops goes on only once it is over
    bool lasts = true;      ///< it is held for a while
  };

  ClusterCampaign()
      : seed_(number_from("TROUPE_CAMPAIGN_SEED", std::random_device()())),
        seconds_(number_from("TROUPE_CAMPAIGN_SECONDS", 0)),
        lease_ms_(seconds_ > 0 ? 6'000 : 2'000),
        random_(seed_),
        cluster_(3, {{"TROUPE_CLUSTER__LEASE_MS", std::to_string(lease_ms_)}}) {
    std::fprintf(stderr, "TROUPE_CAMPAIGN_SEED=%llu\n", static_cast<unsigned long long>(seed_));
    cluster_.start_all();
    campaign_ = std::make_unique<Campaign>(cluster_, std::vector<std::string>{"default", "other"});
    crowd_ = std::make_unique<ClusterCrowd>(*campaign_, random_());
  }
  ~ClusterCampaign() override {
    crowd_.reset();
    if (HasFailure()) std::fprintf(stderr, "%s\n", cluster_.last_words().c_str());
  }

  std::vector<Kind> deaths();
  std::vector<Kind> losses();
  std::vector<Kind> outages();
  std::vector<Kind> kinds();
  std::vector<Kind> in_some_order(std::vector<Kind> all);
  void commit(const Kind& kind);
  void swarm(const std::vector<Kind>& all);
  /// Everything runs again and every slot has its owner, in time; the time it took.
  void expect_whole_within(int ms, const std::string& after);
  void expect_load();
  void open_gates(const std::vector<Accepted>& accepted);
  /// Ends the clients, waits until every run has ended, and looks for whatever is lost or wrong.
  History end_and_check(int patience_ms);
  void report(const History& history);
  int held_ms() { return static_cast<int>(lease_ms_ * (5 + random_() % 12) / 10); }
  /// For an interrupted run to go on, once nothing is in its way: 15 s with the default lease.
  int bound_ms() const { return lease_ms_ + 9'000; }
  Node& node(std::size_t i) { return cluster_.node(i); }
  Machine& wire(std::size_t i) { return node(i).machine(); }
  Database& database() { return cluster_.database(); }
  Broker& broker() { return cluster_.broker(); }

  const std::uint64_t seed_;
  const std::uint64_t seconds_;
  const int lease_ms_;
  std::mt19937_64 random_;
  TestCluster cluster_;
  std::unique_ptr<Campaign> campaign_;
  std::unique_ptr<ClusterCrowd> crowd_;
  std::vector<Fault> faults_;
  std::vector<long long> whole_after_ms_;
  long long least_load_ = 1'000'000;
};

std::vector<ClusterCampaign::Kind> ClusterCampaign::deaths() {
  return {
      {"1 kill -9", [this](std::size_t i) { node(i).kill_hard(); }, false},
      {"1 kill -9, back at once",
       [this](std::size_t i) {
         node(i).kill_hard();
         node(i).launch();
       },
       false, false},
      {"1 two killed at once",
       [this](std::size_t i) {
         node(i).signal(SIGKILL);
         node((i + 1) % 3).kill_hard();
         EXPECT_TRUE(node(i).ends_within(10'000));
       }},
      {"1 killed while slots come",
       [this](std::size_t i) {
         node(i).signal(SIGTERM);
         campaign_->pass(static_cast<int>(random_() % 60));
         node((i + 1) % 3).kill_hard();
         EXPECT_TRUE(node(i).ends_within(20'000));
       }},
      {"15 postmaster killed while slots come",
       [this](std::size_t i) {
         node(i).signal(SIGTERM);
         campaign_->pass(static_cast<int>(random_() % 60));
         database().end(SIGKILL);
         database().start();
         EXPECT_TRUE(node(i).ends_within(20'000));
       },
       true, false},
      {"3 zombie",
       [this](std::size_t i) {
         node(i).stop();
         campaign_->pass(lease_ms_);
       },
       false},
      {"4 SIGTERM",
       [this](std::size_t i) {
         EXPECT_EQ(node(i).terminate(10'000), 0) << node(i).last_words();
       },
       false},
      {"4 SIGTERM twice",
       [this](std::size_t i) {
         node(i).signal(SIGTERM);
         campaign_->pass(static_cast<int>(random_() % 40));
         node(i).signal(SIGTERM);
         EXPECT_TRUE(node(i).ends_within(10'000));
       },
       false}};
}

std::vector<ClusterCampaign::Kind> ClusterCampaign::losses() {
  return {
      {"12 cut off from the database",
       [this](std::size_t i) { wire(i).cut(database().machine()); }, false},
      {"12 cut off from the broker",
       [this](std::size_t i) { wire(i).cut(broker().machine()); }},
      {"12 cut off from all", [this](std::size_t i) { wire(i).isolate(); }, false},
      {"13 cannot reach the database",
       [this](std::size_t i) { wire(i).cut_outgoing(database().machine()); }},
      {"13 hears nothing of the database",
       [this](std::size_t i) { wire(i).cut_incoming(database().machine()); }},
      {"13 a fifth lost, 1 Mbit/s",
       [this](std::size_t i) {
         wire(i).lose(database().machine(), 20);
         wire(i).slow_down(1'000);
       }},
      {"14 reset at commits",
       [this](std::size_t i) {
         for (int pulse = 0; pulse < 8; ++pulse) {
           wire(i).reset_incoming(database().machine());
           campaign_->pass(static_cast<int>(20 + random_() % 80));
           wire(i).heal();
           campaign_->pass(static_cast<int>(100 + random_() % 200));
         }
       },
       true, false}};
}

std::vector<ClusterCampaign::Kind> ClusterCampaign::outages() {
  return {
      {"15 database restarted",
       [this](std::size_t) {
         database().end(SIGINT);
         database().start();
       },
       true, false},
      {"15 database stopped at once", [this](std::size_t) { database().end(SIGQUIT); }},
      {"15 postmaster killed", [this](std::size_t) { database().end(SIGKILL); }},
      {"16 broker restarted",
       [this](std::size_t) {
         broker().end_with(SIGTERM, 10'000);
         broker().start();
       },
       true, false},
      {"16 broker killed and its store deleted",
       [this](std::size_t) {
         broker().end_with(SIGKILL, 10'000);
         broker().delete_store();
       }},
      {"17 messages lost",
       [this](std::size_t) {
         for (std::size_t i = 0; i < cluster_.size(); ++i) wire(i).lose(broker().machine(), 30);
       }},
      {"17 messages late",
       [this](std::size_t) {
         for (int i = 0; i < 3; ++i) {
           broker().stop();
           campaign_->pass(lease_ms_ / 3);
           broker().go_on();
           campaign_->pass(200);
         }
       },
       true, false}};
}

std::vector<ClusterCampaign::Kind> ClusterCampaign::kinds() {
  std::vector<Kind> all = deaths();
  for (const auto& more : {losses(), outages()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// The short form takes no more than two of each row of the matrix, other ones each time.
std::vector<ClusterCampaign::Kind> ClusterCampaign::in_some_order(std::vector<Kind> all) {
  std::shuffle(all.begin(), all.end(), random_);
  if (seconds_ > 0) return all;
  std::map<std::string, int> of_row;
  std::erase_if(all, [&](const Kind& kind) {
    return ++of_row[kind.name.substr(0, kind.name.find(' '))] > 2;
  });
  return all;
}

void ClusterCampaign::expect_load() {
  const long long open = cluster_.database().number("SELECT count(*) FROM runs WHERE status<4");
  least_load_ = std::min(least_load_, open);
  EXPECT_GE(open, 200) << "too little was going on to mean anything";
}

void ClusterCampaign::expect_whole_within(int ms, const std::string& after) {
  const long long began = now_ms();
  EXPECT_TRUE(cluster_.heals_within(ms)) << "behind " << after;
  whole_after_ms_.push_back(now_ms() - began);
  for (const std::string& end : cluster_.unasked_ends()) {
    ADD_FAILURE() << "behind " << after << ": " << end;
  }
}

void ClusterCampaign::commit(const Kind& kind) {
  expect_load();
  const std::size_t i = random_() % cluster_.size();
  Fault fault{kind.name, 0, 0, {}, bound_ms(), kind.from_heal};
  for (const std::string& owner : cluster_.owners_by_slot()) {
    fault.hit.push_back(kind.from_heal || owner == node(i).name());
  }
  fault.began = ms_since_midnight();
  kind.strike(i);
  if (kind.lasts) campaign_->pass(held_ms());
  fault.healed = ms_since_midnight();
  expect_whole_within(bound_ms() + 10'000, kind.name);
  std::fprintf(stderr, "%-40s node-%zu, %5lld ms, whole %5lld ms later\n", kind.name.c_str(), i + 1,
               fault.healed - fault.began, whole_after_ms_.back());
  faults_.push_back(std::move(fault));
  // Longer than the beat of what goes on, so that no pause is taken for the next fault's.
  campaign_->pass(static_cast<int>(900 + random_() % 400));
}

/// Several at a time, which begin one after another and end in any order.
void ClusterCampaign::swarm(const std::vector<Kind>& all) {
  expect_load();
  std::string what;
  Fault fault{"24 swarm", ms_since_midnight(), 0, std::vector<bool>(1024, true), 60'000, true};
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    const Kind& kind = all[random_() % all.size()];
    what += " [" + kind.name + "]";
    // One that has ended cannot be hit again, nor a database or broker that is away.
    if (node(i).running() && cluster_.database().running() && cluster_.broker().running()) {
      kind.strike(i);
    }
    campaign_->pass(static_cast<int>(random_() % lease_ms_));
  }
  std::vector<std::size_t> order = {0, 1, 2};
  std::shuffle(order.begin(), order.end(), random_);
  for (const std::size_t i : order) {
    wire(i).heal();
    campaign_->pass(static_cast<int>(random_() % lease_ms_));
  }
  fault.healed = ms_since_midnight();
  expect_whole_within(60'000, "a swarm of" + what);
  std::fprintf(stderr, "24 swarm:%s, whole %lld ms later\n", what.c_str(), whole_after_ms_.back());
  faults_.push_back(std::move(fault));
}

/// How long each run that a fault hit made no progress, from the fault or from its end.
std::vector<long long> pauses(const Fault& fault, const History& history) {
  std::vector<long long> all;
  const long long from = fault.from_heal ? fault.healed : fault.began;
  for (const auto& [run, times] : history.events) {
    if (!fault.hit[slot_of_run(run)]) continue;
    const auto next = std::upper_bound(times.begin(), times.end(), from);
    if (next != times.begin() && next != times.end()) all.push_back(*next - from);
  }
  std::sort(all.begin(), all.end());
  return all;
}

void ClusterCampaign::report(const History& history) {
  std::map<std::string, std::vector<long long>> by_name;
  for (const Fault& fault : faults_) {
    const std::vector<long long> all = pauses(fault, history);
    if (all.empty()) continue;
    EXPECT_LE(all.back(), fault.bound_ms) << fault.name << ": an interrupted run went on too late";
    std::vector<long long>& same = by_name[fault.name];
    same.insert(same.end(), all.begin(), all.end());
  }
  for (auto& [name, all] : by_name) {
    std::sort(all.begin(), all.end());
    std::fprintf(stderr, "%-40s %5zu runs went on: p50 %5lld p99 %5lld max %5lld ms\n",
                 name.c_str(), all.size(), all[all.size() / 2], all[all.size() * 99 / 100],
                 all.back());
  }
}

/// Lets go what waits for somebody.
void ClusterCampaign::open_gates(const std::vector<Accepted>& accepted) {
  const std::size_t gate = campaign_->program("gate");
  for (const Accepted& one : accepted) {
    Api api(campaign_->door(random_() % campaign_->doors(), one.tenant));
    const std::string run = "/v1/runs/" + one.run.id;
    if (campaign_->programs()[one.run.program].human) {
      api.post(run + "/tasks/ok/complete", R"({"approved":true})");
    } else if (one.run.program == gate) {
      api.post(run + "/events", R"({"event":"go","data":{"x":1}})");
    }
  }
}

History ClusterCampaign::end_and_check(int patience_ms) {
  crowd_->end();
  const std::vector<Accepted> accepted = crowd_->accepted();
  open_gates(accepted);
  const auto all_have_ended = [this] {
    return database().number("SELECT count(*) FROM runs WHERE status<4") == 0;
  };
  static_cast<void>(eventually(patience_ms, all_have_ended));
  History history = check_history(*campaign_, accepted, random_());
  const std::vector<std::vector<std::string>> more = {
      crowd_->complaints(), faults_of_journals(database()),
      faults_of_tables(database(), *campaign_, accepted, crowd_->in_doubt()),
      faults_of_calm(database(), patience_ms)};
  for (const auto& faults : more) {
    history.faults.insert(history.faults.end(), faults.begin(), faults.end());
  }
  std::fprintf(stderr,
               "%zu faults, %zu runs, at least %lld open, %d starts in doubt, %zu attempts done "
               "again\n",
               faults_.size(), accepted.size(), least_load_, crowd_->in_doubt(),
               history.repeated_attempts);
  return history;
}

TEST_F(ClusterCampaign, EveryAcceptedRunEndsRightWhateverFails) {
  crowd_->start(3, 75, 200, 25);
  const std::vector<Kind> all = kinds();
  const long long until = now_ms() + static_cast<long long>(seconds_) * 1'000;
  do {
    for (const Kind& kind : in_some_order(all)) {
      commit(kind);
      if (HasFatalFailure()) return;
    }
    swarm(all);
  } while (now_ms() < until);
  const History history = end_and_check(60'000);
  for (const std::string& fault : history.faults) ADD_FAILURE() << fault;
  report(history);
}

// ---- The checks themselves: what they would miss, nobody would hear of. -------------------------

class ClusterCheckers : public ClusterCampaign {
 protected:
  std::vector<std::string> silence_members(int most);
  /// What a check finds, of which it says the first.
  static void expect_caught(const std::vector<std::string>& faults) {
    ASSERT_FALSE(faults.empty()) << "nothing was noticed";
    std::fprintf(stderr, "caught: %zu, such as: %s\n", faults.size(), faults.front().c_str());
  }
};

/// Nodes whose signs of life do not get through, while their commits do: others take over from one
/// that is as busy as ever. What the journals look like behind it.
std::vector<std::string> ClusterCheckers::silence_members(int most) {
  crowd_->start(3, 60, 0, 0);
  std::vector<std::string> faults;
  for (int i = 0; i < most && faults.empty(); ++i) {
    Node& one = node(static_cast<std::size_t>(i) % cluster_.size());
    std::string port;
    EXPECT_TRUE(eventually(lease_ms_, [&] {
      port = database().query("SELECT client_port FROM pg_stat_activity WHERE client_addr='" +
                              one.machine().address() + "' AND query LIKE '%SET lease_until=%'");
      return !port.empty();
    }));
    one.machine().cut_port(std::stoi(port));
    EXPECT_TRUE(one.ends_within(lease_ms_ + 10'000)) << "it has not heard that it is gone";
    // Both owners must have written before a fork shows.
    static_cast<void>(eventually(1'000, [&] {
      faults = faults_of_journals(database());
      return !faults.empty();
    }));
    EXPECT_TRUE(cluster_.heals_within(20'000));
  }
  return faults;
}

TEST_F(ClusterCheckers, MissNoNodeThatNoFenceHolds) {
  database().query(
      "CREATE OR REPLACE FUNCTION fence(node int8) RETURNS void LANGUAGE plpgsql AS "
      "$$ BEGIN END $$");
  // Journals of gone nodes stay for us to see: once one is dropped, that alone holds its node up.
  database().query(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN RAISE EXCEPTION 'no history today'; END $$; "
      "CREATE TRIGGER refuse BEFORE INSERT ON history FOR EACH ROW EXECUTE FUNCTION refuse()");
  expect_caught(silence_members(3));
}

TEST_F(ClusterCheckers, FindNothingWhereTheFenceHolds) {
  EXPECT_EQ(silence_members(1), std::vector<std::string>());
  EXPECT_EQ(end_and_check(60'000).faults, std::vector<std::string>());
}

TEST_F(ClusterCheckers, MissNoJournalThatATakeoverDoesNotRead) {
  database().query(
      "CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN NEW.tails := '{}'; RETURN NEW; END $$; "
      "CREATE TRIGGER forget BEFORE UPDATE ON slots FOR EACH ROW EXECUTE FUNCTION forget()");
  crowd_->start(6, 30, 0, 0);
  campaign_->pass(lease_ms_);
  for (std::size_t i = 0; i < 2; ++i) {
    node(i).kill_hard();
    EXPECT_TRUE(cluster_.heals_within(20'000));
  }
  expect_caught(end_and_check(5'000).faults);
}

TEST_F(ClusterCheckers, MissNoLateCommit) {
  crowd_->start(0, 0, 30, 0);
  // The last word of some run once more, in the journal of a node that does not own it.
  const std::string from = database().query(
      "SELECT n FROM journal_tables WHERE node=(SELECT min(node) FROM journal_tables) "
      "ORDER BY pg_relation_size(('journal_' || n)::regclass) DESC LIMIT 1");
  const std::string to = database().query(
      "SELECT n FROM journal_tables WHERE node=(SELECT max(node) FROM journal_tables) "
      "ORDER BY n DESC LIMIT 1");
  const auto table = [](const std::string& n) { return "journal_" + std::to_string(std::stoi(n)); };
  EXPECT_EQ(faults_of_journals(database()), std::vector<std::string>());
  database().query("INSERT INTO " + table(to) +
                   " SELECT (SELECT start+100000 FROM journal_tables WHERE n=" + to +
                   "), entity, hash, bytes FROM " + table(from) + " ORDER BY pos DESC LIMIT 1");
  expect_caught(faults_of_journals(database()));
}

}  // namespace
}  // namespace troupe::testing
