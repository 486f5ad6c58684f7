// Faults of the machine and of neighbours: a held directory, a full disk, SIGTERM under load,
// hostile scripts, lost sandboxes, many open runs at a start. Damaged bytes: damage_test.cc.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>

#include <cstring>
#include <filesystem>
#include <iostream>
#include <random>
#include <sstream>

#include "tests/system/campaign.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

namespace fs = std::filesystem;

class Faults : public SystemTest {
 protected:
  Server server_{data_dir()};
};

std::string graph_of(const std::string& steps, const std::string& output = "") {
  return quoted("{@steps@:[") + steps + "]" +
         (output.empty() ? "" : quoted(",@output@:@{{" + output + "}}@")) + "}";
}

TEST_F(Faults, ASecondServerOnOneDirectoryNamesTheFirst) {
  server_.start();
  const long long started = now_ms();
  const Outcome second =
      troupe({"serve", "--data-dir", data_dir(), "--listen", "127.0.0.1:0"});
  EXPECT_LE(now_ms() - started, 1'000);
  EXPECT_EQ(second.exit, 2) << second.err;
  EXPECT_NE(second.err.find(std::to_string(server_.process().pid())), std::string::npos)
      << second.err;
  const std::string graph = file("g.json", graph_of(lua("a", "return {}")));
  EXPECT_EQ(troupe({"run", graph, "--data-dir", data_dir()}).exit, 2);
  EXPECT_EQ(Api(server_).get("/readyz").status, 200);
}

/// A file system of 24 MB; not there, and said so, where this user may not mount one.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& path) : path_(path) {
    fs::create_directories(path);
    mounted_ = ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=24m,mode=700") == 0;
    if (!mounted_) {
      std::cerr << "NOT RUN: the full disk; mount: " << std::strerror(errno) << "\n";
    }
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  std::string path_;
  bool mounted_ = false;
};

/// Starts runs whose inputs hardly compress until one is refused; the ids of the accepted ones, and
/// the refusal.
Answer fill_up(Api& api, const std::string& workflow, std::vector<std::string>& accepted) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2'000; ++i) {
    std::string noise;
    for (int k = 0; k < 100'000; ++k) noise += static_cast<char>('a' + random() % 26);
    Answer answer = api.command(workflow, R"({"command":"start","params":{"noise":")" + noise +
                                              R"(","n":)" + std::to_string(i) + "}}");
    if (answer.status != 200) return answer;
    accepted.push_back(text_at(answer.body, "/run_id"));
  }
  throw std::runtime_error("the disk is not full after 2,000 runs");
}

TEST_F(Faults, AFullDiskAcceptsNothingThatItCannotKeepAndRecovers) {
  const SmallDisk disk(data_dir());
  if (!disk.mounted()) return;
  const std::string ballast = data_dir() + "/ballast";
  std::ofstream(ballast) << std::string(10 << 20, 'x');
  server_.start();
  Api api(server_);
  const std::string workflow = api.publish(graph_of(lua("a", "return {n=input.n}")));
  std::vector<std::string> accepted;
  const Answer refused = fill_up(api, workflow, accepted);
  EXPECT_TRUE(refused.status == 507 || refused.status == 503) << refused.text;
  EXPECT_GT(accepted.size(), 10u);
  EXPECT_EQ(api.get("/v1/runs?limit=5").status, 200) << "reads must go on";
  EXPECT_EQ(api.context(accepted[0]).is_object(), true);
  EXPECT_EQ(api.get("/livez").status, 200);

  fs::remove(ballast);
  const long long freed = now_ms();
  Answer again = refused;
  while (again.status != 200 && now_ms() - freed < 10'000) {
    again = api.command(workflow, R"({"command":"start","params":{"n":-1}})");
    server_.process().ends_within(50);
  }
  ASSERT_EQ(again.status, 200) << again.text;
  accepted.push_back(text_at(again.body, "/run_id"));
  for (const std::string& run : accepted) {
    EXPECT_EQ(text_at(api.wait_end(run), "/status"), "completed") << run;
  }
  server_.kill_hard();
  server_.start();
  for (const std::string& run : accepted) {
    EXPECT_EQ(text_at(Api(server_).summary(run), "/status"), "completed") << run;
  }
}

