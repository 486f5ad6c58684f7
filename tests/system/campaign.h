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

#include "tests/support/api.h"
#include "tests/support/server.h"
#include "tests/system/crash_programs.h"

namespace troupe::testing {

/// Whether the server is up, and since when: what clients wait on after they have lost it.
class Uptime {
 public:
  void up(long long spawned_ms);
  void down();
  void end();
  /// The number of the present life of the server, once one runs that is newer than `seen`;
  /// nothing at the end of the campaign.
  std::optional<int> wait_newer(int seen);
  bool over() const;
  /// A run of an earlier life has gone on: the first such sign of a life counts as its recovery.
  void progressed(int life_of_run);
  std::vector<long long> recoveries_ms() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int life_ = 0;
  bool up_ = false;
  bool ended_ = false;
  bool progressed_ = false;
  long long spawned_ms_ = 0;
  std::vector<long long> recoveries_ms_;
};

struct AcceptedRun {
  std::string id;
  std::size_t program = 0;
  long long n = 0;
};

/// One client that goes on whatever happens to the server: what it cannot know it asks again with
/// the same idempotency key. For one thread.
class PatientClient {
 public:
  PatientClient(const Server& server,
                Uptime& uptime,
                const std::vector<Program>& programs,
                const std::vector<std::string>& workflows,
                std::uint64_t seed,
                int number);

  /// Starts runs and follows some of them until the campaign ends.
  void work();
  const std::vector<AcceptedRun>& accepted() const { return accepted_; }
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  /// Repeats the call until it is answered by something else than 503; nothing at the end.
  std::optional<Answer> insist(const std::string& path,
                               const std::string& body,
                               const http_client::Headers& headers);
  std::optional<std::string> start(std::size_t program, long long n, const std::string& key);
  /// Follows until an event of the type, or the end; goes on across lives behind the last seq.
  bool follow(const AcceptedRun& run, const std::string& type);
  void approve(const AcceptedRun& run);
  void lost();

  const Server& server_;
  Uptime& uptime_;
  const std::vector<Program>& programs_;
  const std::vector<std::string>& workflows_;
  std::mt19937_64 random_;
  int number_;
  int life_ = 0;
  bool over_ = false;
  std::optional<http_client::Client> client_;
  std::vector<AcceptedRun> accepted_;
  std::vector<std::string> complaints_;
};

/// What is wrong with one ended run's record; empty if nothing.
std::string fault_of_run(Api& api, const AcceptedRun& run, const Program& program);

/// Patient clients on threads of their own, and the check of everything that they were promised.
/// Owned by the test, whose thread tells when the server has gone and come; ends them when it goes.
class Crowd {
 public:
  /// Publishes the programs on the running server.
  Crowd(const Server& server, int clients, std::uint64_t seed);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void start();
  Uptime& uptime() { return uptime_; }
  /// Ends the clients and fails the test for whatever is lost, wrong or stuck, and for runs that
  /// nobody has started; how many runs there were.
  std::size_t expect_nothing_lost();

 private:
  void end();
  void expect_no_stray_runs(Api& api, const std::vector<std::size_t>& wanted) const;

  const Server& server_;
  Uptime uptime_;
  std::vector<Program> programs_;
  std::vector<std::string> workflows_;
  std::vector<std::unique_ptr<PatientClient>> clients_;
  std::vector<std::thread> threads_;
};

}  // namespace troupe::testing
