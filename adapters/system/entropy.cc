#include "adapters/system/entropy.h"

#include <pthread.h>
#include <sys/random.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <utility>

#include "runtime/base/ensure.h"

namespace troupe::system {
namespace {

std::atomic<std::uint64_t> forks{0};

struct Pool {
  std::array<std::uint64_t, 512> words;
  std::size_t used = 512;
  std::uint64_t forks_seen = 0;
};

thread_local Pool pool;

void refill(Pool& target) {
  auto* at = reinterpret_cast<char*>(target.words.data());
  std::size_t left = sizeof target.words;
  while (left > 0) {
    const ssize_t got = getrandom(at, left, 0);
    if (got < 0 && errno == EINTR) continue;
    // Nothing else fails once the kernel's pool is seeded, and no identifier may be made without
    // it.
    TROUPE_ENSURE(got > 0);
    at += got;
    left -= static_cast<std::size_t>(got);
  }
  target.used = 0;
  target.forks_seen = forks.load(std::memory_order_relaxed);
}

}  // namespace

SystemEntropy::SystemEntropy() {
  static std::once_flag once;
  std::call_once(once, [] {
    pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  });
}

std::uint64_t SystemEntropy::next() {
  Pool& own = pool;
  if (own.used == own.words.size() || own.forks_seen != forks.load(std::memory_order_relaxed)) {
    refill(own);
  }
  // What has been handed out may become a secret, so no second copy of it stays.
  return std::exchange(own.words[own.used++], 0);
}

}  // namespace troupe::system
