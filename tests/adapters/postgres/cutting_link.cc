#include "tests/adapters/postgres/cutting_link.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace troupe::testing {
namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  TROUPE_ENSURE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  return address;
}

bool pass(int to, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::send(to, bytes, size, MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

CuttingLink::CuttingLink(std::string server_socket)
    : server_socket_(std::move(server_socket)),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      release_(::eventfd(0, EFD_CLOEXEC)) {
  const sockaddr_un own = address_of(directory_.file(".s.PGSQL.5432"));
  const auto* address = reinterpret_cast<const sockaddr*>(&own);
  TROUPE_ENSURE(::bind(listener_, address, sizeof own) == 0 && ::listen(listener_, 8) == 0);
  thread_ = std::thread([this] { serve(); });
}

CuttingLink::~CuttingLink() {
  TROUPE_ENSURE(::eventfd_write(stop_, 1) == 0);
  thread_.join();
  for (const Pair& pair : pairs_) {
    ::close(pair.server);
    if (pair.client >= 0) ::close(pair.client);
  }
  ::close(listener_);
  ::close(stop_);
  ::close(release_);
}

void CuttingLink::release() { TROUPE_ENSURE(::eventfd_write(release_, 1) == 0); }

std::string CuttingLink::conninfo() const {
  return "host=" + directory_.path().string() + " user=troupe dbname=postgres";
}

void CuttingLink::serve() {
  for (;;) {
    // A negative descriptor is passed over by poll.
    std::vector<pollfd> watched = {
        {stop_, POLLIN, 0}, {listener_, POLLIN, 0}, {release_, POLLIN, 0}};
    const std::size_t first = watched.size();
    for (const Pair& pair : pairs_) {
      watched.push_back({pair.client, POLLIN, 0});
      watched.push_back({pair.server, POLLIN, 0});
    }
    if (::poll(watched.data(), watched.size(), -1) < 0 || watched[0].revents != 0) return;
    std::vector<Pair> open;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      Pair& pair = pairs_[i];
      const bool lives = (watched[first + 2 * i].revents == 0 || pass_from_client(pair)) &&
                         (watched[first + 1 + 2 * i].revents == 0 || pass_from_server(pair));
      if (lives) {
        open.push_back(std::move(pair));
        continue;
      }
      ::close(pair.server);
      if (pair.client >= 0) ::close(pair.client);
    }
    pairs_ = std::move(open);
    if (watched[1].revents != 0) accept_one();
    if (watched[2].revents != 0) pass_held();
  }
}

void CuttingLink::pass_held() {
  eventfd_t count = 0;
  TROUPE_ENSURE(::eventfd_read(release_, &count) == 0);
  for (Pair& pair : pairs_) {
    // A server that has ended the session shows when it is listened to.
    static_cast<void>(pass(pair.server, pair.held.data(), pair.held.size()));
    pair.held.clear();
  }
}

/// In the server's own words: a message, its length, and fields that end with a zero each.
void CuttingLink::refuse(int client) {
  using namespace std::string_literals;
  char startup[1 << 10];
  static_cast<void>(::recv(client, startup, sizeof startup, 0));
  const std::string fields = "SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"s;
  const std::string said = "E\0\0\0"s + static_cast<char>(fields.size() + 4) + fields;
  static_cast<void>(pass(client, said.data(), said.size()));
  ::close(client);
}

void CuttingLink::accept_one() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (refusals_ > 0) {
    --refusals_;
    return refuse(client);
  }
  Pair pair{client, ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const sockaddr_un server = address_of(server_socket_);
  TROUPE_ENSURE(::connect(pair.server, reinterpret_cast<const sockaddr*>(&server),
                          sizeof server) == 0);
  pairs_.push_back(std::move(pair));
}

bool CuttingLink::pass_from_client(Pair& pair) {
  char part[1 << 16];
  const ssize_t count = ::recv(pair.client, part, sizeof part, 0);
  if (count <= 0) return false;
  // libpq sends at once what the batches of a test need, so a word is never in two parts.
  const std::string_view said(part, static_cast<std::size_t>(count));
  const Cut cut = cut_;
  const bool is_due = cut != Cut::kNever && said.find(word_) != said.npos;
  if (is_due && cut == Cut::kRequest) {
    cut_ = Cut::kNever;
    return false;
  }
  if (is_due && cut == Cut::kHold) {
    cut_ = Cut::kNever;
    pair.held = said;
    return true;
  }
  if (is_due && cut == Cut::kBoth) {
    cut_ = Cut::kNever;
    const bool is_passed = pass(pair.server, part, static_cast<std::size_t>(count));
    ::close(pair.client);
    pair.client = -1;
    return is_passed;
  }
  pair.swallows = is_due;
  return pass(pair.server, part, static_cast<std::size_t>(count));
}

bool CuttingLink::pass_from_server(Pair& pair) {
  char part[1 << 16];
  const ssize_t count = ::recv(pair.server, part, sizeof part, 0);
  if (count <= 0) return false;
  if (!pair.swallows) return pair.client < 0 || pass(pair.client, part, std::size_t(count));
  // The answer is there, so the COMMIT is durable. The client hears the end of the link, the
  // server nothing at all.
  cut_ = Cut::kNever;
  pair.swallows = false;
  ::close(pair.client);
  pair.client = -1;
  return true;
}

}  // namespace troupe::testing
