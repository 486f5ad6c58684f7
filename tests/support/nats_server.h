#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/temporary_directory.h"
#include "tests/support/process.h"

namespace troupe::testing {

/// A NATS server of the test program's own on a free port of the loopback address, with JetStream
/// in a temporary directory. Owned by the test's main thread; ends with it, whatever happens.
/// Throws when NATS is not installed or does not start.
class NatsServer {
 public:
  /// `settings`: further lines of its configuration.
  explicit NatsServer(std::string settings = "");
  ~NatsServer();
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  int port() const { return port_; }
  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  /// A file in its directory.
  std::string file(const std::string& name) const { return directory_.file(name); }

  /// Ends it at once, as a crash does; `start` brings it back on the same port and store.
  void kill();
  void start();
  /// With other lines of configuration than before.
  void start(std::string settings);
  void delete_store();
  void signal(int number) const { process_->signal(number); }

 private:
  TemporaryDirectory directory_;
  std::string settings_;
  int port_ = -1;
  std::unique_ptr<Process> process_;
};

/// A port on which nobody listens, for a server that is to be started there later.
int free_port();

}  // namespace troupe::testing
