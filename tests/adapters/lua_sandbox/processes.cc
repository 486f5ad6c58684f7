#include "tests/adapters/lua_sandbox/processes.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace troupe::lua_sandbox {
namespace {

std::vector<pid_t> children_of(pid_t parent) {
  const std::string number = std::to_string(parent);
  std::ifstream file("/proc/" + number + "/task/" + number + "/children");
  std::vector<pid_t> found;
  pid_t pid = 0;
  while (file >> pid) found.push_back(pid);
  return found;
}

}  // namespace

std::string name_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

pid_t zygote_pid() {
  for (const pid_t child : children_of(getpid())) {
    if (name_of(child) == "troupe-zygote") return child;
  }
  return 0;
}

std::vector<pid_t> sandbox_pids() {
  std::vector<pid_t> found;
  for (const pid_t zygote : children_of(getpid())) {
    for (const pid_t child : children_of(zygote)) {
      if (name_of(child) == "troupe-lua") found.push_back(child);
    }
  }
  return found;
}

unsigned long cpu_ticks(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string field;
  for (int i = 1; i < 14; ++i) file >> field;  // the name has no space in it
  unsigned long ticks = 0;
  file >> ticks;
  return ticks;
}

std::size_t peak_bytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with("VmHWM:")) continue;
    std::istringstream words(line.substr(6));
    std::size_t kib = 0;
    words >> kib;
    return kib << 10;
  }
  return 0;
}

std::size_t largest_sandbox_peak() {
  std::size_t largest = 0;
  for (const pid_t pid : sandbox_pids()) largest = std::max(largest, peak_bytes(pid));
  return largest;
}

}  // namespace troupe::lua_sandbox
