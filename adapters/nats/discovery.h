#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/nats/connection.h"
#include "adapters/nats/endpoint.h"
#include "runtime/base/time.h"

namespace troupe::nats {

/// Answers `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`, each also with `.troupe` and
/// `.troupe.<id>` behind it, in the JSON of NATS' service protocol, so that its tools see the node
/// and what came in over NATS. Thread-safe.
class Discovery {
 public:
  struct Self {
    std::string id;       ///< one token: [A-Za-z0-9_-]
    std::string version;  ///< of Troupe, as major.minor.patch
    TimePoint started;
  };
  Discovery(Connection& connection, Self self, std::vector<Endpoint> endpoints);

 private:
  enum class Verb { kPing, kInfo, kStats };
  void hear(const Message& message);
  std::string body(Verb verb) const;

  Connection& connection_;
  const Self self_;
  const std::vector<Endpoint> endpoints_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
};

}  // namespace troupe::nats
