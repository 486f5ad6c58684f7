#include "adapters/http_client/connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace troupe::http_client {
namespace {

Error lost(std::string_view doing) {
  return {Code::kUnavailable, std::string(doing) + ": " + std::strerror(errno), {}};
}

int milliseconds_until(SteadyTime deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<std::int64_t>(0, std::min<std::int64_t>(left.count(), 1 << 30)));
}

}  // namespace

Connection::~Connection() { ::close(descriptor_); }

Result<std::unique_ptr<Connection>> Connection::open(const Options& options) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(options.port);
  if (const int code = ::getaddrinfo(options.host.c_str(), port.c_str(), &hints, &found)) {
    return {Code::kUnavailable, options.host + ": " + ::gai_strerror(code)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::microseconds(options.connect_time.us);
  Error last{Code::kUnavailable, options.host + " has no address.", {}};
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int type = at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;
    const int descriptor = ::socket(at->ai_family, type, at->ai_protocol);
    if (descriptor < 0) return lost("socket");
    std::unique_ptr<Connection> connection(new Connection(descriptor));
    const int one = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (::connect(descriptor, at->ai_addr, at->ai_addrlen) == 0) return connection;
    if (errno != EINPROGRESS) {
      last = lost("connect");
      continue;
    }
    const Status ready = connection->wait(POLLOUT, deadline);
    if (!ready.ok()) return ready.error();
    socklen_t size = sizeof errno;
    ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &errno, &size);
    if (errno == 0) return connection;
    last = lost("connect");
  }
  return last;
}

Status Connection::wait(short events, SteadyTime deadline) {
  while (true) {
    pollfd one{descriptor_, events, 0};
    const int ready = ::poll(&one, 1, milliseconds_until(deadline));
    if (ready > 0) return Unit{};
    if (ready == 0) return {Code::kTimeout, "The server did not answer in time."};
    if (errno != EINTR) return lost("poll");
  }
}

Status Connection::send(std::string_view bytes, SteadyTime deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (Status ready = wait(POLLOUT, deadline); !ready.ok()) return ready;
    } else if (errno != EINTR) {
      return lost("send");
    }
  }
  return Unit{};
}

Result<bool> Connection::receive(SteadyTime deadline) {
  char chunk[16 << 10];
  while (true) {
    const ssize_t received = ::recv(descriptor_, chunk, sizeof chunk, 0);
    if (received > 0) {
      buffer.append(chunk, static_cast<std::size_t>(received));
      return true;
    }
    if (received == 0) return false;
    if (errno == EAGAIN) {
      if (Status ready = wait(POLLIN, deadline); !ready.ok()) return ready.error();
    } else if (errno != EINTR) {
      return lost("receive");
    }
  }
}

}  // namespace troupe::http_client
