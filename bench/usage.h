#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::bench {

/// CPU seconds and memory of a process and all its descendants (the sandboxes), from /proc.
struct Usage {
  double cpu_s = 0;
  double rss_mb = 0;       ///< resident now, all processes
  double rss_peak_mb = 0;  ///< of the process itself, plus the others' present size
};
Usage usage();  ///< of this process
Usage usage_of(int pid);

/// Resident memory of one process, without its descendants.
double resident_mb(int pid);
/// Memory of a process and its descendants with each shared page counted once; 0 where the kernel
/// does not tell.
double proportional_mb(int pid);
/// Bytes that one process has caused to be written to disks.
double written_bytes(int pid);
/// How often threads of a process and its descendants have been given a processor. Nothing happens
/// without: no query, no poll. `thread` counts threads of that name only.
std::uint64_t wakeups(int pid, std::string_view thread = {});

/// One line: processor, cores, memory, kernel, file system of `dir`.
std::string machine(const std::string& dir);

/// Seconds on a monotonic clock.
double monotonic_s();

/// The value at quantile q (0…1) of the samples; sorts them.
double quantile(std::vector<double>& samples, double q);

}  // namespace troupe::bench
