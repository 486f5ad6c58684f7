#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/secret_text.h"
#include "runtime/base/time.h"

namespace troupe::vault {

struct ProgramLimits {
  Duration deadline;
  std::size_t output_bytes_max = 0;
};

inline constexpr std::size_t kProgramInputBytesMax = 4096;
inline constexpr std::size_t kComplaintsBytesMax = 4096;

/// How a program ended, and what it said.
struct ProgramEnd {
  enum class How : std::uint8_t {
    kExited,         ///< by itself; `number` is its exit status
    kSignalled,      ///< `number` is the signal
    kOverDeadline,   ///< killed
    kTooMuchOutput,  ///< killed
  };
  How how = How::kExited;
  int number = 0;
  SecretText output;      ///< standard output
  SecretText complaints;  ///< the first kComplaintsBytesMax of standard error
  bool are_complaints_cut = false;
};

/// Runs argv[0], an absolute path, without a shell and with this process's environment, and waits
/// until it has ended. It gets `input` (up to kProgramInputBytesMax) on its standard input and no
/// other descriptor of ours. It and what it has started, unless that left its process group, are
/// gone when this returns. Any thread. kUnavailable if it cannot be started.
Result<ProgramEnd> run_program(const std::vector<std::string>& argv,
                               std::string_view input,
                               const ProgramLimits& limits);

}  // namespace troupe::vault
