#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <filesystem>
#include <future>
#include <memory>

#include "adapters/http_client/client.h"
#include "adapters/lua_sandbox/pool.h"
#include "adapters/lua_sandbox/zygote.h"
#include "adapters/sqlite/examination.h"
#include "adapters/sqlite/sqlite_store.h"
#include "adapters/system/clock.h"
#include "adapters/system/data_dir.h"
#include "adapters/system/hasher.h"
#include "deploy/troupe/commands.h"
#include "deploy/troupe/finding.h"
#include "deploy/troupe/moved_file.h"
#include "deploy/troupe/server_file.h"
#include "deploy/troupe/settings.h"
#include "deploy/troupe/version.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

std::string_view word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarn:
      return "warn";
    case Verdict::kFail:
      return "fail";
  }
  return "fail";
}

/// One script; the answer as it came.
ScriptResult run_script(lua_sandbox::Pool& pool,
                        std::uint64_t job,
                        const std::string& source,
                        Duration timeout) {
  ScriptJob work;
  work.job = job;
  work.script = std::make_shared<const Script>(Script{job, source, "doctor"});
  work.globals = "{}";
  work.timeout = timeout;
  auto promise = std::make_shared<std::promise<ScriptResult>>();
  std::future<ScriptResult> answer = promise->get_future();
  pool.submit(std::move(work), [promise](std::uint64_t, ScriptResult result) {
    promise->set_value(std::move(result));
  });
  return answer.get();
}

/// Must come before everything else: the sandbox forks.
Finding check_sandbox() {
  Finding finding{"sandbox", Verdict::kFail, ""};
  Result<lua_sandbox::Zygote> zygote = lua_sandbox::Zygote::start();
  if (!zygote) {
    finding.detail = zygote.error().message;
    return finding;
  }
  const system::SystemClock clock;
  lua_sandbox::Options options;
  options.children = 1;
  lua_sandbox::Pool pool(std::move(*zygote), clock, options);
  const ScriptResult good = run_script(pool, 1, "return {sum = 1 + 1}", seconds(5));
  if (!good.ok || good.value.view() != R"({"sum":2})") {
    finding.detail = "a script of one line did not run: " + good.error.message;
    return finding;
  }
  const ScriptResult endless = run_script(pool, 2, "while true do end", milliseconds(100));
  if (endless.ok || endless.error.code != Code::kTimeout) {
    finding.detail = "an endless script was not ended: " + endless.error.message;
    return finding;
  }
  finding.verdict = Verdict::kOk;
  finding.detail = "runs a script, ends an endless one";
  return finding;
}

Finding check_seccomp() {
  const bool there = ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
  return {"seccomp", there ? Verdict::kOk : Verdict::kFail,
          there ? "the kernel filters system calls"
                : "the kernel has no seccomp; Lua cannot be confined"};
}

Finding check_clock() {
  const TimePoint now = system::SystemClock().now();
  const bool sane = now > *parse_rfc3339("2024-01-01T00:00:00Z");
  return {"clock", sane ? Verdict::kOk : Verdict::kFail,
          to_rfc3339(now) + (sane ? "" : " cannot be right; timers and ids depend on it")};
}

Finding check_descriptors() {
  constexpr rlim_t kWanted = 4096;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return {"descriptors", Verdict::kWarn, "the limit cannot be read"};
  }
  const std::string text = std::to_string(limit.rlim_cur) + " may be open";
  if (limit.rlim_cur >= kWanted) return {"descriptors", Verdict::kOk, text};
  return {"descriptors", Verdict::kWarn,
          text + "; a server with many connections needs more: ulimit -n 65536"};
}

Finding check_directory(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return {"data directory", Verdict::kWarn,
            path + " does not exist yet; the first start makes it"};
  }
  if (!S_ISDIR(info.st_mode) || ::access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    return {"data directory", Verdict::kFail, path + " is no directory that may be written"};
  }
  if ((info.st_mode & 0077) != 0) {
    return {"data directory", Verdict::kWarn, path + " is open to other users: chmod 700 " + path};
  }
  return {"data directory", Verdict::kOk, path};
}

Finding check_disk(const std::string& data_dir) {
  constexpr std::uint64_t kWantedMb = 1024;
  // A directory that is still to be made will lie where its parent does.
  std::filesystem::path path = std::filesystem::absolute(data_dir);
  while (!std::filesystem::exists(path) && path.has_relative_path()) path = path.parent_path();
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) {
    return {"disk", Verdict::kFail, "cannot be asked about " + path.string()};
  }
  const std::uint64_t free_mb = std::uint64_t{info.f_bavail} * info.f_frsize >> 20;
  const std::string text = std::to_string(free_mb) + " MB free";
  if (free_mb < 64) return {"disk", Verdict::kFail, text};
  return {"disk", free_mb < kWantedMb ? Verdict::kWarn : Verdict::kOk, text};
}

Finding check_token(const std::string& data_dir) {
  struct stat info {};
  const std::string path = data_dir + "/owner.token";
  if (::stat(path.c_str(), &info) != 0) {
    return {"token", Verdict::kWarn, "none yet; the first troupe serve makes it"};
  }
  if ((info.st_mode & 0077) != 0) {
    return {"token", Verdict::kFail, path + " can be read by other users: chmod 600 " + path};
  }
  const Result<std::string> token = system::read_owner_token(data_dir);
  if (!token) return {"token", Verdict::kFail, token.error().message};
  return {"token", Verdict::kOk, path};
}

