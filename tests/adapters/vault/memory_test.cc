#include "adapters/vault/memory.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/secret_text.h"

namespace troupe::vault {
namespace {

TEST(LockedMemory, IsThereForSecretsOfAnySize) {
  for (const std::size_t size : {1u, 32u, 4096u, 100'000u}) {
    SecretText secret = SecretText::of_size(size, locked_memory());
    secret.writable().back() = 'x';
    const SecretText copy = secret.copy();
    EXPECT_EQ(copy.reveal().back(), 'x');
  }
}

TEST(LockedMemory, EndsAtAGuardThatNobodyMayTouch) {
  const SecretText secret(std::string(32, 'x'), locked_memory());
  const volatile char* const end = secret.reveal().data() + secret.size();
  EXPECT_DEATH({ [[maybe_unused]] const char beyond = *end; }, "");
}

TEST(ForbidDumps, LeavesTheProcessWithoutCoreFiles) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (!forbid_dumps()) _exit(1);
    rlimit core{1, 1};
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0) _exit(2);
    _exit(prctl(PR_GET_DUMPABLE) == 0 ? 0 : 3);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace troupe::vault
