#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/http/server.h"
#include "adapters/http_client/client.h"
#include "adapters/vault/sealer.h"
#include "bench/rig.h"

namespace troupe::bench {

/// The rig's node as its HTTP clients see it: a server on a loopback port, and a member of the
/// workspace who has an access token that may start runs.
class HttpDoor {
 public:
  explicit HttpDoor(Rig& rig);
  ~HttpDoor();

  /// What a member sends with each request, and where a workflow is started.
  http_client::Options client() const;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  static std::string start_path(WorkflowId workflow);
  static constexpr const char* kStartBody = R"({"command":"start","params":{"x":1}})";

  /// Starts runs at an even pace, on a clock that waits for nobody, from connections of its own;
  /// milliseconds from the due moment to the answer. Throws if one is refused.
  std::vector<double> pace(WorkflowId workflow, double rate, double seconds) const;

 private:
  class NoOperator;
  class NoText;

  Rig& rig_;
  std::unique_ptr<NoOperator> access_;
  std::unique_ptr<NoText> text_;
  std::unique_ptr<PasswordHasher> passwords_;
  vault::XChaChaSealer sealer_;
  std::unique_ptr<http::Server> server_;
  std::uint16_t port_ = 0;
  std::string token_;
};

/// What a shell command writes to its standard output.
std::string output_of(const std::string& command);

}  // namespace troupe::bench