/// Reads everything that is stored. False if the store should not be opened.
bool check_pages(const sqlite::Options& options, std::vector<Finding>* findings) {
  const Result<sqlite::Examination> examination = sqlite::examine(options);
  if (!examination) {
    findings->push_back({"pages", Verdict::kFail, examination.error().message});
    return false;
  }
  for (const std::string& damage : examination->damage) {
    findings->push_back({"pages", Verdict::kFail, damage});
  }
  if (!examination->damage.empty()) return false;
  findings->push_back({"pages", Verdict::kOk,
                       "all " + std::to_string(examination->pages) + " read, none is damaged"});
  return true;
}

/// The lock, and the store behind it if it is here and nobody else has it.
void check_store(const std::string& path, bool is_shared, std::vector<Finding>* findings) {
  if (!std::filesystem::exists(path)) {
    if (!is_shared) findings->push_back({"store", Verdict::kWarn, "none yet"});
    return;
  }
  const auto held = system::DataDir::hold(path);
  if (!held) {
    const bool other = held.error().code == Code::kDataDirHeld;
    findings->push_back({"lock", other ? Verdict::kWarn : Verdict::kFail, held.error().message});
    return;
  }
  findings->push_back({"lock", Verdict::kOk, "free"});
  if (is_shared) return;
  if (const Status here = require_not_moved(path); !here) {
    findings->push_back({"store", Verdict::kFail, here.error().message});
    return;
  }
  if (!std::filesystem::exists((*held)->file("troupe.db"))) {
    findings->push_back({"store", Verdict::kWarn, "none yet"});
    return;
  }
  const system::Blake2bHasher hasher;
  sqlite::Options options;
  options.path = (*held)->file("troupe.db");
  if (!check_pages(options, findings)) return;
  const auto store = sqlite::SqliteStore::open(options, hasher);
  if (!store) {
    findings->push_back({"store", Verdict::kFail, store.error().message});
    return;
  }
  const store::StoreInfo info = (*store)->info();
  findings->push_back(
      {"store", Verdict::kOk, info.kind + " " + info.version + "; " + info.settings});
}

Finding check_server(const std::string& data_dir) {
  std::string url = variable("TROUPE_URL");
  if (url.empty()) {
    const std::optional<ServerFile> server = read_server_file(data_dir);
    if (!server) return {"server", Verdict::kWarn, "none runs on this directory"};
    if (::kill(server->pid, 0) != 0 && errno == ESRCH) {
      return {
          "server", Verdict::kWarn,
          "process " + std::to_string(server->pid) + " was killed; start it again: troupe serve"};
    }
    url = server->url;
  }
  Result<http_client::Options> options = http_client::options_for_url(url);
  if (!options) return {"server", Verdict::kFail, options.error().message};
  http_client::Client client(std::move(*options));
  const Result<http_client::Response> response = client.get("/readyz");
  if (!response) return {"server", Verdict::kFail, url + ": " + response.error().message};
  const bool ready = response->status == 200;
  return {"server", ready ? Verdict::kOk : Verdict::kFail,
          url + (ready ? " is ready" : " answers " + std::to_string(response->status))};
}

void print_findings(const std::vector<Finding>& findings, bool as_json) {
  if (!as_json) {
    for (const Finding& finding : findings) {
      std::string line(word(finding.verdict));
      line.resize(6, ' ');
      line += finding.name;
      line.resize(std::max<std::size_t>(22, line.size() + 1), ' ');
      print(line + finding.detail);
    }
    return;
  }
  json::Writer out;
  out.begin_object().member("version", kVersion).key("checks").begin_array();
  for (const Finding& finding : findings) {
    out.begin_object().member("name", finding.name).member("verdict", word(finding.verdict));
    out.member("detail", finding.detail).end_object();
  }
  print_json(out.end_array().end_object().take());
}

int doctor(const Shared& shared) {
  const Result<config::Loaded> settings = load_settings(shared);
  if (!settings) return fail(settings.error());
  const std::string& data_dir = settings->options.node.data_dir;
  std::vector<Finding> findings = {check_sandbox(),      check_seccomp(),
                                   check_clock(),        check_descriptors(),
                                   check_disk(data_dir), check_directory(data_dir)};
  check_store(data_dir, settings->options.store.kind == "postgres", &findings);
  check_shared(settings->options, &findings);
  findings.push_back(check_token(data_dir));
  findings.push_back(check_server(data_dir));
  print_findings(findings, shared.json);
  for (const Finding& finding : findings) {
    if (finding.verdict == Verdict::kFail) return kRunFailed;
  }
  return kOk;
}

}  // namespace

void add_doctor(CLI::App& line, Shared& shared, Action& action) {
  CLI::App* command = line.add_subcommand("doctor", "Check what Troupe needs of this machine");
  command->add_option("--config", shared.config_file, "Configuration, TOML");
  add_data_dir(*command, shared);
  add_json(*command, shared);
  command->footer("Exit: 0 unless a check failed.");
  command->callback([&shared, &action] { action = [&shared] { return doctor(shared); }; });
}

}  // namespace troupe::cli
