#include "tests/support/server.h"

#include <signal.h>

#include <fstream>
#include <stdexcept>

namespace troupe::testing {

Server::Server(std::string data_dir, Environment environment)
    : data_dir_(std::move(data_dir)), environment_(std::move(environment)) {}

void Server::start(int timeout_ms) {
  const std::string listen = "127.0.0.1:" + std::to_string(port_);
  process_ = std::make_unique<Process>(
      Command{{TROUPE_BINARY, "serve", "--data-dir", data_dir_, "--listen", listen, "--quiet"},
              {},
              environment_,
              {}});
  url_ = process_->wait_for_line("http://", timeout_ms);
  port_ = static_cast<std::uint16_t>(std::stoi(url_.substr(url_.rfind(':') + 1)));
}

void Server::kill_hard() {
  process_->signal(SIGKILL);
  process_->finish(5'000);
}

Outcome Server::terminate(int timeout_ms) {
  process_->signal(SIGTERM);
  return process_->finish(timeout_ms);
}

std::string Server::token() const {
  std::ifstream file(data_dir_ + "/owner.token");
  std::string token;
  if (!(file >> token)) throw std::runtime_error("no owner.token in " + data_dir_);
  return token;
}

Environment Server::access() const {
  return {{"TROUPE_URL", url_}, {"TROUPE_TOKEN", token()}};
}

http_client::Options Server::client_options() const {
  http_client::Options options;
  options.port = port_;
  options.headers.emplace_back("Authorization", "Bearer " + token());
  // Shorter than the comments of a quiet stream are apart, so that a run that is stuck shows.
  options.stream_quiet_time = seconds(14);
  return options;
}

}  // namespace troupe::testing
