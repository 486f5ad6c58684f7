#include "deploy/troupe/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <string>

#include "deploy/troupe/settings.h"

namespace troupe::cli {
namespace {

/// The number in an environment variable, or 0.
long long number_of(const char* name) {
  const std::string text = variable(name);
  long long value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

void notify_manager(std::string_view state) {
  const std::string path = variable("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path.data(), path.size());
  // A leading @ stands for the zero byte of Linux's abstract names.
  if (path.front() == '@') address.sun_path[0] = '\0';
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  // A manager that does not listen is no reason to stop serving.
  static_cast<void>(::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), size));
  ::close(descriptor);
}

int watchdog_interval_ms() {
  const long long interval_us = number_of("WATCHDOG_USEC");
  const long long pid = number_of("WATCHDOG_PID");
  if (interval_us <= 0 || (pid != 0 && pid != ::getpid())) return -1;
  return static_cast<int>(interval_us / 2000);  // Twice as often as asked for.
}

}  // namespace troupe::cli
