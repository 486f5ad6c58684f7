#include "tests/support/postgres_server.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <stdexcept>

namespace troupe::testing {
namespace {

constexpr int kStartMs = 60'000;

/// PostgreSQL does not run as root; the package's own user stands in. Whatever runs is killed with
/// this process, also after its change of user.
std::vector<std::string> as_server_user(std::vector<std::string> command) {
  if (::geteuid() != 0) return command;
  std::vector<std::string> whole = {"/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres",
                                    "--clear-groups", "--pdeathsig=KILL"};
  whole.insert(whole.end(), command.begin(), command.end());
  return whole;
}

std::string binary(const std::string& name) {
  const std::string path = std::string(TROUPE_POSTGRES_BIN) + "/" + name;
  if (::access(path.c_str(), X_OK) == 0) return path;
  throw std::runtime_error("There is no " + name + ": install the package postgresql.");
}

void give_to_server_user(const TemporaryDirectory& directory) {
  if (::geteuid() != 0) return;
  const passwd* const user = ::getpwnam("postgres");
  if (user == nullptr ||
      ::chown(directory.path().c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw std::runtime_error("There is no user postgres: install the package postgresql.");
  }
}

}  // namespace

PostgresServer::PostgresServer(const std::vector<std::string>& settings) {
  give_to_server_user(directory_);
  const std::string data = directory_.file("data");
  // What initdb writes need not survive a crash of the machine; what the server writes does.
  const Outcome made = run_program(
      {as_server_user({binary("initdb"), "--no-sync", "--auth=trust", "--username=troupe",
                       "--locale=C", "--encoding=UTF8", "--pgdata=" + data})},
      kStartMs);
  if (made.exit != 0) throw std::runtime_error("initdb failed: " + made.err);
  std::vector<std::string> command = {binary("postgres"), "-D", data};
  const std::string socket = "unix_socket_directories=" + directory_.path().string();
  std::vector<std::string> all = {socket, "listen_addresses=", "shared_buffers=8MB", "fsync=on",
                                  // Its output is read only while we wait for it.
                                  "log_min_messages=log", "log_checkpoints=off",
                                  "autovacuum=off"};
  all.insert(all.end(), settings.begin(), settings.end());
  for (const std::string& setting : all) {
    command.push_back("-c");
    command.push_back(setting);
  }
  process_ = std::make_unique<Process>(Command{as_server_user(std::move(command))});
  process_->wait_for_line("ready to accept connections", kStartMs);
}

PostgresServer::~PostgresServer() {
  process_->signal(SIGINT);  // ends its sessions and writes what is left
  process_->ends_within(10'000);
}

std::string PostgresServer::conninfo() const {
  return "host=" + directory_.path().string() + " user=troupe dbname=postgres";
}

PostgresServer& postgres_server() {
  static PostgresServer server;
  return server;
}

std::string fresh_schema() {
  static int number = 0;
  return "test_" + std::to_string(++number);
}

}  // namespace troupe::testing
