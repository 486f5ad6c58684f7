#include "tests/support/stub_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <stdexcept>

namespace troupe::testing {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::size_t length_of(const StubHttp::Request& request) {
  const std::string length = request.header("content-length");
  return length.empty() ? 0 : std::stoul(length);
}

/// The next request of a connection; what came behind it stays in `pending`.
std::optional<StubHttp::Request> read_request(int socket, std::string& pending) {
  StubHttp::Request request;
  char bytes[16 << 10];
  while (true) {
    const std::size_t end = pending.find("\r\n\r\n");
    if (end != std::string::npos) {
      request.head = pending.substr(0, end + 2);
      const std::size_t size = length_of(request);
      if (pending.size() >= end + 4 + size) {
        request.body = pending.substr(end + 4, size);
        pending.erase(0, end + 4 + size);
        const std::size_t space = request.head.find(' ');
        request.method = request.head.substr(0, space);
        request.path =
            request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
        return request;
      }
    }
    const ssize_t got = ::recv(socket, bytes, sizeof bytes, 0);
    if (got <= 0) return std::nullopt;
    pending.append(bytes, static_cast<std::size_t>(got));
  }
}

}  // namespace

std::string StubHttp::Request::header(std::string_view name) const {
  for (std::size_t at = head.find("\r\n"); at + 2 < head.size(); at = head.find("\r\n", at + 2)) {
    const std::size_t end = head.find("\r\n", at + 2);
    const std::string_view line = std::string_view(head).substr(at + 2, end - at - 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || lower(line.substr(0, colon)) != name) continue;
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return std::string(value);
  }
  return {};
}

bool StubHttp::Wire::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void StubHttp::Wire::answer(int status, std::string_view body, std::string_view more_headers) {
  send("HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Type: application/json\r\n" +
       std::string(more_headers) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
       std::string(body));
}

void StubHttp::Wire::wait_closed() {
  char byte = 0;
  while (::recv(socket_, &byte, 1, 0) > 0) {}
}

void StubHttp::Wire::reset() {
  const linger none{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  ::shutdown(socket_, SHUT_RD);  // the thread closes it then, and no farewell is sent
}

void StubHttp::Wire::close() { ::shutdown(socket_, SHUT_RDWR); }

StubHttp::StubHttp(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, any, size) != 0 || ::listen(listener_, 1024) != 0 ||
      ::getsockname(listener_, any, &size) != 0) {
    throw std::runtime_error("no port to listen on");
  }
  port_ = ::ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

StubHttp::~StubHttp() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

std::vector<StubHttp::Request> StubHttp::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void StubHttp::accept_all() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    ++open_;
    ++connections_;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void StubHttp::serve(int socket) {
  std::string pending;
  Wire wire(socket);
  while (auto request = read_request(socket, pending)) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(*request);
    }
    handler_(*request, wire);
  }
  --open_;
  const std::lock_guard lock(mutex_);
  sockets_.erase(std::find(sockets_.begin(), sockets_.end(), socket));
  ::close(socket);
}

}  // namespace troupe::testing
