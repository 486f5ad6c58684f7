// With another allocator linked in, as in the executables, scripts are the first who ask glibc's.
#include "adapters/lua_sandbox/heap.h"

#include <gtest/gtest.h>

#include <barrier>
#include <thread>
#include <vector>

#include "adapters/lua_sandbox/syntax.h"

namespace troupe::lua_sandbox {
namespace {

constexpr int kThreads = 8;

/// Threads that check their first script at once, and end.
[[noreturn]] void check_at_once() {
  std::barrier begin(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&begin] {
      begin.arrive_and_wait();
      if (!Syntax().check("return {v = 1}", "first")) std::exit(1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::exit(0);
}

TEST(LuaHeapDeathTest, ThreadsThatAskFirstAtOnceEndWell) {
  // Each in a program of its own: there is one first time in each.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (int i = 0; i < 20; ++i) {
    EXPECT_EXIT(check_at_once(), ::testing::ExitedWithCode(0), "");
  }
}

}  // namespace
}  // namespace troupe::lua_sandbox
