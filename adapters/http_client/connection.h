#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "adapters/http_client/client.h"

namespace troupe::http_client {

using SteadyTime = std::chrono::steady_clock::time_point;

/// A connected socket with a read buffer; every operation has a deadline. Closes on destruction.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Status send(std::string_view bytes, SteadyTime deadline);
  /// Appends at least one byte to `buffer`; false at the end of the stream.
  Result<bool> receive(SteadyTime deadline);
  std::string buffer;  ///< received and not yet used

 private:
  explicit Connection(int descriptor) : descriptor_(descriptor) {}
  Status wait(short events, SteadyTime deadline);

  int descriptor_;
};

/// Reads a whole answer. `head_only`: one that has no body by its request.
Result<Response> read_response(Connection& connection, bool head_only, std::size_t body_bytes_max,
                               SteadyTime deadline);
/// Reads the status line and the fields only.
Result<Response> read_head(Connection& connection, SteadyTime deadline);
/// Reads the body that belongs to `response`.
Status read_body(Connection& connection, Response& response, std::size_t body_bytes_max,
                 SteadyTime deadline);

}  // namespace troupe::http_client
