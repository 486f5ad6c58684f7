// Preloaded into a node, it gives that node a wall clock of its own: the machine's and an offset,
// which the test sets in a mapped file and may change at any instant. Other clocks are untouched.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
/// No wait is longer, so that each notices in the end that the clock has jumped. But none of the
/// NATS library's own waits for an answer is as long: it begins those anew when it is woken without
/// cause, so that in shorter slices they would never come to an end.
constexpr std::int64_t kSlice = 15 * kSecond;
const volatile std::int64_t* shared_offset_us = nullptr;

std::int64_t offset() { return shared_offset_us == nullptr ? 0 : *shared_offset_us * 1'000; }

timespec spec(std::int64_t ns) { return {ns / kSecond, ns % kSecond}; }

std::int64_t true_now() {
  timespec now{};
  ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

[[gnu::constructor]] void begin() {
  const char* const name = std::getenv("FALSE_CLOCK");
  const int file = name == nullptr ? -1 : ::open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  void* const map = ::mmap(nullptr, sizeof *shared_offset_us, PROT_READ, MAP_SHARED, file, 0);
  if (map != MAP_FAILED) shared_offset_us = static_cast<const std::int64_t*>(map);
  ::close(file);
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* out) noexcept {
  static const auto next =
      reinterpret_cast<int (*)(clockid_t, timespec*)>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int failed = next(clock, out);
  if (failed != 0 || clock != CLOCK_REALTIME) return failed;
  *out = spec(out->tv_sec * kSecond + out->tv_nsec + offset());
  return 0;
}

int gettimeofday(timeval* out, void*) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  *out = {now.tv_sec, now.tv_nsec / 1'000};
  return 0;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

int pthread_cond_timedwait(pthread_cond_t* condition,
                           pthread_mutex_t* mutex,
                           const timespec* until) {
  using Wait = int (*)(pthread_cond_t*, pthread_mutex_t*, const timespec*);
  static const auto next =
      reinterpret_cast<Wait>(::dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2"));
  // A condition may have the monotonic clock; that one counts from the boot and not from 1970.
  if (until->tv_sec < kSecond) return next(condition, mutex, until);
  const std::int64_t now = true_now();
  const std::int64_t end = until->tv_sec * kSecond + until->tv_nsec - offset();
  const timespec slice = spec(end < now + kSlice ? end : now + kSlice);
  const int ended = next(condition, mutex, &slice);
  // The end of a slice is told as a waking without cause, which every caller has to bear.
  return ended == ETIMEDOUT && true_now() < end ? 0 : ended;
}

}  // extern "C"
