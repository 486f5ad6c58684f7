#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>

namespace troupe::testing {

/// A bound on the memory of a process, by a control group of its own: the kernel kills the process
/// that goes beyond it. Whatever happens, the group goes when this does.
class MemoryLimit {
 public:
  ~MemoryLimit();
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

  /// The process may have that much more than it has now. Nothing, and a line on stderr, where
  /// control groups are not ours to make.
  static std::unique_ptr<MemoryLimit> of(pid_t process, long long more_bytes);

 private:
  MemoryLimit(std::string group, std::string before)
      : group_(std::move(group)), before_(std::move(before)) {}

  std::string group_;
  std::string before_;  ///< where the process was
};

}  // namespace troupe::testing
