#pragma once

#include <signal.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/temporary_directory.h"
#include "tests/support/api.h"
#include "tests/support/disk.h"
#include "tests/support/false_clock.h"
#include "tests/support/network.h"
#include "tests/support/process.h"

namespace troupe::testing {

/// A server process on a machine of its own. Its outputs go to a file, so that it never waits for
/// somebody to read them. For the thread that made it.
class Daemon {
 public:
  explicit Daemon(std::unique_ptr<Machine> machine) : machine_(std::move(machine)) {}

  Machine& machine() { return *machine_; }
  const Machine& machine() const { return *machine_; }
  bool running() { return process_ != nullptr && process_->running(); }
  pid_t pid() const { return process_->pid(); }
  void signal(int number);
  void stop() { signal(SIGSTOP); }
  void go_on() { signal(SIGCONT); }
  void kill_hard();
  bool ends_within(int timeout_ms) { return process_->ends_within(timeout_ms); }
  bool has_run() const { return process_ != nullptr; }
  /// How one that does not run has ended; 0 if it was told to.
  int unasked_exit();
  /// Of one that has ended.
  int exit_code() { return process_->finish(1'000).exit; }
  /// A signal, and the exit code.
  int end_with(int number, int timeout_ms);
  /// That it ends now is wanted, whoever ends it.
  void may_end() { was_told_to_end_ = true; }
  /// What it and its present children ask of the kernel goes wrong in this way, an expression of
  /// strace (`fdatasync:error=EIO`), for as long as the answer lives.
  std::unique_ptr<Process> tamper(const std::string& injection) const;
  std::vector<pid_t> children() const;
  /// Of those that have one of their own: its wall clock is so far ahead of the machine's.
  void set_clock(long long ahead_ms) { clock_->set(ahead_ms); }
  /// What it has said, in all its lives.
  std::string all_words() const;
  /// The end of that.
  std::string last_words() const;

 protected:
  void launch(std::string log, std::vector<std::string> command, Environment environment = {});
  void own_clock(const std::string& file) { clock_ = std::make_unique<FalseClock>(file); }

 private:
  std::unique_ptr<Machine> machine_;
  std::string log_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<FalseClock> clock_;
  bool was_told_to_end_ = false;
};

/// PostgreSQL over TCP for the nodes; for the test over a socket that no network fault reaches.
class Database : public Daemon {
 public:
  /// `has_hardware`: its data lie on a disk of their own, and its clock is its own.
  Database(std::unique_ptr<Machine> machine, bool has_hardware);
  ~Database();
  void start();
  Disk& disk() { return *disk_; }
  /// The disk loses its power, and everything that runs on it ends.
  void cut_power();
  /// Every process of it, also those that serve sessions.
  void stop_all() { signal_all(SIGSTOP); }
  void go_on_all() { signal_all(SIGCONT); }
  /// The processes that serve the sessions of a machine.
  std::vector<pid_t> sessions_of(const Machine& machine) const;
  /// Ends it by SIGINT (fast), SIGQUIT (immediate) or SIGKILL.
  void end(int signal);
  std::string url() const;
  /// The rows of a statement, one per line; throws when it fails.
  std::string query(const std::string& sql) const;
  long long number(const std::string& sql) const { return std::stoll(query(sql)); }

 private:
  /// Kills what a killed postmaster has left behind.
  void end_orphans();

  Outcome ask(const std::string& sql) const;
  void signal_all(int number);
  std::string data() const { return directory_.file("disk/data"); }
  TemporaryDirectory directory_;
  std::unique_ptr<Disk> disk_;
  std::vector<pid_t> orphans_;  ///< served sessions when it was told to end
};

/// NATS with JetStream.
class Broker : public Daemon {
 public:
  Broker(std::unique_ptr<Machine> machine, bool has_disk);
  ~Broker();
  void start();
  void delete_store();
  Disk& disk() { return *disk_; }
  void cut_power();
  std::string url() const { return "nats://" + machine().address() + ":4222"; }

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<Disk> disk_;
};

/// One `troupe serve`, started again under its name, its address and its data directory.
class Node : public Daemon {
 public:
  /// `home`: what it writes goes there; with `has_hardware` to a disk of its own, its log as well.
  Node(std::unique_ptr<Machine> machine, std::string name, const std::string& home,
       Environment environment, bool has_hardware);
  /// From its next start on it is another build of the program.
  void change_to(std::string program) { program_ = std::move(program); }
  const std::string& program() const { return program_; }
  void launch();
  /// The command of a second one that gets in its way: on its directory, or on another one but
  /// under its name.
  Command impostor(const std::string& data_dir) const;
  const std::string& data_dir() const { return data_dir_; }
  Disk& disk() { return *disk_; }
  /// launch() and /readyz.
  void start(int timeout_ms = 30'000);
  bool becomes_ready(int timeout_ms) { return comes_to(200, timeout_ms); }
  /// Whether /readyz gives that status within the time. 0: no answer.
  bool comes_to(int status, int timeout_ms);
  int readiness() const;
  int terminate(int timeout_ms = 30'000) { return end_with(SIGTERM, timeout_ms); }

  const std::string& name() const { return name_; }
  std::string token() const;
  http_client::Options access() const;
  /// What the command line needs.
  Environment environment() const;

 private:
  std::string name_;
  std::string program_;
  std::unique_ptr<Disk> disk_;
  std::string data_dir_;
  Environment environment_;
};

/// A database, a broker and nodes that share them, each on a machine of its own.
class TestCluster {
 public:
  /// `environment`: further settings of all nodes, as TROUPE_SECTION__KEY. Starts nothing of the
  /// nodes. `has_hardware`: all have disks of their own, database and nodes clocks as well, which
  /// can fail.
  TestCluster(int nodes, Environment environment, bool has_hardware = false);
  ~TestCluster();
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;

  void start_all();
  Database& database() { return *database_; }
  Broker& broker() { return *broker_; }
  Node& node(std::size_t i) { return *nodes_.at(i); }
  std::size_t size() const { return nodes_.size(); }
  Api api(std::size_t i) const { return Api(nodes_.at(i)->access()); }

  /// Starts whatever does not run, ends all network faults, and waits until every node is ready and
  /// every slot is owned by one that lives and has renewed its lease since, in shares that differ
  /// by one at most. False if that takes longer.
  bool heals_within(int timeout_ms);
  /// Launches nodes that do not run, as whoever looks after services does.
  void look_after();
  /// How nodes have ended since this was asked last, by themselves and not because they were told
  /// that they had been declared gone.
  std::vector<std::string> unasked_ends() { return std::exchange(unasked_ends_, {}); }
  /// Slots by the name of their owner, as the database has them; "" for nobody's.
  std::vector<std::pair<std::string, int>> shares();
  /// Which node owns a run, as the database has it; nodes().size() if none of them.
  std::size_t owner_of(const std::string& run);
  std::vector<std::string> owners_by_slot();
  std::string last_words() const;
  std::string folder() const { return directory_.path().string(); }

 private:
  bool is_whole(std::set<std::string>& leases_before);
  /// Until when each node holds its slots, as the database has it.
  std::set<std::string> leases();

  TemporaryDirectory directory_;
  Network network_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Broker> broker_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::string> unasked_ends_;
};

/// The slot of a run, by the formula of ARCHITECTURE.md.
std::size_t slot_of_run(const std::string& id);

}  // namespace troupe::testing
