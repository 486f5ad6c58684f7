#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "adapters/http/options.h"
#include "adapters/http/services.h"
#include "runtime/base/result.h"
#include "runtime/edge/authority.h"

namespace troupe::http {

/// Serves the API over HTTP/1.1, event streams and WebSockets. Owns its listening socket, its
/// threads (`io_threads`, which never block on the engine) and its connections. `start` and `stop`
/// belong to the owner's thread; everything else happens inside. A failed connection affects no
/// other.
class Server {
 public:
  Server(Options options, Services services);
  ~Server();  ///< stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens and answers the port. kUnavailable if the address cannot be had.
  Result<std::uint16_t> start();
  /// /readyz says 503 from now on, so that balancers turn away; requests are still served.
  void drain();
  /// Accepts nothing more, lets requests in flight end within `drain_time`, ends streams, joins.
  /// Which requests were still in flight and have been cut off, in words for a log.
  std::vector<std::string> stop();
  /// Who callers are and what they may: for other ways in, so that what is revoked over HTTP ends
  /// there at once.
  std::shared_ptr<edge::Authority> authority() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace troupe::http
