#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::bench {

/// CPU seconds and memory of this process and all its descendants (the sandboxes), from /proc.
struct Usage {
  double cpu_s = 0;
  double rss_mb = 0;       ///< resident now, all processes
  double rss_peak_mb = 0;  ///< of this process, plus the others' present size
};
Usage usage();

/// One line: processor, cores, memory, kernel, file system of `dir`.
std::string machine(const std::string& dir);

/// Seconds on a monotonic clock.
double monotonic_s();

/// The value at quantile q (0…1) of the samples; sorts them.
double quantile(std::vector<double>& samples, double q);

}  // namespace troupe::bench
