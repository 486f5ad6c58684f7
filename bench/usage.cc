#include "bench/usage.h"

#include <dirent.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

namespace troupe::bench {
namespace {

struct Process {
  int parent = 0;
  double cpu_s = 0;
  double rss_mb = 0;
};

std::map<int, Process> processes() {
  std::map<int, Process> all;
  const double tick = static_cast<double>(sysconf(_SC_CLK_TCK));
  const double page_mb = static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return all;
  while (const dirent* entry = readdir(proc)) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    const auto end = text.rfind(')');
    if (end == std::string::npos) continue;
    std::istringstream rest(text.substr(end + 2));
    std::string field;
    std::vector<std::string> fields;
    while (rest >> field) fields.push_back(field);
    if (fields.size() < 22) continue;
    Process process;
    process.parent = std::atoi(fields[1].c_str());
    process.cpu_s = (std::atof(fields[11].c_str()) + std::atof(fields[12].c_str())) / tick;
    process.rss_mb = std::atof(fields[21].c_str()) * page_mb;
    all[pid] = process;
  }
  closedir(proc);
  return all;
}

double own_peak_mb() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.rfind("VmHWM:", 0) == 0) return std::atof(line.c_str() + 6) / 1000;
  }
  return 0;
}

std::string first_match(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(key, 0) != 0) continue;
    const auto colon = line.find(':');
    const auto start = line.find_first_not_of(" \t", colon + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

}  // namespace

Usage usage() {
  const auto all = processes();
  Usage sum;
  for (const auto& [pid, process] : all) {
    int up = pid;
    while (up > 1 && up != getpid()) {
      const auto found = all.find(up);
      up = found == all.end() ? 0 : found->second.parent;
    }
    if (up != getpid()) continue;
    sum.cpu_s += process.cpu_s;
    sum.rss_mb += process.rss_mb;
    sum.rss_peak_mb += pid == getpid() ? own_peak_mb() : process.rss_mb;
  }
  return sum;
}

std::string machine(const std::string& dir) {
  utsname name{};
  uname(&name);
  struct statfs fs {};
  statfs(dir.c_str(), &fs);
  std::ostringstream out;
  out << first_match("/proc/cpuinfo", "model name") << ", " << sysconf(_SC_NPROCESSORS_ONLN)
      << " cores, " << first_match("/proc/meminfo", "MemTotal") << ", Linux " << name.release
      << ", file system 0x" << std::hex << fs.f_type;
  return out.str();
}

double monotonic_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double quantile(std::vector<double>& samples, double q) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const auto at = static_cast<std::size_t>(std::ceil(q * static_cast<double>(samples.size()))) - 1;
  return samples[std::min(at, samples.size() - 1)];
}

}  // namespace troupe::bench
