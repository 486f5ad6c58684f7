// The units, read by systemd's own tools, which need no running systemd.
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "tests/conformance/temporary_directory.h"
#include "tests/deploy/data_file.h"

namespace troupe::testing {
namespace {

const std::string kUnits = "deploy/systemd/";

/// The units as an administrator installs them, but for the place of the program.
class Installed {
 public:
  Installed() {
    put("troupe.service", read_text(kUnits + "troupe.service"));
    put("troupe@1.service", read_text(kUnits + "troupe@.service"));
    for (const std::string unit : {"troupe.service", "troupe@1.service"}) {
      std::filesystem::create_directory(directory_.file(unit + ".d"));
      put(unit + ".d/cluster.conf", read_text(kUnits + "cluster.conf"));
    }
  }
  std::string unit(const std::string& name) const { return directory_.file(name); }
  Outcome analyze(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "/usr/bin/systemd-analyze");
    return run_program(
        {std::move(arguments), "", {{"SYSTEMD_UNIT_PATH", directory_.path().string() + ":"}}, ""});
  }

 private:
  void put(const std::string& name, const std::string& text) {
    static const std::regex program("/usr/bin/troupe ");
    std::ofstream(unit(name)) << std::regex_replace(text, program, TROUPE_BINARY " ");
  }
  TemporaryDirectory directory_;
};

/// The value that a setting has at last in the unit.
std::string setting(const std::string& unit, const std::string& name) {
  const std::string text = "\n" + read_text(kUnits + unit);
  const std::size_t at = text.rfind("\n" + name + "=");
  if (at == std::string::npos) return "";
  const std::size_t from = at + name.size() + 2;
  return text.substr(from, text.find('\n', from) - from);
}

/// What a group of system calls stands for.
std::set<std::string> calls_of(const std::string& group) {
  const Outcome outcome = run_program({{"/usr/bin/systemd-analyze", "syscall-filter", group}});
  EXPECT_EQ(outcome.exit, 0) << outcome.err;
  std::set<std::string> calls;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t start = line.find_first_not_of(' ');
    if (start == 0 || start == std::string::npos || line[start] == '#') continue;
    const std::string one = line.substr(start);
    if (one[0] != '@') {
      calls.insert(one);
      continue;
    }
    const std::set<std::string> inner = calls_of(one);
    calls.insert(inner.begin(), inner.end());
  }
  return calls;
}

TEST(Units, SystemdUnderstandsEveryLine) {
  const Installed installed;
  for (const std::string unit : {"troupe.service", "troupe@1.service"}) {
    const Outcome outcome = installed.analyze({"verify", "--man=no", installed.unit(unit)});
    EXPECT_EQ(outcome.exit, 0);
    EXPECT_EQ(outcome.err, "");
  }
}

TEST(Units, LeaveLittleToAttack) {
  const Installed installed;
  for (const std::string unit : {"troupe.service", "troupe@1.service"}) {
    // Tenths: 2.0 of 10.
    const Outcome outcome = installed.analyze(
        {"security", "--offline=true", "--no-pager", "--threshold=20", installed.unit(unit)});
    EXPECT_EQ(outcome.exit, 0) << outcome.out << outcome.err;
  }
}

TEST(Units, BringBackANodeHoweverItEnded) {
  for (const std::string unit : {"troupe.service", "troupe@.service"}) {
    EXPECT_EQ(setting(unit, "Type"), "notify");
    EXPECT_NE(setting(unit, "WatchdogSec"), "");
    EXPECT_EQ(setting(unit, "Restart"), "always");
    EXPECT_EQ(setting(unit, "RestartForceExitStatus"), "70");
    EXPECT_EQ(setting(unit, "StartLimitIntervalSec"), "0");
    EXPECT_EQ(setting(unit, "KillMode"), "mixed");
    EXPECT_EQ(setting(unit, "OOMPolicy"), "continue");
    EXPECT_GT(std::stoi(setting(unit, "TimeoutStopSec")), 3 * 10) << "the default drain is 10 s";
  }
}

/// A run with scripts, one of which has to be killed, makes the calls that a server makes.
TEST(Units, FilterAllowsEverySystemCallOfANodeAndItsSandbox) {
  std::set<std::string> allowed = calls_of("@system-service");
  for (const std::string group : {"@privileged", "@keyring"}) {
    for (const std::string& call : calls_of(group)) allowed.erase(call);
  }
  EXPECT_EQ(setting("troupe.service", "SystemCallFilter"), "~@privileged @keyring");
  const std::string unit = read_text(kUnits + "troupe.service");
  ASSERT_NE(unit.find("\nSystemCallFilter=@system-service seccomp\n"), std::string::npos);
  allowed.insert("seccomp");
  // SQLite, and only as root: as an ordinary user it does not try.
  if (::geteuid() == 0) allowed.insert("fchown");
  const TemporaryDirectory directory;
  std::ofstream(directory.file("graph.json"))
      << R"({"steps":[{"id":"a","type":"lua_script","script":"return {n=1}"},)"
         R"({"id":"b","type":"lua_script","depends_on":["a"],"on_error":"continue",)"
         R"("timeout_s":1,"script":"while true do string.rep('a', 1000):find('.-.-.-b') end"}]})";
  const Outcome outcome = run_program(
      {{"/usr/bin/strace", "-f", "-qq", "-e", "signal=none", "-o", directory.file("calls"),
        TROUPE_BINARY, "run", directory.file("graph.json"), "--data-dir", directory.file("d")}},
      60'000);
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  std::set<std::string> refused;
  std::size_t seen = 0;
  static const std::regex call(R"(^\d+ +([a-z_0-9]+)\()");
  std::ifstream lines(directory.file("calls"));
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_search(line, match, call)) continue;
    ++seen;
    if (allowed.count(match[1].str()) == 0) refused.insert(match[1].str());
  }
  EXPECT_GT(seen, 100u);
  EXPECT_EQ(refused, std::set<std::string>());
}

}  // namespace
}  // namespace troupe::testing