TEST_F(Faults, SigtermUnderLoadEndsInOrderAndLosesNothing) {
  server_.start();
  Crowd crowd(server_, 2, 100);
  crowd.start();
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(server_.process().ends_within(300));
    crowd.uptime().down();
    const long long asked = now_ms();
    const Outcome ended = server_.terminate(20'000);
    EXPECT_EQ(ended.exit, 0) << ended.err;
    EXPECT_LE(now_ms() - asked, 10'000);
    server_.start();
    crowd.uptime().up(now_ms());
  }
  EXPECT_GT(crowd.expect_nothing_lost(), 10u);
}

TEST_F(Faults, ASecondSigtermEndsAtOnceAndLosesNothing) {
  server_.start();
  Crowd crowd(server_, 2, 200);
  crowd.start();
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(server_.process().ends_within(200));
    crowd.uptime().down();
    server_.process().signal(SIGTERM);
    server_.process().ends_within(i * 3);
    server_.process().signal(SIGTERM);
    const Outcome ended = server_.process().finish(5'000);
    EXPECT_TRUE(ended.exit == 0 || ended.exit == -SIGTERM) << ended.exit << ended.err;
    server_.start();
    crowd.uptime().up(now_ms());
  }
  EXPECT_GT(crowd.expect_nothing_lost(), 10u);
}

TEST_F(Faults, FiveThousandOpenRunsGoOnAfterAKill) {
  server_.start();
  std::vector<std::string> runs;
  {
    Api api(server_);
    const std::string workflow = api.publish(
        graph_of(quoted("{@id@:@w@,@type@:@wait_event@,@name@:@w@,@event@:@go@},") +
                     lua("b", "return {v=input.n+steps.w.result.x}", "@depends_on@:[@w@]"),
                 "steps.b.result.v"));
    for (int batch = 0; batch < 5; ++batch) {
      std::string items;
      for (int i = 0; i < 1000; ++i) {
        items += std::string(i == 0 ? "" : ",") + R"({"input":{"n":)" +
                 std::to_string(batch * 1000 + i) + "}}";
      }
      const Answer made = api.post("/v1/workflows/" + workflow + "/runs:batch",
                                   R"({"items":[)" + items + "]}");
      ASSERT_EQ(made.status, 200) << made.text;
      for (const Json& id : at(made.body, "/run_ids").as_array()) {
        runs.push_back(id.as_string().c_str());
      }
    }
    api.wait_for(runs.back(), "step_waiting", "w");
  }
  server_.kill_hard();
  const long long started = now_ms();
  server_.start();
  Api api(server_);
  // What the kill caught before its wait began is re-done at the start; wait for the slowest.
  for (const std::string& run : runs) api.wait_for(run, "step_waiting", "w");
  std::fprintf(stderr, "5,000 open runs wait again after %lld ms\n", now_ms() - started);
  const Answer told = api.post("/v1/events", R"({"event":"go","data":{"x":1}})");
  EXPECT_EQ(int_at(told.body, "/delivered"), 5'000) << told.text;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    ASSERT_EQ(int_at(api.wait_end(runs[i]), "/output"), static_cast<long long>(i) + 1);
  }
}

TEST_F(Faults, HostileScriptsOfOneWorkspaceDoNotStopAnother) {
  server_.start();
  Api good(server_);
  ASSERT_EQ(good.post("/v1/workspaces", R"({"slug":"evil","name":"Evil"})").status, 201);
  Api evil(server_, {{"X-Tenant-Id", "evil"}});
  const std::vector<std::string> scripts = {
      "while true do end", "local s='x' while true do s=s..s end",
      "local t={} for i=1,1e9 do t[i]={} end", "return {s=string.rep('a',1e9)}",
      "for i=1,1e8 do print(i) end", "os.exit(1)", "string.find(string.rep('a',2e5),'.-.-.-.-b')"};
  std::vector<std::string> attacks;
  for (const std::string& script : scripts) {
    const std::string workflow = evil.publish(graph_of(lua("x", script, "@timeout_s@:2")));
    for (int i = 0; i < 3; ++i) attacks.push_back(evil.start(workflow));
  }
  const std::string workflow = good.publish(chain_program().graph);
  long long slowest = 0;
  for (int i = 0; i < 20; ++i) {
    const long long started = now_ms();
    EXPECT_EQ(at(good.run(workflow, R"({"n":1})"), "/output"), Json(7));
    slowest = std::max(slowest, now_ms() - started);
  }
  std::fprintf(stderr, "slowest run beside the attack: %lld ms\n", slowest);
  EXPECT_LE(slowest, 5'000);
  for (const std::string& run : attacks) {
    EXPECT_EQ(text_at(evil.wait_end(run), "/status"), "failed") << run;
  }
  EXPECT_TRUE(server_.running());
}

/// The processes that run scripts for this server.
std::vector<pid_t> sandboxes(pid_t server) {
  std::vector<pid_t> all{server};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const auto& task :
         fs::directory_iterator("/proc/" + std::to_string(all[i]) + "/task")) {
      std::ifstream children(task.path() / "children");
      for (pid_t child; children >> child;) all.push_back(child);
    }
  }
  // The first child is the one that the others are forked from.
  all.erase(all.begin(), all.begin() + std::min<std::size_t>(2, all.size()));
  return all;
}

