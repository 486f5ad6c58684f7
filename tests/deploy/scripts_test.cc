// Shell scripts, read by ShellCheck.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/process.h"

namespace troupe::testing {
namespace {

TEST(Scripts, ShellCheckFindsNoMistake) {
  std::vector<std::string> arguments = {"/usr/bin/shellcheck", "--severity=warning"};
  for (const char* folder : {"deploy", "bench"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".sh") arguments.push_back(entry.path().string());
    }
  }
  ASSERT_GT(arguments.size(), 5u);
  const Outcome outcome = run_program({arguments});
  EXPECT_EQ(outcome.exit, 0) << outcome.out << outcome.err;
}

}  // namespace
}  // namespace troupe::testing
