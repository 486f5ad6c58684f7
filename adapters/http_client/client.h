#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/time.h"

namespace troupe::http_client {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 7420;
  Headers headers;  ///< sent with every request, such as Authorization
  Duration connect_time = seconds(5);
  Duration request_time = seconds(30);  ///< from the first byte sent to the last byte of the answer
  Duration stream_quiet_time = seconds(45);  ///< a stream that is silent for longer has been lost
  std::size_t body_bytes_max = 256 << 20;
};

/// Reads "http://host:port" (a path is refused). kInvalidRequest.
Result<Options> options_for_url(std::string_view url);

struct Response {
  int status = 0;
  Headers headers;  ///< names in lower case
  std::string body;
  /// The first value of a field, by its name in lower case; empty if absent.
  std::string_view header(std::string_view name) const;
};

/// One event of a stream. `id` is empty for live-only ones.
struct Event {
  std::string id;
  std::string type;  ///< empty: unnamed
  std::string data;
};

class Connection;

/// A blocking client with one kept connection. For one thread at a time. Transport errors are
/// kUnavailable, a missed deadline kTimeout, an answer that is no HTTP kInternal; any of them drops
/// the connection, and the next call makes a new one. Any HTTP status is a Response, not an error.
class Client {
 public:
  explicit Client(Options options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// A body makes it application/json unless `headers` say otherwise.
  Result<Response> request(std::string_view method, std::string_view path,
                           const Headers& headers = {}, std::string_view body = {});
  Result<Response> get(std::string_view path) { return request("GET", path); }
  Result<Response> post(std::string_view path, std::string_view body) {
    return request("POST", path, {}, body);
  }

  /// Follows an event stream until the server ends it or `on_event` returns false. An answer that
  /// is no stream comes back with its body. Does not reconnect: the caller knows the last id.
  Result<Response> stream(std::string_view path, const Headers& headers,
                          const std::function<bool(const Event&)>& on_event);

 private:
  std::string render(std::string_view method, std::string_view path, const Headers& headers,
                     std::string_view body) const;
  Result<Response> exchange(std::string_view bytes, bool head_only, bool* sent_on_kept);

  Options options_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace troupe::http_client