TEST_F(Faults, AKilledSandboxHurtsNoMoreThanItsOwnAttempt) {
  server_.start();
  Api api(server_);
  const std::string workflow = api.publish(graph_of(
      lua("spin", "local n=0 for i=1,150000000 do n=n+i end return {}",
          "@timeout_s@:30,@retry@:{@max_attempts@:3,@initial_ms@:1}")));
  const std::string run = api.start(workflow);
  api.wait_for(run, "step_started", "spin");
  const std::vector<pid_t> children = sandboxes(server_.process().pid());
  ASSERT_FALSE(children.empty());
  for (const pid_t child : children) ::kill(child, SIGKILL);
  EXPECT_EQ(text_at(api.wait_end(run), "/status"), "completed");
  const std::string chain = api.publish(chain_program().graph);
  EXPECT_EQ(at(api.run(chain, R"({"n":1})"), "/output"), Json(7));
  EXPECT_TRUE(server_.running());
}

/// A number from a file of /proc: of the field that stands behind `name`.
long long io_of(pid_t pid, const std::string& name) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/io");
  for (std::string field, value; in >> field >> value;) {
    if (field == name + ":") return std::stoll(value);
  }
  return -1;
}

/// Processor time of the process, in hundredths of a second.
long long ticks_of(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(in, line);
  std::istringstream rest(line.substr(line.rfind(')') + 2));
  std::string field;
  for (int i = 0; i < 11; ++i) rest >> field;
  long long user = 0;
  long long system = 0;
  rest >> user >> system;
  return user + system;
}

TEST_F(Faults, AnIdleServerReadsNothingAndHardlyWakes) {
  server_.start();
  Api api(server_);
  const std::string gate = api.publish(
      graph_of(quoted("{@id@:@w@,@type@:@wait_event@,@name@:@w@,@event@:@go@}")));
  for (int i = 0; i < 20; ++i) api.wait_for(api.start(gate), "step_waiting", "w");
  const pid_t pid = server_.process().pid();
  EXPECT_FALSE(server_.process().ends_within(1'500)) << "time for what follows the last request";
  const long long ticks = ticks_of(pid);
  const long long bytes = io_of(pid, "rchar");
  const long long written = io_of(pid, "wchar");
  EXPECT_FALSE(server_.process().ends_within(3'000));
  std::fprintf(stderr, "idle for 3 s: %lld ms of processor, %lld bytes read, %lld written\n",
               10 * (ticks_of(pid) - ticks), io_of(pid, "rchar") - bytes,
               io_of(pid, "wchar") - written);
  EXPECT_LE(ticks_of(pid) - ticks, 6) << "more than two percent of a processor";
  EXPECT_LE(io_of(pid, "rchar") - bytes, 1'024) << "something reads while nothing happens";
}

}  // namespace
}  // namespace troupe::testing
