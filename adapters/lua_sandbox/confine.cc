#include "adapters/lua_sandbox/confine.h"

#include <fcntl.h>
#include <malloc.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// AddressSanitizer reserves terabytes of address space and calls the kernel where it likes to.
// Under it the address space is not limited and an unexpected call fails instead of killing the
// process; everything else is the same.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TROUPE_SANDBOX_SANITIZED 1
#else
#define TROUPE_SANDBOX_SANITIZED 0
#endif

namespace troupe::lua_sandbox {
namespace {

std::size_t address_space_bytes() {
  std::size_t pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re"); file != nullptr) {
    if (std::fscanf(file, "%zu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// The kernel ends a sandbox before it ends the server, when the machine runs out of memory.
void be_first_victim() {
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = write(file, "1000", 4);
  close(file);
}

void limit(__rlimit_resource resource, rlim_t value) {
  const rlimit both{value, value};
  setrlimit(resource, &both);
}

bool filter_system_calls() {
#if TROUPE_SANDBOX_SANITIZED
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  constexpr int kAllowed[] = {
      SCMP_SYS(recvfrom),     SCMP_SYS(sendto),         SCMP_SYS(read),
      SCMP_SYS(write),        SCMP_SYS(futex),          SCMP_SYS(exit_group),
      SCMP_SYS(brk),          SCMP_SYS(munmap),         SCMP_SYS(mremap),
      SCMP_SYS(madvise),      SCMP_SYS(rt_sigreturn),   SCMP_SYS(clock_gettime),
      SCMP_SYS(exit),         SCMP_SYS(mmap),           SCMP_SYS(mprotect),
      SCMP_SYS(sigaltstack),  SCMP_SYS(gettid),         SCMP_SYS(getpid),
      SCMP_SYS(sched_yield),  SCMP_SYS(rt_sigprocmask), SCMP_SYS(getrandom),
      SCMP_SYS(rt_sigaction), SCMP_SYS(restart_syscall)};
#else
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  constexpr int kAllowed[] = {
      SCMP_SYS(recvfrom),       SCMP_SYS(sendto),       SCMP_SYS(futex),
      SCMP_SYS(exit_group),     SCMP_SYS(brk),          SCMP_SYS(munmap),
      SCMP_SYS(mremap),         SCMP_SYS(madvise),      SCMP_SYS(exit),
      SCMP_SYS(getrandom),      SCMP_SYS(rt_sigreturn), SCMP_SYS(clock_gettime),
      SCMP_SYS(restart_syscall)};
#endif
  if (filter == nullptr) return false;
  bool done = true;
  for (const int call : kAllowed) {
    done = done && seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0;
  }
#if !TROUPE_SANDBOX_SANITIZED
  // glibc may look for the number of cores when malloc wants another arena (seen in processes whose
  // parent had threads before); it copes with a refusal, a kill would cost an innocent script.
  done = done && seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(openat), 0) == 0;
  // Memory, but never executable memory.
  done = done && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
  // Allocators reserve first and make pages usable later.
  done = done && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
#endif
  seccomp_syscall_priority(filter, SCMP_SYS(recvfrom), 255);
  seccomp_syscall_priority(filter, SCMP_SYS(sendto), 254);
  done = done && seccomp_load(filter) == 0;
  seccomp_release(filter);
  return done;
}

}  // namespace

void die_with_parent(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
}

void keep_only(int socket) {
  dup3(socket, kChildSocket, 0);
  close_range(0, kChildSocket - 1, 0);
  close_range(kChildSocket + 1, ~0U, 0);
}

bool confine(std::size_t memory_bytes_max) {
  be_first_victim();
  // Large blocks come from mmap and go back at once; the threshold must not grow by itself.
  mallopt(M_MMAP_THRESHOLD, 128 << 10);
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
  mallopt(M_ARENA_MAX, 1);  // one thread needs no second arena
  const std::size_t mapped = address_space_bytes();
  if (mapped == 0) return false;
  if (!TROUPE_SANDBOX_SANITIZED) limit(RLIMIT_AS, mapped + memory_bytes_max);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_NPROC, 0);
  limit(RLIMIT_NOFILE, 0);
  // No RLIMIT_CPU: a child serves jobs for days, and the deadline of a job is wall time.
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return false;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  return filter_system_calls();
}

}  // namespace troupe::lua_sandbox
