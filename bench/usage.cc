#include "bench/usage.h"

#include <dirent.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace troupe::bench {
namespace {

constexpr double kKibMb = 1024 / 1e6;

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

/// The process and whatever descends from it.
std::map<int, Process> family(int pid) {
  const auto all = processes();
  std::map<int, Process> out;
  for (const auto& [member, process] : all) {
    int up = member;
    while (up > 1 && up != pid) {
      const auto found = all.find(up);
      up = found == all.end() ? 0 : found->second.parent;
    }
    if (up == pid) out.emplace(member, process);
  }
  return out;
}

/// The sum of what stands behind `key` at the starts of lines.
double sum_in(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  std::string line;
  double sum = 0;
  while (std::getline(file, line)) {
    if (line.rfind(key, 0) == 0) sum += std::atof(line.c_str() + key.size());
  }
  return sum;
}

std::string proc_of(int pid) { return "/proc/" + std::to_string(pid); }

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

Usage usage() { return usage_of(getpid()); }

Usage usage_of(int pid) {
  Usage sum;
  for (const auto& [member, process] : family(pid)) {
    sum.cpu_s += process.cpu_s;
    sum.rss_mb += process.rss_mb;
    sum.rss_peak_mb +=
        member == pid ? sum_in(proc_of(pid) + "/status", "VmHWM:") * kKibMb : process.rss_mb;
  }
  return sum;
}

double resident_mb(int pid) { return sum_in(proc_of(pid) + "/status", "VmRSS:") * kKibMb; }

double proportional_mb(int pid) {
  double sum = 0;
  for (const auto& [member, process] : family(pid))
    sum += sum_in(proc_of(member) + "/smaps_rollup", "Pss:") * kKibMb;
  return sum;
}

double written_bytes(int pid) { return sum_in(proc_of(pid) + "/io", "write_bytes:"); }

std::uint64_t wakeups(int pid, std::string_view thread) {
  double sum = 0;
  for (const auto& [member, process] : family(pid)) {
    std::error_code gone;
    for (const auto& task :
         std::filesystem::directory_iterator(proc_of(member) + "/task", gone)) {
      std::string name;
      std::getline(std::ifstream(task.path() / "comm"), name);
      if (!thread.empty() && name != thread) continue;
      sum += sum_in(task.path() / "status", "voluntary_ctxt_switches:");
      sum += sum_in(task.path() / "status", "nonvoluntary_ctxt_switches:");
    }
  }
  return static_cast<std::uint64_t>(sum);
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
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(samples.size())));
  return samples[std::clamp<std::size_t>(rank, 1, samples.size()) - 1];
}

}  // namespace troupe::bench
