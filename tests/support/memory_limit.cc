#include "tests/support/memory_limit.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <vector>

namespace troupe::testing {
namespace {

/// The names of things in the two versions of control groups.
struct Names {
  std::string root, usage, limit;
  std::string line;            ///< what stands before the path in /proc/<pid>/cgroup
  bool moves_charges = false;  ///< what a process has already counts only if asked for
};

const std::vector<Names> kVersions = {
    {"/sys/fs/cgroup/memory", "memory.usage_in_bytes", "memory.limit_in_bytes", ":memory:", true},
    {"/sys/fs/cgroup", "memory.current", "memory.max", "0::", false}};

std::string group_of(pid_t process, const Names& names) {
  std::ifstream lines("/proc/" + std::to_string(process) + "/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(names.line);
    if (at != std::string::npos) return names.root + line.substr(at + names.line.size());
  }
  return names.root;
}

bool write(const std::string& file, const std::string& text) {
  std::ofstream out(file);
  out << text << std::flush;
  return out.good();
}

}  // namespace

std::unique_ptr<MemoryLimit> MemoryLimit::of(pid_t process, long long more_bytes) {
  static int count = 0;
  for (const Names& names : kVersions) {
    const std::string group = names.root + "/troupe-test-" + std::to_string(::getpid()) + "-" +
                              std::to_string(++count);
    std::error_code refused;
    if (!std::filesystem::exists(names.root + "/cgroup.procs", refused)) continue;
    if (!std::filesystem::create_directory(group, refused)) continue;
    std::unique_ptr<MemoryLimit> made(new MemoryLimit(group, group_of(process, names)));
    if (names.moves_charges) write(group + "/memory.move_charge_at_immigrate", "3");
    if (!write(group + "/cgroup.procs", std::to_string(process))) continue;
    long long usage = 0;
    if (!(std::ifstream(group + "/" + names.usage) >> usage)) continue;
    if (write(group + "/" + names.limit, std::to_string(usage + more_bytes))) return made;
  }
  std::fprintf(stderr, "NOT RUN: a memory limit; no control group can be made here\n");
  return nullptr;
}

MemoryLimit::~MemoryLimit() {
  std::ifstream processes(group_ + "/cgroup.procs");
  for (std::string one; processes >> one;) write(before_ + "/cgroup.procs", one);
  std::error_code ignored;
  std::filesystem::remove(group_, ignored);
}

}  // namespace troupe::testing
