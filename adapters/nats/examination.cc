#include "adapters/nats/examination.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <memory>
#include <tuple>

#include "adapters/nats/stream.h"
#include "runtime/json/read.h"
#include "runtime/json/text.h"

namespace troupe::nats {
namespace {

constexpr Duration kPatience = seconds(3);
constexpr int kPatienceMs = 3000;
constexpr std::size_t kGreetingBytesMax = 64 << 10;
constexpr std::string_view kGreeting = "INFO ";

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// "nats://name:4222" → name and port; the library's form has both.
std::pair<std::string, std::string> host_of(std::string_view url) {
  url = url.substr(url.find("://") == std::string_view::npos ? 0 : url.find("://") + 3);
  url = url.substr(url.rfind('@') == std::string_view::npos ? 0 : url.rfind('@') + 1);
  const auto colon = url.rfind(':');
  if (colon == std::string_view::npos) return {std::string(url), "4222"};
  std::string_view host = url.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {std::string(host), std::string(url.substr(colon + 1))};
}

/// What a server says to whoever connects, before anything is encrypted; empty if it does not. The
/// library keeps it to itself.
std::string greeting_of(std::string_view url) {
  const auto [host, port] = host_of(url);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  const Socket link(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (link.get() < 0) return {};
  static_cast<void>(::connect(link.get(), found->ai_addr, found->ai_addrlen));
  std::string text;
  std::array<char, 4096> buffer;
  while (text.find('\n') == std::string::npos && text.size() < kGreetingBytesMax) {
    pollfd readable{link.get(), POLLIN, 0};
    if (::poll(&readable, 1, kPatienceMs) <= 0) return {};
    const ssize_t got = ::recv(link.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return {};
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text.substr(0, text.find('\n'));
}

std::string version_in(std::string_view greeting) {
  if (!greeting.starts_with(kGreeting)) return {};
  const auto info = json::Text::parse(std::string(greeting.substr(kGreeting.size())));
  if (!info) return {};
  const auto version = json::member(info->view(), "version");
  return version ? json::decode_string(*version) : std::string();
}

void look_at_stream(natsConnection* link, Examination& found) {
  jsOptions options;
  jsOptions_Init(&options);
  options.Wait = kPatienceMs;
  jsCtx* raw = nullptr;
  if (natsConnection_JetStream(&raw, link, &options) != NATS_OK) return;
  const std::unique_ptr<jsCtx, decltype(&jsCtx_Destroy)> context(raw, jsCtx_Destroy);
  jsStreamInfo* info = nullptr;
  jsErrCode code{};
  const natsStatus status = js_GetStreamInfo(&info, raw, Stream::kName, nullptr, &code);
  found.has_jetstream = status == NATS_OK || code == JSStreamNotFoundErr;
  if (status != NATS_OK) return;
  found.stream = {info->State.Msgs, info->State.Bytes, info->Config->Replicas};
  jsStreamInfo_Destroy(info);
}

/// Major, minor and patch; what does not begin so counts as old.
std::tuple<int, int, int> parts_of(std::string_view version) {
  std::array<int, 3> parts{};
  for (int& part : parts) {
    const auto [end, error] =
        std::from_chars(version.data(), version.data() + version.size(), part);
    if (error != std::errc()) break;
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (version.starts_with('.')) version.remove_prefix(1);
  }
  return {parts[0], parts[1], parts[2]};
}

}  // namespace

Result<Examination> examine(const Options& options, const Services& services) {
  auto connection = Connection::open(options, services);
  if (!connection) return connection.error();
  (*connection)->wait_until_connected(kPatience);
  const std::shared_ptr<natsConnection> link =
      (*connection)->connected() ? (*connection)->link() : nullptr;
  if (link == nullptr) {
    return Error{Code::kUnavailable, "No NATS server could be reached and let us in.", {}};
  }
  Examination found;
  std::array<char, 1024> url{};
  if (natsConnection_GetConnectedUrl(link.get(), url.data(), url.size()) == NATS_OK) {
    const auto [host, port] = host_of(url.data());
    found.url = host + ":" + port;
    found.version = version_in(greeting_of(url.data()));
  }
  look_at_stream(link.get(), found);
  return found;
}

bool has_known_holes(std::string_view version) {
  const auto parts = parts_of(version);
  return parts < std::tuple(2, 10, 27) || parts == std::tuple(2, 11, 0);
}

}  // namespace troupe::nats
