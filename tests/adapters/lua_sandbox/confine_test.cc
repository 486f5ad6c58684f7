// What a confined process may do: nothing but compute and talk on its socket.
#include "adapters/lua_sandbox/confine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

namespace troupe::lua_sandbox {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // forbidden calls fail there instead of killing; see confine.cc
#else
constexpr bool kSanitized = false;
#endif

/// How a confined process ended that did this. Exit code 7: it could not be confined.
int end_of(const std::function<bool()>& attempt) {
  const pid_t pid = fork();
  if (pid == 0) {
    if (!confine(64 << 20)) _exit(7);
    _exit(attempt() ? 1 : 0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

void expect_refused(const std::function<bool()>& attempt) {
  const int status = end_of(attempt);
  if (kSanitized) {
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  } else {
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
  }
}

TEST(SandboxConfine, OpeningAFileIsRefused) {
  const int status = end_of([] { return open("/etc/passwd", O_RDONLY) >= 0; });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(SandboxConfine, MakingASocketEndsTheProcess) {
  expect_refused([] { return socket(AF_INET, SOCK_STREAM, 0) >= 0; });
}

TEST(SandboxConfine, ForkingEndsTheProcess) {
  expect_refused([] { return fork() >= 0; });
}

TEST(SandboxConfine, AnotherProgramEndsTheProcess) {
  expect_refused([] {
    char* const none[] = {nullptr};
    return execve("/bin/true", none, none) == 0;
  });
}

TEST(SandboxConfine, SignallingOthersEndsTheProcess) {
  expect_refused([] { return kill(1, 0) == 0; });
}

TEST(SandboxConfine, MemoryIsGivenButNotWithoutEnd) {
  const int small = end_of([] {
    void* const block =
        mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block == MAP_FAILED;
  });
  EXPECT_TRUE(WIFEXITED(small) && WEXITSTATUS(small) == 0);
  if (kSanitized) return;
  const int large = end_of([] {
    void* const block = mmap(nullptr, std::size_t{256} << 20, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block != MAP_FAILED;
  });
  EXPECT_TRUE(WIFEXITED(large) && WEXITSTATUS(large) == 0);
  const int executable = end_of([] {
    void* const block =
        mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block != MAP_FAILED;
  });
  EXPECT_TRUE(WIFSIGNALED(executable) && WTERMSIG(executable) == SIGSYS);
}

}  // namespace
}  // namespace troupe::lua_sandbox
