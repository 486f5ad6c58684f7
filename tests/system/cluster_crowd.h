#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/system/campaign.h"
#include "tests/system/cluster_bus.h"
#include "tests/system/cluster_effects.h"
#include "tests/system/cluster_fixture.h"

namespace troupe::testing {

/// What all clients of a campaign share: where the nodes are, what they may start, and whether it
/// is over. Thread-safe; read-only but for `over`.
class Campaign {
 public:
  struct Tenant {
    std::string slug;
    std::vector<std::string> workflows;  ///< by program
  };

  /// What has been started by a message, and may be said again at any time without a second run.
  struct Said {
    std::string subject, body, key;
  };

  /// By as much some node's clock was wrong, between two times of day by the right one.
  struct WrongClock {
    long long from = 0, until = 0, by_ms = 0;
  };

  /// Publishes every program in each of the tenants.
  Campaign(TestCluster& cluster, std::vector<std::string> tenants, std::uint64_t seed);
  ~Campaign() { effects_.end(); }
  Campaign(const Campaign&) = delete;
  Campaign& operator=(const Campaign&) = delete;

  http_client::Options door(std::size_t node, std::size_t tenant) const;
  std::size_t doors() const { return doors_.size(); }
  const std::vector<Program>& programs() const { return programs_; }
  std::size_t program(const std::string& name) const;
  const std::vector<Tenant>& tenants() const { return tenants_; }
  Bus& bus() { return bus_; }
  Effects& effects() { return effects_; }
  /// Steps with effects need a build that executes `worker_task`.
  bool has_effects() const { return has_effects_; }
  void said(Said what);
  std::vector<Said> all_said() const;
  void clock_was_wrong(WrongClock clock);
  /// By how much times of day may be wrong that lie between these two; in milliseconds.
  long long clock_error(long long from, long long until) const;
  /// Lets that much time go by, unless it is over.
  void pass(int ms);
  void end();
  bool over() const;

 private:
  void publish_all(Api& api, Tenant& tenant);

  Effects effects_;  ///< outlives the bus, which calls it
  Bus bus_;
  bool has_effects_ = false;
  std::vector<Said> said_;
  std::vector<WrongClock> wrong_clocks_;
  std::vector<http_client::Options> doors_;
  std::vector<Program> programs_;
  std::vector<Tenant> tenants_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
};

struct Accepted {
  AcceptedRun run;
  std::size_t tenant = 0;
};

/// What a person says whom an effect's step asks: it has happened, with this result.
std::string vouched(const Accepted& accepted);

/// One client that asks any node, and another one when that does not answer; what it cannot know it
/// asks again with the same idempotency key. For one thread.
class Roamer {
 public:
  Roamer(Campaign& campaign, std::uint64_t seed, int number)
      : campaign_(campaign), random_(seed), number_(number) {}

  /// Starts runs of any program but those that last, and follows some of them.
  void churn();
  /// Keeps so many runs open that go on all the time, and follows each to its end.
  void keep_ticking(int runs);
  /// Starts so many runs of a program and leaves them.
  void start_and_leave(const std::string& program, int runs);
  const std::vector<Accepted>& accepted() const { return accepted_; }
  const std::vector<std::string>& complaints() const { return complaints_; }
  /// Starts whose answer it did not live to hear.
  int in_doubt() const { return in_doubt_; }
  /// Starts that were asked for again under their key though they had been answered.
  int asked_again() const { return asked_again_; }

 private:
  /// One try; nothing if that gave no answer, or one that only says that it was in vain.
  std::optional<Answer> ask(std::size_t tenant, const std::string& path, const std::string& body,
                            const http_client::Headers& headers);
  std::optional<Answer> insist(std::size_t tenant, const std::string& path,
                               const std::string& body, const http_client::Headers& headers = {});
  std::optional<Accepted> start(std::size_t program);
  /// Over NATS, by request or through JetStream; nothing if it is over before it is known.
  std::optional<Accepted> start_by_message(Accepted accepted);
  /// To the first event of one of these types; which it was, or nothing if none is to come.
  std::string follow(const Accepted& accepted, const std::vector<std::string>& types);
  void take_event(const Accepted& accepted, const Json& event, std::uint64_t* after);
  void approve(const Accepted& accepted);
  /// Where an effect is in doubt: as the person who is asked.
  void vouch(const Accepted& accepted);
  http_client::Options any_door(std::size_t tenant);

  Campaign& campaign_;
  std::mt19937_64 random_;
  int number_;
  long long count_ = 0;
  int in_doubt_ = 0;
  int asked_again_ = 0;
  std::optional<http_client::Client> client_;
  std::size_t client_tenant_ = 0;
  std::vector<Accepted> accepted_;
  std::vector<std::string> complaints_;
};

/// The clients of a campaign, each on a thread of its own. Owned by the test; ends them when it
/// goes.
class ClusterCrowd {
 public:
  ClusterCrowd(Campaign& campaign, std::uint64_t seed);
  ~ClusterCrowd();
  ClusterCrowd(const ClusterCrowd&) = delete;
  ClusterCrowd& operator=(const ClusterCrowd&) = delete;

  /// `gates` and `humans`: runs that stay open until the end.
  void start(int churning, int ticking, int gates, int humans);
  void end();
  /// All that was promised to anybody. After end().
  std::vector<Accepted> accepted() const;
  std::vector<std::string> complaints() const;
  int in_doubt() const;
  int asked_again() const;

 private:
  Roamer& add();

  Campaign& campaign_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Roamer>> roamers_;
  std::vector<std::thread> threads_;
};

}  // namespace troupe::testing
