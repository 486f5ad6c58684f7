#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "deploy/troupe/command_line.h"

namespace troupe::cli {

/// What a command line has come to.
struct Said {
  int exit = 0;
  std::string out;
  std::string err;
};

/// Runs it in this process.
inline Said say(const std::vector<std::string>& arguments) {
  Said said;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  said.exit = run_command_line(arguments);
  said.out = testing::internal::GetCapturedStdout();
  said.err = testing::internal::GetCapturedStderr();
  return said;
}

}  // namespace troupe::cli
