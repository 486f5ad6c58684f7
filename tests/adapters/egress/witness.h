#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace troupe::egress {

/// A server on a loopback address that counts who comes, and says the same to everybody; to say
/// nothing it keeps the connection open.
class Witness {
 public:
  explicit Witness(std::string answer = "");
  ~Witness();
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  int connections() const { return connections_; }
  /// All that the last one sent, as far as it came with its header.
  std::string request() const;

 private:
  void serve();

  const std::string answer_;
  int listener_ = -1;
  int wake_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::string request_;
  std::thread thread_;
};

}  // namespace troupe::egress
