#include "tests/system/cluster_campaign.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace troupe::testing {
namespace {

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

ClusterCampaign::ClusterCampaign()
    : seed_(number_from("TROUPE_CAMPAIGN_SEED", std::random_device()())),
      seconds_(number_from("TROUPE_CAMPAIGN_SECONDS", 0)),
      lease_ms_(seconds_ > 0 ? 6'000 : 2'000),
      random_(seed_),
      cluster_(3, {{"TROUPE_CLUSTER__LEASE_MS", std::to_string(lease_ms_)}}, true) {
  std::fprintf(stderr, "TROUPE_CAMPAIGN_SEED=%llu\n", static_cast<unsigned long long>(seed_));
  // Two builds from the beginning, if two are to be tried: one node is of the other.
  const char* const other = std::getenv("TROUPE_CAMPAIGN_OTHER");
  builds_ = {node(0).program(), other == nullptr ? node(0).program() : other};
  node(0).change_to(builds_[1]);
  cluster_.start_all();
  campaign_ = std::make_unique<Campaign>(
      cluster_, std::vector<std::string>{"default", "other"}, random_());
  crowd_ = std::make_unique<ClusterCrowd>(*campaign_, random_());
}

ClusterCampaign::~ClusterCampaign() {
  crowd_.reset();
  undo();
  if (HasFailure()) std::fprintf(stderr, "%s\n", cluster_.last_words().c_str());
}

std::vector<ClusterCampaign::Kind> ClusterCampaign::wanted_kinds() {
  std::vector<Kind> all = kinds();
  const char* const rows = std::getenv("TROUPE_CAMPAIGN_ROWS");
  if (rows == nullptr) return all;
  std::istringstream named(rows);
  const std::set<std::string> wanted{std::istream_iterator<std::string>(named), {}};
  std::erase_if(all, [&](const Kind& kind) { return wanted.count(kind.row()) == 0; });
  if (all.empty()) throw std::invalid_argument("TROUPE_CAMPAIGN_ROWS names no row");
  return all;
}

/// The short form takes some rows of the matrix and one kind of each, other ones each time.
std::vector<ClusterCampaign::Kind> ClusterCampaign::in_some_order(std::vector<Kind> all) {
  std::shuffle(all.begin(), all.end(), random_);
  if (seconds_ > 0) return all;
  std::map<std::string, int> of_row;
  std::erase_if(all, [&](const Kind& kind) {
    return ++of_row[kind.row()] > 1;
  });
  constexpr std::size_t kShort = 8;
  all.resize(std::min(all.size(), kShort));
  return all;
}

void ClusterCampaign::expect_load() {
  const long long open = cluster_.database().number("SELECT count(*) FROM runs WHERE status<4");
  report_.open_runs(open);
  EXPECT_GE(open, 200) << "too little was going on to mean anything";
}

void ClusterCampaign::undo() {
  // What came last goes first, as it may stand on what came before.
  while (!undo_.empty()) {
    undo_.back()();
    undo_.pop_back();
  }
}

void ClusterCampaign::expect_whole_within(int ms, const std::string& after) {
  EXPECT_TRUE(cluster_.heals_within(ms)) << "behind " << after;
  for (const std::string& end : cluster_.unasked_ends()) {
    ADD_FAILURE() << "behind " << after << ": " << end;
  }
}

void ClusterCampaign::commit(const Kind& kind) {
  expect_load();
  const std::size_t i = random_() % cluster_.size();
  Fault fault{kind.name, i, 0, 0, {}, bound_ms(), kind.from_heal, 0};
  for (const std::string& owner : cluster_.owners_by_slot()) {
    fault.hit.push_back(kind.from_heal || owner == node(i).name());
  }
  const std::string lives = "SELECT string_agg(number::text, ',' ORDER BY number) FROM nodes "
                            "WHERE state<2";
  if (kind.is_quiet) expect_whole_within(bound_ms(), "what came before");
  const std::string before = kind.is_quiet ? database().query(lives) : "";
  std::fprintf(stderr, "%-44s node-%zu", kind.name.c_str(), i + 1);
  fault.began = ms_since_midnight();
  kind.strike(i);
  if (kind.lasts) campaign_->pass(held_ms());
  undo();
  fault.healed = ms_since_midnight();
  const long long began_ms = now_ms();
  expect_whole_within(bound_ms() + 10'000, kind.name);
  fault.whole_ms = now_ms() - began_ms;
  if (kind.is_quiet) {
    EXPECT_EQ(database().query(lives), before) << kind.name << ": a node was declared gone";
  }
  std::fprintf(stderr, ", %5lld ms, whole %5lld ms later\n", fault.healed - fault.began,
               fault.whole_ms);
  report_.add(std::move(fault));
  // Longer than the beat of what goes on, so that no pause is taken for the next fault's.
  campaign_->pass(static_cast<int>(900 + random_() % 400));
}

/// Several at a time, which begin one after another and end in any order.
void ClusterCampaign::swarm(std::vector<Kind> all) {
  std::erase_if(all, [](const Kind& kind) { return kind.is_alone; });
  if (all.empty()) return;
  expect_load();
  std::string what;
  Fault fault{"24 swarm", 0, ms_since_midnight(), 0, std::vector<bool>(1024, true), 60'000, true,
              0};
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    const Kind& kind = all[random_() % all.size()];
    what += " [" + kind.name + "]";
    std::fprintf(stderr, "24 swarm: %s, node-%zu\n", kind.name.c_str(), i + 1);
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
  undo();
  fault.healed = ms_since_midnight();
  const long long began_ms = now_ms();
  expect_whole_within(60'000, "a swarm of" + what);
  fault.whole_ms = now_ms() - began_ms;
  std::fprintf(stderr, "24 swarm:%s, whole %lld ms later\n", what.c_str(), fault.whole_ms);
  report_.add(std::move(fault));
}

/// Lets go what waits for somebody. Those that have been told so, or have ended, wait no more.
void ClusterCampaign::open_gates(std::vector<Accepted>& waiting) {
  const std::size_t gate = campaign_->program("gate");
  std::erase_if(waiting, [&](const Accepted& one) {
    const bool is_human = campaign_->programs()[one.run.program].human;
    if (!is_human && one.run.program != gate) return true;
    Api api(campaign_->door(random_() % campaign_->doors(), one.tenant));
    const std::string run = "/v1/runs/" + one.run.id;
    const Answer told = is_human
                            ? api.post(run + "/tasks/ok/complete", R"({"approved":true})")
                            : api.post(run + "/events", R"({"event":"go","data":{"x":1}})");
    return told.status == 200 || told.status == 409;
  });
}

/// Says of effects in doubt what would have come of them. Those that are in no doubt refuse that.
void ClusterCampaign::answer_doubts(const std::vector<Accepted>& accepted) {
  if (!campaign_->has_effects()) return;
  const std::size_t program = campaign_->program("effects");
  std::istringstream asked(database().query("SELECT DISTINCT run FROM tasks WHERE pending=1"));
  const std::set<std::string> runs{std::istream_iterator<std::string>(asked), {}};
  for (const Accepted& one : accepted) {
    if (one.run.program != program || runs.count(one.run.id) == 0) continue;
    Api api(campaign_->door(random_() % campaign_->doors(), one.tenant));
    api.post("/v1/runs/" + one.run.id + "/tasks/" + Effects::kOnce + "/complete", vouched(one));
  }
}

History ClusterCampaign::end_and_check(int patience_ms) {
  crowd_->end();
  const std::vector<Accepted> accepted = crowd_->accepted();
  std::vector<Accepted> waiting = accepted;
  const auto all_have_ended = [&] {
    open_gates(waiting);
    answer_doubts(accepted);
    return database().number("SELECT count(*) FROM runs WHERE status<4") == 0;
  };
  static_cast<void>(eventually(patience_ms, all_have_ended));
  History history = check_history(*campaign_, accepted, random_());
  history.starts_in_doubt = crowd_->in_doubt();
  history.checks["I3 one key, one run: starts asked for again"] = crowd_->asked_again();
  history.add(crowd_->complaints());
  history.add(faults_of_journals(database(), &history.checks));
  history.add(faults_of_effects(database(), campaign_->effects(), history));
  history.add(faults_of_tables(database(), *campaign_, accepted, history));
  history.add(faults_of_calm(database(), patience_ms, &history.checks));
  std::fprintf(stderr,
               "%zu faults, %zu runs, at least %lld open, %d starts in doubt, %zu attempts done "
               "again\n",
               report_.size(), accepted.size(), report_.least_load(), history.starts_in_doubt,
               history.repeated_attempts);
  return history;
}

void ClusterCampaign::report(const History& history) {
  History whole = history;
  whole.add(report_.late(history));
  for (const std::string& fault : whole.faults) ADD_FAILURE() << fault;
  if (HasFailure() && whole.faults.empty()) {
    whole.faults.push_back("See the test's own output.");
  }
  const char* const file = std::getenv("TROUPE_CAMPAIGN_REPORT");
  if (file == nullptr) return;
  std::ofstream out(file);
  out << report_.markdown(whole, {seed_, static_cast<long long>(seconds_), lease_ms_,
                                  cluster_.size()})
      << std::flush;
  EXPECT_TRUE(out.good()) << file << " cannot be written";
}

}  // namespace troupe::testing
