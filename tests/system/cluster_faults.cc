// What happens to a cluster, by the rows of the fault matrix: number and name of each kind.
#include <algorithm>
#include <cstdlib>

#include "tests/support/memory_limit.h"
#include "tests/system/cluster_campaign.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

constexpr int kAnswerMs = 2'000;
constexpr int kEndMs = 10'000;             ///< what is promised of an end in order
constexpr int kEndAmongFaultsMs = 20'000;  ///< where something else ends as well

/// Large enough that reading it takes more memory than a squeezed node has.
std::string large_graph() {
  std::string steps;
  for (int i = 0; i < 8'000; ++i) {
    steps += (i == 0 ? "" : ",") + lua("s" + std::to_string(i), "return {v=input.n}");
  }
  return R"({"graph":{"steps":[)" + steps + "]}}";
}

void end_tracer(Process& tracer) {
  if (!tracer.running()) return;
  tracer.signal(SIGINT);
  tracer.ends_within(kEndMs);
}

}  // namespace

void ClusterCampaign::tamper(const Daemon& daemon, const std::string& injection) {
  // A process has one tracer: in a swarm the next one takes the place of the one before.
  const std::shared_ptr<Process> before = tracers_[&daemon].lock();
  if (before != nullptr) end_tracer(*before);
  const std::shared_ptr<Process> tracer = daemon.tamper(injection);
  tracers_[&daemon] = tracer;
  undo_.push_back([tracer] { end_tracer(*tracer); });
}

