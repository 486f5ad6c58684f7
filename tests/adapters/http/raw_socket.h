#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace troupe::testing {

/// A plain socket, for bytes that no proper client would send. Every read gives up after 10 s.
class RawSocket {
 public:
  explicit RawSocket(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~RawSocket() { close(); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  /// False once the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }
  void finish_sending() { ::shutdown(descriptor_, SHUT_WR); }

  /// Everything until the server closes.
  std::string read_all() {
    while (receive()) {
    }
    return std::exchange(buffer_, {});
  }
  /// Up to and with `mark`; what follows stays.
  std::string read_until(std::string_view mark) {
    std::size_t at = 0;
    std::size_t from = 0;
    while ((at = buffer_.find(mark, from)) == std::string::npos) {
      from = buffer_.size() < mark.size() ? 0 : buffer_.size() - mark.size();
      if (!receive()) {
        ADD_FAILURE() << "no \"" << mark << "\" in: " << buffer_;
        return std::exchange(buffer_, {});
      }
    }
    return take(at + mark.size());
  }
  std::string read_bytes(std::size_t bytes) {
    while (buffer_.size() < bytes && receive()) {
    }
    return take(std::min(bytes, buffer_.size()));
  }

 private:
  std::string take(std::size_t bytes) {
    std::string out = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return out;
  }
  bool receive() {
    pollfd one{descriptor_, POLLIN, 0};
    if (::poll(&one, 1, 10'000) <= 0) {
      ADD_FAILURE() << "the server sent nothing for 10 s; so far: " << buffer_;
      return false;
    }
    char chunk[4096];
    const ssize_t received = ::recv(descriptor_, chunk, sizeof chunk, 0);
    if (received <= 0) return false;
    buffer_.append(chunk, static_cast<std::size_t>(received));
    return true;
  }

  int descriptor_;
  std::string buffer_;
};

inline int status_of(std::string_view response) {
  if (!response.starts_with("HTTP/1.1 ") || response.size() < 12) return 0;
  return std::stoi(std::string(response.substr(9, 3)));
}

}  // namespace troupe::testing
