#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "adapters/http_client/client.h"
#include "tests/support/process.h"

namespace troupe::testing {

/// `troupe serve` on one data directory: started, killed and started again on the same port. Owned
/// by the test, used by its main thread; clients may be used by others. Throws when a server does
/// not become ready.
class Server {
 public:
  explicit Server(std::string data_dir, Environment environment = {});

  void start(int timeout_ms = 20'000);
  void kill_hard();
  /// SIGTERM; the exit code.
  Outcome terminate(int timeout_ms = 15'000);

  bool running() { return process_ && process_->running(); }
  Process& process() { return *process_; }
  const std::string& url() const { return url_; }
  std::uint16_t port() const { return port_; }
  const std::string& data_dir() const { return data_dir_; }
  std::string token() const;
  /// What the command line needs to find this server.
  Environment access() const;
  http_client::Options client_options() const;

 private:
  std::string data_dir_;
  Environment environment_;
  std::unique_ptr<Process> process_;
  std::string url_;
  std::uint16_t port_ = 0;
};

}  // namespace troupe::testing