void ClusterCampaign::kill_at_call(std::size_t i, const std::string& call) {
  node(i).may_end();
  const std::string when = std::to_string(1 + random_() % 40);
  try {
    tamper(node(i), call + ":signal=SIGKILL:when=" + when);
  } catch (const std::runtime_error&) {
    // It may come to that call, or to another end, before the tracer holds all of its threads.
    if (!node(i).ends_within(1'000)) throw;
    return;
  }
  expect_end(i, kEndAmongFaultsMs, "never came to that call");
}

void ClusterCampaign::squeeze(std::size_t i) {
  std::shared_ptr<MemoryLimit> limit = MemoryLimit::of(node(i).pid(), 1 << 20);
  if (limit == nullptr) return;
  node(i).may_end();
  undo_.push_back([limit]() mutable { limit.reset(); });
  const std::string path = "/v1/workflows/" + campaign_->tenants()[0].workflows[0] + "/validate";
  const std::string body = large_graph();
  for (int tries = 0; tries < 20 && node(i).running(); ++tries) {
    static_cast<void>(http_client::Client(campaign_->door(i, 0)).post(path, body));
  }
  expect_end(i, kEndMs, "had memory enough");
}

void ClusterCampaign::shift_clock(Daemon& of, long long ahead_ms) {
  const long long began = ms_since_midnight();
  of.set_clock(ahead_ms);
  undo_.push_back([this, &of, ahead_ms, began] {
    of.set_clock(0);
    campaign_->clock_was_wrong({began, ms_since_midnight(), std::abs(ahead_ms)});
  });
}

void ClusterCampaign::pass_itself_off_as(std::size_t i) {
  Command other = node(i).impostor(cluster_.folder() + "/impostor");
  const std::vector<std::string> unheard = {"/bin/sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh"};
  other.arguments.insert(other.arguments.begin(), unheard.begin(), unheard.end());
  const auto process = std::make_shared<Process>(other);
  undo_.push_back([process] {
    process->signal(SIGKILL);
    process->ends_within(kEndMs);
  });
  expect_end(i, lease_ms_ + kEndMs, "lives beside another of its name");
}

void ClusterCampaign::expect_directory_held(std::size_t i) {
  const long long asked = now_ms();
  const Outcome second = run_program(node(i).impostor(node(i).data_dir()), kEndMs);
  EXPECT_LE(now_ms() - asked, 1'000);
  EXPECT_EQ(second.exit, 2) << second.err;
  EXPECT_NE(second.err.find(std::to_string(node(i).pid())), std::string::npos) << second.err;
}

void ClusterCampaign::expect_end(std::size_t i, int timeout_ms, const std::string& otherwise) {
  if (node(i).ends_within(timeout_ms)) return;
  ADD_FAILURE() << node(i).name() << ": " << otherwise << ":\n" << node(i).last_words();
  node(i).kill_hard();
}

void ClusterCampaign::expect_end_in_order(std::size_t i) {
  node(i).signal(SIGTERM);
  expect_end(i, kEndMs, "was told to end and did not");
  EXPECT_EQ(node(i).exit_code(), 0) << node(i).last_words();
}

/// As for an upgrade, or the way back: where there is another build, some change to that one or
/// from it, and what follows finds both.
void ClusterCampaign::restart_one_by_one() {
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    expect_end_in_order(i);
    if (random_() % 2 == 0) {
      node(i).change_to(node(i).program() == builds_[0] ? builds_[1] : builds_[0]);
    }
    node(i).launch();
    EXPECT_TRUE(node(i).becomes_ready(bound_ms())) << node(i).last_words();
  }
}

void ClusterCampaign::steal_submissions() {
  const auto names =
      campaign_->bus().request("$JS.API.CONSUMER.NAMES.TROUPE_ENQUEUE", "{}", "", kAnswerMs);
  const std::string consumer = names ? text_at(parse_json(names->body), "/consumers/0") : "";
  if (consumer.empty()) return;
  const std::string next = "$JS.API.CONSUMER.MSG.NEXT.TROUPE_ENQUEUE." + consumer;
  std::vector<std::string> stolen;
  const long long until = now_ms() + lease_ms_;
  while (now_ms() < until) {
    // There is something to be had: what is known already, once more.
    const std::vector<Campaign::Said> said = campaign_->all_said();
    for (int i = 0; i < 20 && !said.empty(); ++i) {
      const Campaign::Said& one = said[random_() % said.size()];
      campaign_->bus().publish(one.subject, one.body, one.key);
    }
    const auto got = campaign_->bus().request(next, R"({"batch":1,"expires":100000000})", "", 150);
    if (got && !got->reply_to.empty()) stolen.push_back(got->reply_to);
  }
  for (std::size_t i = 0; i < stolen.size(); i += 2) campaign_->bus().publish(stolen[i], "+ACK");
}

void ClusterCampaign::flood() {
  const std::vector<Campaign::Said> said = campaign_->all_said();
  for (int i = 0; i < 1'000; ++i) {
    std::string noise;
    for (std::size_t length = random_() % 300; noise.size() < length;) {
      noise += static_cast<char>(random_());
    }
    const std::string number = std::to_string(random_() % 12);
    for (const char* const subject : {"troupe.i.all.", "troupe.i.node.", "troupe.i.reply."}) {
      campaign_->bus().publish(subject + number, noise);
    }
    campaign_->bus().publish("troupe.v1.submit.default.default", noise);
    campaign_->bus().publish("troupe.v1.enqueue.nobody." + number, noise, number);
    if (said.empty()) continue;
    const Campaign::Said& one = said[random_() % said.size()];
    campaign_->bus().publish(one.subject, one.body, one.key);
  }
}

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
         expect_end(i, kEndMs, "was killed and did not end");
       }},
      {"1 killed while slots come",
       [this](std::size_t i) {
         node(i).signal(SIGTERM);
         campaign_->pass(static_cast<int>(random_() % 60));
         node((i + 1) % 3).kill_hard();
         expect_end(i, kEndAmongFaultsMs, "was told to end and did not");
       }},
      {"15 postmaster killed while slots come",
       [this](std::size_t i) {
         node(i).signal(SIGTERM);
         campaign_->pass(static_cast<int>(random_() % 60));
         database().end(SIGKILL);
         database().start();
         expect_end(i, kEndAmongFaultsMs, "was told to end and did not");
       },
       true, false},
      {"3 zombie",
       [this](std::size_t i) {
         node(i).stop();
         campaign_->pass(lease_ms_);
       },
       false}};
}

