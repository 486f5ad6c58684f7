#include "tests/adapters/egress/witness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace troupe::egress {
namespace {

/// What came until a header is whole and its body too, as far as its length is told.
std::string read_request(int connection) {
  std::string request;
  char bytes[4096];
  while (true) {
    const ssize_t got = ::recv(connection, bytes, sizeof bytes, 0);
    if (got <= 0) return request;
    request.append(bytes, static_cast<std::size_t>(got));
    const std::size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    const std::size_t length = request.find("Content-Length: ");
    const std::size_t body =
        length == std::string::npos ? 0 : std::stoul(request.substr(length + 16));
    if (request.size() >= end + 4 + body) return request;
  }
}

}  // namespace

Witness::Witness(std::string answer) : answer_(std::move(answer)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, any, size) != 0 || ::listen(listener_, 128) != 0 ||
      ::getsockname(listener_, any, &size) != 0 || ::pipe(wake_) != 0) {
    std::abort();
  }
  port_ = ::ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

Witness::~Witness() {
  ::close(wake_[1]);
  thread_.join();
  ::close(wake_[0]);
  ::close(listener_);
}

std::string Witness::request() const {
  const std::lock_guard lock(mutex_);
  return request_;
}

void Witness::serve() {
  std::vector<int> kept;
  while (true) {
    pollfd both[2] = {{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
    ::poll(both, 2, -1);
    if (both[1].revents != 0) break;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    ++connections_;
    if (answer_.empty()) {
      kept.push_back(connection);
      continue;
    }
    std::string request = read_request(connection);
    {
      const std::lock_guard lock(mutex_);
      request_ = std::move(request);
    }
    for (std::size_t sent = 0; sent < answer_.size();) {
      const ssize_t some =
          ::send(connection, answer_.data() + sent, answer_.size() - sent, MSG_NOSIGNAL);
      if (some <= 0) break;
      sent += static_cast<std::size_t>(some);
    }
    ::close(connection);
  }
  for (const int connection : kept) ::close(connection);
}

}  // namespace troupe::egress
