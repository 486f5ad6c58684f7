#include "tests/support/web_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace troupe::testing {

WebSocket::WebSocket(std::uint16_t port,
                     const std::string& path,
                     const std::string& token,
                     const std::string& address_text)
    : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  ::inet_pton(AF_INET, address_text.c_str(), &address.sin_addr);
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("the server does not accept connections");
  }
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + address_text + ":" +
                              std::to_string(port) + "\r\nAuthorization: Bearer " + token +
                              "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  ::send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL);
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive()) throw std::runtime_error("no answer to the upgrade: " + buffer_);
  }
  status_ = std::stoi(buffer_.substr(9, 3));
  buffer_.erase(0, end + 4);
}

WebSocket::~WebSocket() { ::close(descriptor_); }

std::optional<std::string> WebSocket::next() {
  while (have(2)) {
    const auto first = static_cast<unsigned char>(buffer_[0]);
    const auto second = static_cast<unsigned char>(buffer_[1]);
    std::size_t header = 2;
    std::uint64_t length = second & 0x7f;
    const std::size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (more > 0) {
      header += more;
      if (!have(header)) return std::nullopt;
      length = 0;
      for (std::size_t i = 0; i < more; ++i) {
        length = length << 8 | static_cast<unsigned char>(buffer_[2 + i]);
      }
    }
    if ((second & 0x80) != 0) throw std::runtime_error("a server must not mask its frames");
    if (!have(header + length)) return std::nullopt;
    take(header);
    const std::string text = take(length);
    const int kind = first & 0x0f;
    if (kind == 1) return text;
    if (kind == 8) {
      if (text.size() >= 2) {
        close_code_ =
            static_cast<unsigned char>(text[0]) << 8 | static_cast<unsigned char>(text[1]);
      }
      return std::nullopt;
    }
  }
  return std::nullopt;
}

bool WebSocket::have(std::size_t bytes) {
  while (buffer_.size() < bytes) {
    if (!receive()) return false;
  }
  return true;
}

std::string WebSocket::take(std::size_t bytes) {
  std::string out = buffer_.substr(0, bytes);
  buffer_.erase(0, bytes);
  return out;
}

bool WebSocket::receive() {
  pollfd one{descriptor_, POLLIN, 0};
  if (::poll(&one, 1, 14'000) <= 0) throw std::runtime_error("the WebSocket was silent for 14 s");
  char part[1 << 14];
  const ssize_t count = ::recv(descriptor_, part, sizeof part, 0);
  if (count <= 0) return false;
  buffer_.append(part, static_cast<std::size_t>(count));
  return true;
}

}  // namespace troupe::testing
