#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::testing {

/// A WebSocket client that reads text frames; every read gives up after 14 s. Made of plain
/// sockets, so that it shares no code with the server. For one thread.
class WebSocket {
 public:
  /// Asks for the upgrade; `status` is 101 if it was granted.
  WebSocket(std::uint16_t port,
            const std::string& path,
            const std::string& token,
            const std::string& address = "127.0.0.1");
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  int status() const { return status_; }
  /// The next text; nothing once the server has closed. Throws when the time is over.
  std::optional<std::string> next();
  /// The code of the server's close frame, 0 if it sent none.
  int close_code() const { return close_code_; }

 private:
  bool receive();
  std::string take(std::size_t bytes);
  bool have(std::size_t bytes);

  int descriptor_;
  int status_ = 0;
  int close_code_ = 0;
  std::string buffer_;
};

}  // namespace troupe::testing
