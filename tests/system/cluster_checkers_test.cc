// The checks of the campaign themselves: what they would miss, nobody would hear of.
#include <algorithm>

#include "tests/system/cluster_campaign.h"
#include "tests/system/cluster_graphs.h"

namespace troupe::testing {
namespace {

class ClusterCheckers : public ClusterCampaign {
 protected:
  std::vector<std::string> overlap();
  /// What a check finds, of which it says the first.
  static void expect_caught(const std::vector<std::string>& faults) {
    ASSERT_FALSE(faults.empty()) << "nothing was noticed";
    std::fprintf(stderr, "caught: %zu, such as: %s\n", faults.size(), faults.front().c_str());
  }
};

/// One node is stopped while a script works; another takes over, does it again and ends the run;
/// then the first goes on with what it knows and what the script has said meanwhile. That it is
/// gone it cannot hear so soon, as its signs of life get no answer. What the journals look like
/// behind it, or nothing if it has ended before anything was wrong.
std::vector<std::string> ClusterCheckers::overlap() {
  Node& one = node(0);
  const std::string flow = cluster_.api(0).publish(
      graph_with(lua("long", "local t=0 for i=1,3e8 do t=t+1 end return {v=t}", "@timeout_s@:30"),
                 "steps.long.result.v"));
  const std::string run = cluster_.api(0).start(flow);
  EXPECT_EQ(cluster_.owner_of(run), 0u);
  std::string port;
  EXPECT_TRUE(eventually(lease_ms_, [&] {
    port = database().query("SELECT client_port FROM pg_stat_activity WHERE client_addr='" +
                            one.machine().address() + "' AND query LIKE '%SET lease_until=%'");
    return !port.empty();
  }));
  cluster_.api(0).wait_for(run, "step_started", "long");
  one.stop();
  const std::string state = "SELECT status FROM runs WHERE id='" + run + "'";
  EXPECT_LT(database().number(state), 4) << "it was over before anything could happen";
  one.machine().cut_port(std::stoi(port));
  EXPECT_TRUE(eventually(lease_ms_ + 30'000, [&] { return database().number(state) >= 4; }));
  EXPECT_EQ(faults_of_journals(database()), std::vector<std::string>());
  one.go_on();
  std::vector<std::string> faults;
  EXPECT_TRUE(eventually(lease_ms_ + 10'000, [&] {
    const bool has_ended = !one.running();
    faults = faults_of_journals(database());
    return has_ended || !faults.empty();
  })) << "it has not heard that it is gone";
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
  expect_caught(overlap());
}

TEST_F(ClusterCheckers, FindNothingWhereTheFenceHolds) {
  crowd_->start(3, 60, 0, 0);
  EXPECT_EQ(overlap(), std::vector<std::string>());
  EXPECT_TRUE(cluster_.heals_within(20'000));
  // The one run that no client knows of.
  History history = end_and_check(60'000);
  std::erase(history.faults, "1 runs were started by nobody");
  EXPECT_EQ(history.faults, std::vector<std::string>());
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

TEST_F(ClusterCheckers, MissNoEffectThatIsDoneTwiceOrForNobody) {
  crowd_->start(6, 0, 0, 0);
  campaign_->pass(lease_ms_);
  EXPECT_EQ(end_and_check(20'000).faults, std::vector<std::string>());
  if (!campaign_->has_effects()) campaign_->effects().serve(campaign_->bus(), {"default"});
  campaign_->effects().be_prompt();
  // As from a node whose start of the attempt was not durable when it sent the task.
  const auto tell = [this](const std::string& run) {
    const std::string task = R"({"run_id":")" + run + R"(","step_id":"once","idempotency_key":")" +
                             run + R"(/once","workspace":"default","args":{"n":1},"attempt":1})";
    const std::string subject = std::string("troupe.v1.work.default.") + Effects::kQueue;
    EXPECT_TRUE(campaign_->bus().request(subject, task, "", lease_ms_).has_value());
  };
  const std::vector<Accepted> all = crowd_->accepted();
  const auto chain = std::find_if(all.begin(), all.end(),
                                  [](const Accepted& one) { return one.run.program == 0; });
  ASSERT_NE(chain, all.end());
  const std::string run = chain->run.id;
  History history;
  tell(run);
  EXPECT_EQ(faults_of_effects(database(), campaign_->effects(), history),
            std::vector<std::string>());
  tell(run);
  expect_caught(faults_of_effects(database(), campaign_->effects(), history));
  tell("00000000-0000-7000-8000-000000000000");
  EXPECT_EQ(faults_of_effects(database(), campaign_->effects(), history).size(), 2u);
  history.second_answers = campaign_->effects().moods().doubled + 3;
  EXPECT_EQ(faults_of_effects(database(), campaign_->effects(), history).size(), 3u);
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
