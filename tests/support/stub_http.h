#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace troupe::testing {

/// A server of HTTP/1.1 on the loopback address that says what a test has it say, byte by byte: a
/// service that hangs, drips, breaks off, lies or works. Each connection has a thread.
class StubHttp {
 public:
  struct Request {
    std::string method, path, head, body;
    /// The first value of a field, by its name in lower case; empty if absent.
    std::string header(std::string_view name) const;
  };
  /// The connection that a request came by.
  class Wire {
   public:
    explicit Wire(int socket) : socket_(socket) {}
    /// False once the other side has closed.
    bool send(std::string_view bytes);
    /// A whole answer of JSON.
    void answer(int status, std::string_view body, std::string_view more_headers = "");
    /// Returns when the other side has closed.
    void wait_closed();
    /// Ends the connection as a machine does that has lost it (RST).
    void reset();
    void close();

   private:
    int socket_;
  };
  using Handler = std::function<void(const Request&, Wire&)>;

  explicit StubHttp(Handler handler);
  ~StubHttp();
  StubHttp(const StubHttp&) = delete;
  StubHttp& operator=(const StubHttp&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  /// In the order of their arrival.
  std::vector<Request> requests() const;
  int open_connections() const { return open_; }
  int connections() const { return connections_; }  ///< ever opened

 private:
  void accept_all();
  void serve(int socket);

  const Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> open_{0}, connections_{0};
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::vector<int> sockets_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace troupe::testing
