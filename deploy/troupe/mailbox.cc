#include "deploy/troupe/mailbox.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>

#include "runtime/base/ensure.h"

namespace troupe::cli {
namespace {

sigset_t held_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

class Mailbox::Queue {
 public:
  Queue() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { TROUPE_ENSURE(wake_ >= 0); }
  ~Queue() { ::close(wake_); }

  void post(Work work) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(work));
    }
    const std::uint64_t one = 1;
    // A full counter means that the reader is being woken already.
    if (::write(wake_, &one, sizeof one) < 0) TROUPE_ENSURE(errno == EAGAIN);
  }

  std::deque<Work> take() {
    std::uint64_t count = 0;
    if (::read(wake_, &count, sizeof count) < 0) TROUPE_ENSURE(errno == EAGAIN);
    const std::lock_guard lock(mutex_);
    return std::exchange(waiting_, {});
  }

  int descriptor() const { return wake_; }

 private:
  int wake_;
  std::mutex mutex_;
  std::deque<Work> waiting_;
};

void hold_signals() {
  const sigset_t set = held_signals();
  TROUPE_ENSURE(::pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  ::signal(SIGPIPE, SIG_IGN);
}

bool signal_is_held() {
  sigset_t pending;
  if (::sigpending(&pending) != 0) return false;
  return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1;
}

void release_signals() {
  const sigset_t set = held_signals();
  TROUPE_ENSURE(::pthread_sigmask(SIG_UNBLOCK, &set, nullptr) == 0);
}

Mailbox::Mailbox() : queue_(std::make_shared<Queue>()) {
  const sigset_t set = held_signals();
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  TROUPE_ENSURE(signals_ >= 0);
}

Mailbox::~Mailbox() { ::close(signals_); }

Mailbox::Poster Mailbox::poster() const {
  return [queue = queue_](Work work) { queue->post(std::move(work)); };
}

Mailbox::Woke Mailbox::wait(int timeout_ms, bool want_input) {
  std::array<pollfd, 3> fds = {{{signals_, POLLIN, 0},
                                {queue_->descriptor(), POLLIN, 0},
                                {want_input ? STDIN_FILENO : -1, POLLIN, 0}}};
  const int ready = ::poll(fds.data(), fds.size(), timeout_ms);
  if (ready < 0) TROUPE_ENSURE(errno == EINTR);
  if (ready <= 0) return Woke::kTimeout;
  if (fds[0].revents != 0) {
    signalfd_siginfo info;
    if (::read(signals_, &info, sizeof info) == sizeof info) return Woke::kSignal;
  }
  if (fds[1].revents != 0) {
    for (const Work& work : queue_->take()) work();
    return Woke::kWork;
  }
  return fds[2].revents != 0 ? Woke::kInput : Woke::kTimeout;
}

}  // namespace troupe::cli
