#include "tests/support/nats_server.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace troupe::testing {
namespace {

constexpr int kStartMs = 30'000;

}  // namespace

NatsServer::NatsServer(std::string settings) : settings_(std::move(settings)) { start(); }

NatsServer::~NatsServer() {
  if (process_ == nullptr) return;
  process_->signal(SIGCONT);
  process_->signal(SIGTERM);
  process_->ends_within(10'000);
}

void NatsServer::start(std::string settings) {
  settings_ = std::move(settings);
  start();
}

void NatsServer::start() {
  const std::string program = TROUPE_NATS_SERVER;
  if (::access(program.c_str(), X_OK) != 0) {
    throw std::runtime_error("There is no nats-server: install the package nats-server.");
  }
  const std::string configuration = directory_.file("server.conf");
  std::ofstream(configuration) << "jetstream { store_dir: \"" << directory_.file("store")
                               << "\", max_file: 1GB, max_mem: 64MB }\n"
                               << settings_ << "\n";
  process_ = std::make_unique<Process>(
      Command{{program, "-c", configuration, "-a", "127.0.0.1", "-p", std::to_string(port_)}});
  const std::string line =
      process_->wait_for_line("Listening for client connections on 127.0.0.1:", kStartMs);
  port_ = std::stoi(line.substr(line.rfind(':') + 1));
  process_->wait_for_line("Server is ready", kStartMs);
}

void NatsServer::kill() {
  process_->signal(SIGKILL);
  process_->ends_within(10'000);
  process_ = nullptr;
}

void NatsServer::delete_store() { std::filesystem::remove_all(directory_.file("store")); }

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  const bool is_bound = ::bind(socket, raw, size) == 0 && ::getsockname(socket, raw, &size) == 0;
  ::close(socket);
  if (!is_bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

}  // namespace troupe::testing
