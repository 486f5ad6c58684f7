#include "adapters/lua_sandbox/zygote.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

extern "C" {  // glibc 2.36 forgot it
#include <sys/pidfd.h>
}

#include "adapters/lua_sandbox/confine.h"

namespace troupe::lua_sandbox {
namespace {

constexpr int kDescriptorsMax = 2;

struct Request {
  std::uint64_t token;
  ChildSettings settings;
};

struct Answer {
  std::uint64_t token;
  pid_t pid;
};

template <class Body>
bool send_with(int socket, const Body& body, const int* descriptors, std::size_t count) {
  iovec data{const_cast<Body*>(&body), sizeof body};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kDescriptorsMax)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (count > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    cmsghdr* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int) * count);
    std::memcpy(CMSG_DATA(head), descriptors, sizeof(int) * count);
  }
  ssize_t sent = -1;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(sizeof body);
}

/// The size received; descriptors that did not come are not open.
template <class Body>
ssize_t receive_with(int socket,
                     Body& body,
                     Descriptor (&descriptors)[kDescriptorsMax],
                     int flags) {
  iovec data{&body, sizeof body};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kDescriptorsMax)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = -1;
  do {
    got = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return got;
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
       head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count && i < kDescriptorsMax; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof fd);
      descriptors[i] = Descriptor(fd);
    }
  }
  return got;
}

[[noreturn]] void become_child(pid_t zygote,
                               const Request& request,
                               const Descriptor& socket,
                               const Descriptor& page) {
  die_with_parent(zygote);
  prctl(PR_SET_NAME, "troupe-lua");
  void* const memory =
      mmap(nullptr, sizeof(SharedPage), PROT_READ | PROT_WRITE, MAP_SHARED, page.get(), 0);
  if (memory == MAP_FAILED) _exit(2);
  keep_only(socket.get());
  child_main(std::launder(static_cast<SharedPage*>(memory)), request.settings);
}

// The server shuts down on SIGTERM or control-C in its own order; its helpers must not go before
// it.
void ignore_terminal_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
    std::signal(signal, SIG_IGN);
  }
  std::signal(SIGCHLD, SIG_IGN);  // children are not waited for
}

[[noreturn]] void serve(pid_t server) {
  die_with_parent(server);
  prctl(PR_SET_NAME, "troupe-zygote");
  prctl(PR_SET_DUMPABLE, 0);
  ignore_terminal_signals();
  const pid_t self = getpid();
  for (;;) {
    Request request{};
    Descriptor given[kDescriptorsMax];
    const ssize_t got = receive_with(kChildSocket, request, given, 0);
    if (got <= 0) _exit(0);
    if (got != sizeof request || !given[1].open()) _exit(1);
    const pid_t pid = fork();
    if (pid == 0) become_child(self, request, given[0], given[1]);
    const Descriptor process(pid > 0 ? pidfd_open(pid, 0) : -1);
    const int fd = process.get();
    if (!send_with(kChildSocket, Answer{request.token, pid}, &fd, process.open() ? 1 : 0)) {
      _exit(0);
    }
  }
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Zygote> Zygote::start() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return Error{Code::kUnavailable, std::string("socketpair: ") + std::strerror(errno), {}};
  }
  Descriptor ours(ends[0]);
  const Descriptor theirs(ends[1]);
  const pid_t server = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    return Error{Code::kUnavailable, std::string("fork: ") + std::strerror(errno), {}};
  }
  if (pid == 0) {
    keep_only(theirs.get());
    serve(server);
  }
  return Zygote(std::move(ours), pid);
}

Zygote::~Zygote() {
  if (pid_ == 0) return;
  socket_.close();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool Zygote::request(std::uint64_t token,
                     const Descriptor& socket,
                     const Descriptor& page,
                     const ChildSettings& settings) {
  const int descriptors[] = {socket.get(), page.get()};
  return send_with(socket_.get(), Request{token, settings}, descriptors, 2);
}

Result<Spawned> Zygote::receive() {
  Answer answer{};
  Descriptor given[kDescriptorsMax];
  const ssize_t got = receive_with(socket_.get(), answer, given, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Spawned{};
  if (got != sizeof answer) return Error{Code::kUnavailable, "the sandbox zygote has ended", {}};
  return Spawned{answer.token, answer.pid, std::move(given[0])};
}

}  // namespace troupe::lua_sandbox
