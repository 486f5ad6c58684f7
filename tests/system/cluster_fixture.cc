#include "tests/system/cluster_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>

namespace troupe::testing {
namespace {

constexpr int kStartMs = 60'000;
constexpr int kOrphansMs = 5'000;
constexpr int kDatabaseMegabytes = 4'096;
constexpr int kBrokerMegabytes = 512;
constexpr int kNodeMegabytes = 128;
/// What a node ends with that has been told that it was declared gone.
constexpr int kFencedExit = 70;
const std::string kToken = "pat_ThisIsNoSecretOnlyATestOfNodes20nRtd";

std::string postgres_program(const std::string& name) {
  const std::string path = std::string(TROUPE_POSTGRES_BIN) + "/" + name;
  if (::access(path.c_str(), X_OK) == 0) return path;
  throw std::runtime_error("There is no " + name + ": install the package postgresql.");
}

/// PostgreSQL does not run as root; the package's own user stands in.
std::vector<std::string> as_server_user(std::vector<std::string> command) {
  std::vector<std::string> whole = {"/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres",
                                    "--clear-groups", "--pdeathsig=KILL"};
  whole.insert(whole.end(), command.begin(), command.end());
  return whole;
}

std::string line_of(const std::string& rows, std::size_t begin) {
  return rows.substr(begin, rows.find('\n', begin) - begin);
}

}  // namespace

std::size_t slot_of_run(const std::string& id) {
  std::string digits;
  for (const char c : id) {
    if (c != '-') digits += c;
  }
  const std::uint64_t high = std::stoull(digits.substr(0, 16), nullptr, 16);
  const std::uint64_t low = std::stoull(digits.substr(16), nullptr, 16);
  std::uint64_t x = high ^ (low * 0x9E3779B97F4A7C15ULL);
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93ULL;
  x ^= x >> 32;
  return (x & 0xFFFF) / 64;
}

// ---- Daemon -------------------------------------------------------------------------------------

void Daemon::launch(std::string log, std::vector<std::string> command, Environment environment) {
  log_ = std::move(log);
  std::vector<std::string> whole = machine_->prefix();
  const std::vector<std::string> to_file = {
      "/bin/sh", "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", log_};
  whole.insert(whole.end(), to_file.begin(), to_file.end());
  whole.insert(whole.end(), command.begin(), command.end());
  was_told_to_end_ = false;
  if (clock_ != nullptr) {
    for (auto& variable : clock_->environment()) environment.push_back(std::move(variable));
  }
  process_ = std::make_unique<Process>(Command{std::move(whole), "", std::move(environment), ""});
}

void Daemon::kill_hard() { end_with(SIGKILL, 10'000); }

void Daemon::signal(int number) {
  was_told_to_end_ = was_told_to_end_ || (number != SIGSTOP && number != SIGCONT);
  process_->signal(number);
}

int Daemon::unasked_exit() {
  const int exit = process_->finish(1'000).exit;
  return was_told_to_end_ ? 0 : exit;
}

int Daemon::end_with(int number, int timeout_ms) {
  was_told_to_end_ = true;
  process_->signal(number);
  return process_->finish(timeout_ms).exit;
}

std::vector<pid_t> Daemon::children() const {
  const std::string self = std::to_string(pid());
  std::ifstream in("/proc/" + self + "/task/" + self + "/children");
  return {std::istream_iterator<pid_t>(in), std::istream_iterator<pid_t>()};
}

std::unique_ptr<Process> Daemon::tamper(const std::string& injection) const {
  const std::string call = injection.substr(0, injection.find(':'));
  std::vector<std::string> command = {"/usr/bin/strace", "-f", "-o", "/dev/null", "-e",
                                      "trace=" + call, "-e", "inject=" + injection};
  const std::string self = std::to_string(pid());
  std::string all = self;
  for (const pid_t child : children()) all += "," + std::to_string(child);
  command.insert(command.end(), {"-p", all});
  auto tracer = std::make_unique<Process>(Command{std::move(command), "", {}, ""});
  tracer->wait_for_line("Process " + self, 10'000);
  return tracer;
}

std::string Daemon::all_words() const {
  std::ifstream in(log_, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string Daemon::last_words() const {
  const std::string all = all_words();
  constexpr std::size_t kMost = 6'000;
  return all.size() <= kMost ? all : all.substr(all.size() - kMost);
}

// ---- Database -----------------------------------------------------------------------------------

Database::Database(std::unique_ptr<Machine> machine, bool has_hardware)
    : Daemon(std::move(machine)) {
  const std::string home = directory_.file("disk");
  if (has_hardware) own_clock(directory_.file("clock"));
  if (has_hardware) {
    disk_ = std::make_unique<Disk>(directory_.file("image"), home, kDatabaseMegabytes);
  } else {
    std::filesystem::create_directories(home);
  }
  const passwd* const user = ::getpwnam("postgres");
  if (user == nullptr || ::chown(directory_.path().c_str(), user->pw_uid, user->pw_gid) != 0 ||
      ::chown(home.c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw std::runtime_error("There is no user postgres: install the package postgresql.");
  }
  std::vector<std::string> command = {postgres_program("initdb"), "--auth=trust",
                                      "--username=troupe", "--locale=C", "--encoding=UTF8",
                                      "--pgdata=" + data()};
  // Only where the power can go there is anything to lose.
  if (!has_hardware) command.emplace_back("--no-sync");
  const Outcome made =
      run_program({as_server_user(std::move(command)), "", {}, ""}, kStartMs);
  if (made.exit != 0) throw std::runtime_error("initdb failed: " + made.err);
  std::ofstream(data() + "/pg_hba.conf", std::ios::app)
      << "host all all samenet trust\n";
  // As initdb leaves its files: a power cut may come before the kernel has written it by itself.
  const int file = ::open((data() + "/pg_hba.conf").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 || ::fsync(file) != 0) throw std::runtime_error("pg_hba.conf cannot be synced");
  ::close(file);
}

Database::~Database() {
  if (!running()) return;
  go_on();
  signal(SIGINT);
  ends_within(10'000);
}

void Database::cut_power() {
  disk_->cut_power();
  // Those that serve sessions would stay until they notice that the postmaster is gone.
  stop();
  signal_all(SIGKILL);
  end(SIGKILL);
}

void Database::start() {
  if (disk_ != nullptr) disk_->power_on();
  const long long deadline = now_ms() + kStartMs;
  while (true) {
    std::vector<std::string> command = {postgres_program("postgres"), "-D", data()};
    for (const std::string& setting :
         {"unix_socket_directories=" + directory_.path().string(),
          "listen_addresses=" + machine().address(), std::string("shared_buffers=32MB"),
          std::string("max_wal_size=1GB"),
          std::string("shared_preload_libraries=pg_stat_statements")}) {
      command.push_back("-c");
      command.push_back(setting);
    }
    launch(directory_.file("log"), as_server_user(std::move(command)));
    // What a killed one leaves behind may take a moment to go, and keeps the next from starting.
    while (running()) {
      if (ask("SELECT 1").out == "1\n") return;
      if (now_ms() > deadline) throw std::runtime_error("PostgreSQL: " + last_words());
      ends_within(50);
    }
    if (now_ms() > deadline) throw std::runtime_error("PostgreSQL: " + last_words());
    // If some stay all the same, they are ended, as by whoever runs a server.
    if (now_ms() > deadline - kStartMs + kOrphansMs) end_orphans();
    ::poll(nullptr, 0, 50);
  }
}

void Database::end(int signal) {
  orphans_ = children();
  // One that has been stopped would not see that its server is gone, and those that wait for it
  // neither: the next server would find their memory in use.
  for (const pid_t session : orphans_) ::kill(session, SIGCONT);
  end_with(signal, 30'000);
}

void Database::end_orphans() {
  for (const pid_t orphan : std::exchange(orphans_, {})) {
    std::ifstream in("/proc/" + std::to_string(orphan) + "/cmdline");
    std::string name;
    std::getline(in, name, '\0');
    if (name.starts_with("postgres:")) ::kill(orphan, SIGKILL);
  }
}

void Database::signal_all(int number) {
  const std::vector<pid_t> sessions = children();
  signal(number);
  for (const pid_t session : sessions) ::kill(session, number);
}

std::vector<pid_t> Database::sessions_of(const Machine& machine) const {
  std::istringstream in(query("SELECT pid FROM pg_stat_activity WHERE client_addr='" +
                              machine.address() + "' ORDER BY pid"));
  return {std::istream_iterator<pid_t>(in), std::istream_iterator<pid_t>()};
}

std::string Database::url() const {
  return "postgres://troupe@" + machine().address() + "/postgres";
}

Outcome Database::ask(const std::string& sql) const {
  return run_program({{TROUPE_PSQL, "-X", "-A", "-t", "-q", "-h",
                       directory_.path().string(), "-U", "troupe", "-d", "postgres", "-c",
                       "SET search_path TO troupe", "-c", sql}, "", {}, ""},
                     20'000);
}

std::string Database::query(const std::string& sql) const {
  const Outcome outcome = ask(sql);
  if (outcome.exit != 0) throw std::runtime_error(sql + ": " + outcome.err);
  return outcome.out;
}

// ---- Broker -------------------------------------------------------------------------------------

Broker::Broker(std::unique_ptr<Machine> machine, bool has_disk)
    : Daemon(std::move(machine)) {
  const std::string home = directory_.file("disk");
  if (has_disk) disk_ = std::make_unique<Disk>(directory_.file("image"), home, kBrokerMegabytes);
  std::ofstream(directory_.file("server.conf"))
      << "listen: \"" << this->machine().address() << ":4222\"\nmax_payload: 8MB\n"
      << "jetstream { store_dir: \"" << directory_.file("disk/store")
      << "\", max_file: 1GB, max_mem: 64MB }\n";
}

Broker::~Broker() {
  if (!running()) return;
  signal(SIGKILL);
  ends_within(10'000);
}

void Broker::cut_power() {
  disk_->cut_power();
  end_with(SIGKILL, 10'000);
}

void Broker::start() {
  if (disk_ != nullptr) disk_->power_on();
  const std::string program = TROUPE_NATS_SERVER;
  if (::access(program.c_str(), X_OK) != 0) {
    throw std::runtime_error("There is no nats-server: install the package nats-server.");
  }
  const auto greetings = [this] {
    const std::string all = all_words();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = all.find("Server is ready", at)) != std::string::npos; ++at) {
      ++count;
    }
    return count;
  };
  const std::size_t before = greetings();
  launch(directory_.file("log"), {program, "-c", directory_.file("server.conf")});
  if (!eventually(kStartMs, [&] { return !running() || greetings() > before; }) || !running()) {
    throw std::runtime_error("NATS does not start: " + last_words());
  }
}

void Broker::delete_store() { std::filesystem::remove_all(directory_.file("disk/store")); }

// ---- Node ---------------------------------------------------------------------------------------

Node::Node(std::unique_ptr<Machine> machine, std::string name, const std::string& home,
           Environment environment, bool has_hardware)
    : Daemon(std::move(machine)),
      name_(std::move(name)),
      program_(TROUPE_BINARY),
      data_dir_(home + "/data"),
      environment_(std::move(environment)) {
  if (has_hardware) {
    disk_ = std::make_unique<Disk>(home + ".image", home, kNodeMegabytes);
    own_clock(home + ".clock");
  }
  std::filesystem::create_directories(data_dir_);
  std::ofstream(data_dir_ + "/owner.token") << kToken << "\n";
  std::filesystem::permissions(data_dir_ + "/owner.token", std::filesystem::perms::owner_read |
                                                               std::filesystem::perms::owner_write);
}

Command Node::impostor(const std::string& data_dir) const {
  Environment environment = environment_;
  environment.emplace_back("TROUPE_CLUSTER__NODE_NAME", name_);
  std::vector<std::string> words = machine().prefix();
  words.insert(words.end(), {program_, "serve", "--data-dir", data_dir, "--listen",
                             machine().address() + ":7421", "--behind-proxy"});
  return {std::move(words), "", std::move(environment), ""};
}

void Node::launch() {
  const std::string listen = this->machine().address() + ":7420";
  Environment environment = environment_;
  environment.emplace_back("TROUPE_CLUSTER__NODE_NAME", name_);
  Daemon::launch(data_dir_ + ".log",
                 {program_, "serve", "--data-dir", data_dir_,
                  "--listen", listen, "--behind-proxy"},
                 std::move(environment));
}

void Node::start(int timeout_ms) {
  launch();
  if (!becomes_ready(timeout_ms)) {
    throw std::runtime_error(name_ + " does not become ready: " + last_words());
  }
}

int Node::readiness() const {
  http_client::Options options = access();
  options.connect_time = seconds(1);
  options.request_time = seconds(2);
  const auto response = http_client::Client(std::move(options)).get("/readyz");
  return response ? response->status : 0;
}

bool Node::comes_to(int status, int timeout_ms) {
  const auto there = [&] { return readiness() == status; };
  return eventually(timeout_ms, [&] { return there() || (status != 0 && !running()); }) &&
         (status == 0 || running());
}

std::string Node::token() const { return kToken; }

http_client::Options Node::access() const {
  http_client::Options options;
  options.host = machine().address();
  options.port = 7420;
  options.connect_time = seconds(2);
  options.headers.emplace_back("Authorization", "Bearer " + kToken);
  return options;
}

Environment Node::environment() const {
  return {{"TROUPE_URL", "http://" + machine().address() + ":7420"}, {"TROUPE_TOKEN", kToken}};
}

// ---- TestCluster --------------------------------------------------------------------------------

TestCluster::TestCluster(int nodes, Environment environment, bool has_hardware)
    : database_(std::make_unique<Database>(network_.add(), has_hardware)),
      broker_(std::make_unique<Broker>(network_.add(), has_hardware)) {
  environment.emplace_back("TROUPE_STORE__KIND", "postgres");
  environment.emplace_back("TROUPE_POSTGRES__URL", database_->url());
  environment.emplace_back("TROUPE_NATS__URL", broker_->url());
  for (int i = 1; i <= nodes; ++i) {
    const std::string name = "node-" + std::to_string(i);
    nodes_.push_back(std::make_unique<Node>(network_.add(), name, directory_.file(name),
                                            environment, has_hardware));
  }
}

TestCluster::~TestCluster() {
  for (const auto& node : nodes_) {
    if (node->running()) node->signal(SIGKILL);
  }
}

void TestCluster::start_all() {
  if (!database_->running()) database_->start();
  if (!broker_->running()) broker_->start();
  for (const auto& node : nodes_) node->launch();
  if (!heals_within(kStartMs)) throw std::runtime_error("no cluster comes up: " + last_words());
}

bool TestCluster::heals_within(int timeout_ms) {
  for (const auto& node : nodes_) node->machine().heal();
  database_->machine().heal();
  broker_->machine().heal();
  if (!database_->running()) database_->start();
  if (!broker_->running()) broker_->start();
  const long long deadline = now_ms() + timeout_ms;
  for (const auto& node : nodes_) {
    if (node->running()) node->go_on();
  }
  std::set<std::string> before;
  return eventually(static_cast<int>(deadline - now_ms()), [&] {
    look_after();
    return is_whole(before);
  });
}

std::set<std::string> TestCluster::leases() {
  std::istringstream rows(
      database_->query("SELECT number || '@' || extract(epoch FROM lease_until) FROM nodes WHERE "
                       "state<2"));
  return {std::istream_iterator<std::string>(rows), {}};
}

void TestCluster::look_after() {
  for (const auto& node : nodes_) {
    if (node->running()) continue;
    const int exit = node->has_run() ? node->unasked_exit() : 0;
    if (exit != 0 && exit != kFencedExit) {
      unasked_ends_.push_back(node->name() + " has ended with " + std::to_string(exit) + ": " +
                              node->last_words());
    }
    node->launch();
  }
}

bool TestCluster::is_whole(std::set<std::string>& leases_before) {
  const auto ready = [](const auto& node) { return node->readiness() == 200; };
  if (!std::all_of(nodes_.begin(), nodes_.end(), ready)) return false;
  std::vector<std::pair<std::string, int>> all;
  std::set<std::string> now;
  try {
    now = leases();
    all = shares();
  } catch (const std::runtime_error&) {
    return false;  // a database that has just come back refuses for a moment
  }
  // Whoever was silent too long may not have been missed yet: a lease counts once it is renewed.
  if (leases_before.empty()) leases_before = now;
  const auto is_old = [&](const std::string& lease) { return leases_before.count(lease) > 0; };
  if (std::any_of(now.begin(), now.end(), is_old)) return false;
  if (all.size() != nodes_.size()) return false;
  const auto [least, most] = std::minmax_element(
      all.begin(), all.end(), [](auto& a, auto& b) { return a.second < b.second; });
  return most->second - least->second <= 1;
}

std::vector<std::pair<std::string, int>> TestCluster::shares() {
  std::map<std::string, int> counts;
  for (const std::string& owner : owners_by_slot()) ++counts[owner];
  return {counts.begin(), counts.end()};
}

std::vector<std::string> TestCluster::owners_by_slot() {
  const std::string rows = database_->query(
      "SELECT coalesce((SELECT name FROM nodes WHERE number=owner AND state<2), '') FROM slots "
      "ORDER BY n");
  std::vector<std::string> owners;
  for (std::size_t at = 0; at < rows.size();) {
    owners.push_back(line_of(rows, at));
    at += owners.back().size() + 1;
  }
  return owners;
}

std::size_t TestCluster::owner_of(const std::string& run) {
  const std::string name = owners_by_slot().at(slot_of_run(run));
  std::size_t i = 0;
  while (i < nodes_.size() && nodes_[i]->name() != name) ++i;
  return i;
}

std::string TestCluster::last_words() const {
  std::string all;
  for (const auto& node : nodes_) all += "---- " + node->name() + ":\n" + node->last_words();
  return all;
}

}  // namespace troupe::testing