std::vector<ClusterCampaign::Kind> ClusterCampaign::ends() {
  return {
      {"2 killed as it sends", [this](std::size_t i) { kill_at_call(i, "sendto"); }, false},
      {"2 killed before it hears", [this](std::size_t i) { kill_at_call(i, "recvfrom"); }, false},
      {"2 killed as it wakes a thread", [this](std::size_t i) { kill_at_call(i, "futex"); }, false},
      {"4 SIGTERM", [this](std::size_t i) { expect_end_in_order(i); }, false},
      {"4 SIGTERM twice",
       [this](std::size_t i) {
         node(i).signal(SIGTERM);
         campaign_->pass(static_cast<int>(random_() % 40));
         node(i).signal(SIGTERM);
         expect_end(i, kEndMs, "was told to end twice and did not");
       },
       false},
      {"5 out of memory", [this](std::size_t i) { squeeze(i); }, false},
      {"6 two on one directory", [this](std::size_t i) { expect_directory_held(i); }, true, false,
       true},
      {"6 two of one name", [this](std::size_t i) { pass_itself_off_as(i); }, false},
      {"23 restarted one by one", [this](std::size_t) { restart_one_by_one(); }, true, false, false,
       true}};
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
      {"15 database hangs",
       [this](std::size_t) {
         database().stop_all();
         campaign_->pass(held_ms());
         database().go_on_all();
       },
       true, false},
      {"15 one session hangs",
       [this](std::size_t i) {
         // The one in which the node commits, or the one in which it shows signs of life.
         const auto stopped = database().sessions_of(node(i).machine());
         if (stopped.empty()) return;
         const pid_t session = stopped[random_() % stopped.size()];
         ::kill(session, SIGSTOP);
         undo_.push_back([session] { ::kill(session, SIGCONT); });
       },
       true},
      {"16 broker restarted",
       [this](std::size_t) {
         broker().signal(SIGTERM);
         // One that has had its disk full may not hear it; whoever runs it kills it then.
         if (!broker().ends_within(10'000)) broker().end_with(SIGKILL, 10'000);
         broker().start();
       },
       true, false},
      {"16 broker killed and its store deleted",
       [this](std::size_t) {
         broker().end_with(SIGKILL, 10'000);
         broker().delete_store();
       }},
      {"16 broker hangs",
       [this](std::size_t) {
         broker().stop();
         undo_.push_back([this] {
           if (broker().running()) broker().go_on();
         });
       }}};
}

std::vector<ClusterCampaign::Kind> ClusterCampaign::disks() {
  return {
      {"2 database killed at a sync",
       [this](std::size_t) {
         tamper(database(),
                "fdatasync:signal=SIGKILL:when=" + std::to_string(1 + random_() % 20));
       }},
      {"8 power cut, database", [this](std::size_t) { database().cut_power(); }},
      {"8 power cut, broker", [this](std::size_t) { broker().cut_power(); }},
      {"8 power cut, both",
       [this](std::size_t) {
         broker().cut_power();
         database().cut_power();
       }},
      {"9 disk of the database full",
       [this](std::size_t) {
         database().disk().fill();
         undo_.push_back([this] { database().disk().make_room(); });
       }},
      {"9 disk of a node full",
       [this](std::size_t i) {
         node(i).disk().fill();
         undo_.push_back([this, i] { node(i).disk().make_room(); });
       },
       false, true, true},
      {"9 disk of the broker full",
       [this](std::size_t) {
         broker().disk().fill();
         undo_.push_back([this] { broker().disk().make_room(); });
       }},
      {"10 a sync fails", [this](std::size_t) { tamper(database(), "fdatasync:error=EIO"); }},
      {"10 syncs take 200 ms",
       [this](std::size_t) { tamper(database(), "fdatasync:delay_enter=200000"); }, true, true,
       true}};
}

std::vector<ClusterCampaign::Kind> ClusterCampaign::messages() {
  return {
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
       true, false},
      {"17 submissions stolen", [this](std::size_t) { steal_submissions(); }, true, false, true},
      {"17 repetitions and noise", [this](std::size_t) { flood(); }, true, true, true}};
}

std::vector<ClusterCampaign::Kind> ClusterCampaign::clocks() {
  return {
      {"18 clock ahead", [this](std::size_t i) { shift_clock(node(i), some_shift_ms()); }, true,
       true, true},
      {"18 clock behind", [this](std::size_t i) { shift_clock(node(i), -some_shift_ms()); }, true,
       true, true},
      {"18 clock jumps to and fro",
       [this](std::size_t i) {
         for (int jump = 0; jump < 8; ++jump) {
           shift_clock(node(i), jump % 2 == 0 ? some_shift_ms() : -some_shift_ms());
           campaign_->pass(static_cast<int>(100 + random_() % 400));
         }
       },
       true, false, true},
      {"18 clock of the database ahead",
       [this](std::size_t) { shift_clock(database(), some_shift_ms()); }},
      {"18 clock of the database behind",
       [this](std::size_t) { shift_clock(database(), -some_shift_ms()); }}};
}

std::vector<ClusterCampaign::Kind> ClusterCampaign::kinds() {
  std::vector<Kind> all = deaths();
  for (const auto& more : {ends(), losses(), outages(), disks(), messages(), clocks()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

}  // namespace troupe::testing
