#include "tests/system/campaign.h"

#include <gtest/gtest.h>

#include <map>

namespace troupe::testing {

void Uptime::up(long long spawned_ms) {
  const std::lock_guard lock(mutex_);
  up_ = true;
  progressed_ = false;
  ++life_;
  spawned_ms_ = spawned_ms;
  changed_.notify_all();
}

void Uptime::down() {
  const std::lock_guard lock(mutex_);
  up_ = false;
}

void Uptime::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

std::optional<int> Uptime::wait_newer(int seen) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ended_ || (up_ && life_ > seen); });
  if (ended_) return std::nullopt;
  return life_;
}

bool Uptime::over() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

void Uptime::progressed(int life_of_run) {
  const std::lock_guard lock(mutex_);
  if (progressed_ || life_of_run >= life_) return;
  progressed_ = true;
  recoveries_ms_.push_back(now_ms() - spawned_ms_);
}

std::vector<long long> Uptime::recoveries_ms() const {
  const std::lock_guard lock(mutex_);
  return recoveries_ms_;
}

PatientClient::PatientClient(const Server& server,
                             Uptime& uptime,
                             const std::vector<Program>& programs,
                             const std::vector<std::string>& workflows,
                             std::uint64_t seed,
                             int number)
    : server_(server),
      uptime_(uptime),
      programs_(programs),
      workflows_(workflows),
      random_(seed),
      number_(number) {}

/// The server is gone: wait for its next life.
void PatientClient::lost() {
  client_.reset();
  const std::optional<int> next = uptime_.wait_newer(life_);
  over_ = !next.has_value();
  if (next) life_ = *next;
}

std::optional<Answer> PatientClient::insist(const std::string& path,
                                            const std::string& body,
                                            const http_client::Headers& headers) {
  while (!over_) {
    if (life_ == 0) lost();
    if (over_) break;
    if (!client_) client_.emplace(server_.client_options());
    auto response = client_->request("POST", path, headers, body);
    if (!response) {
      lost();
      continue;
    }
    if (response->status == 503) continue;
    Answer answer;
    answer.status = response->status;
    answer.text = response->body;
    answer.body = answer.text.empty() ? Json() : parse_json(answer.text);
    return answer;
  }
  return std::nullopt;
}

std::optional<std::string> PatientClient::start(std::size_t program,
                                                long long n,
                                                const std::string& key) {
  const auto answer = insist("/v1/workflows/" + workflows_[program] + "/command",
                             R"({"command":"start","params":{"n":)" + std::to_string(n) + "}}",
                             {{"Idempotency-Key", key}});
  if (!answer) return std::nullopt;
  if (answer->status != 200) {
    complaints_.push_back("start was answered " + std::to_string(answer->status) + " " +
                          answer->text);
    return std::nullopt;
  }
  return text_at(answer->body, "/run_id");
}

bool PatientClient::follow(const AcceptedRun& run, const std::string& type) {
  std::uint64_t after = 0;
  const int born = life_;
  while (!over_) {
    http_client::Client stream(server_.client_options());
    bool found = false;
    const auto response = stream.stream(
        "/v1/runs/" + run.id + "/events?after=" + std::to_string(after), {},
        [&](const http_client::Event& event) {
          if (event.id.empty()) return true;  // Progress and log lines are live only.
          const Json json = parse_json(event.data);
          const long long seq = int_at(json, "/seq");
          if (seq != static_cast<long long>(after) + 1) {
            complaints_.push_back("run " + run.id + ": event " + std::to_string(seq) + " behind " +
                                  std::to_string(after));
          }
          after = static_cast<std::uint64_t>(seq);
          uptime_.progressed(born);
          found = text_at(json, "/event_type") == type;
          return !found;
        });
    if (found) return true;
    if (response && response->status == 204) return false;
    if (response && response->status == 404) {
      complaints_.push_back("run " + run.id + " was accepted and is not known");
      return false;
    }
    if (!response && response.error().code == Code::kTimeout) {
      complaints_.push_back("run " + run.id + " made no progress for 14 s behind " +
                            std::to_string(after));
      return false;
    }
    // The stream has ended: with the run, or with the server. The next try tells.
    if (!response) lost();
  }
  return false;
}

void PatientClient::approve(const AcceptedRun& run) {
  if (!follow(run, "human_task_created")) return;
  const auto answer =
      insist("/v1/runs/" + run.id + "/tasks/ok/complete", R"({"approved":true})", {});
  // A repeated answer meets its own first one.
  if (answer && answer->status != 200 && answer->status != 409) {
    complaints_.push_back("an approval was answered " + answer->text);
  }
}

void PatientClient::work() {
  for (long long count = 0; !over_ && !uptime_.over(); ++count) {
    AcceptedRun run;
    run.program = random_() % programs_.size();
    run.n = static_cast<long long>(random_() % 1000);
    const std::string key = std::to_string(number_) + "-" + std::to_string(count);
    const auto id = start(run.program, run.n, key);
    if (!id) continue;
    run.id = *id;
    accepted_.push_back(run);
    if (random_() % 8 == 0) {
      const auto again = start(run.program, run.n, key);
      if (again && *again != run.id) complaints_.push_back("one key made two runs: " + key);
    }
    if (programs_[run.program].human) {
      approve(run);
    } else if (count % 4 == 3) {
      follow(run, "run_completed");
    }
  }
}

std::string fault_of_run(Api& api, const AcceptedRun& run, const Program& program) {
  const Json row = api.wait_end(run.id);
  if (text_at(row, "/status") != "completed") return "ended as " + text_at(row, "/status");
  if (at(row, "/output") != Json(program.expected(run.n))) {
    return "its output is " + text_at(row, "/output") + ", not " +
           std::to_string(program.expected(run.n));
  }
  long long seq = 0;
  int terminal = 0;
  std::map<std::string, int> completed;
  std::map<std::string, int> started;
  for (const Json& event : api.events(run.id)) {
    if (int_at(event, "/seq") != ++seq) return "a gap before event " + text_at(event, "/seq");
    if (terminal > 0) return "something follows its terminal event";
    const std::string type = text_at(event, "/event_type");
    if (type == "run_completed" || type == "run_failed" || type == "run_stopped") ++terminal;
    if (type == "step_completed" && ++completed[text_at(event, "/step_id")] > 1) {
      return "step " + text_at(event, "/step_id") + " was completed twice";
    }
    const std::string attempt = text_at(event, "/step_id") + "@" + text_at(event, "/attempt");
    if (type == "step_started" && ++started[attempt] > 1) return attempt + " was started twice";
  }
  return terminal == 1 ? "" : "it has no terminal event";
}

namespace {

/// How many runs a workflow has, by the lists that users see.
std::size_t count_runs(Api& api, const std::string& workflow) {
  std::size_t count = 0;
  std::string cursor;
  do {
    const Answer page = api.get("/v1/runs?limit=200&workflow_id=" + workflow + "&cursor=" + cursor);
    count += at(page.body, "/items").as_array().size();
    const Json& next = at(page.body, "/next_cursor");
    cursor = next.is_string() ? next.as_string().c_str() : "";
  } while (!cursor.empty());
  return count;
}

}  // namespace

Crowd::Crowd(const Server& server, int clients, std::uint64_t seed) : server_(server) {
  Api api(server);
  const std::string chain = api.publish(chain_program().graph, "chain");
  programs_ = mixed_programs(chain);
  workflows_.push_back(chain);
  for (std::size_t i = 1; i < programs_.size(); ++i) {
    workflows_.push_back(api.publish(programs_[i].graph, programs_[i].name));
  }
  for (int i = 0; i < clients; ++i) {
    clients_.push_back(std::make_unique<PatientClient>(server_, uptime_, programs_, workflows_,
                                                       seed + static_cast<std::uint64_t>(i), i));
  }
}

Crowd::~Crowd() { end(); }

void Crowd::start() {
  for (const auto& client : clients_) {
    threads_.emplace_back([one = client.get()] { one->work(); });
  }
  uptime_.up(now_ms());
}

void Crowd::end() {
  uptime_.end();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::size_t Crowd::expect_nothing_lost() {
  end();
  Api api(server_);
  std::vector<std::size_t> wanted(programs_.size(), 0);
  std::size_t runs = 0;
  for (const auto& client : clients_) {
    for (const std::string& complaint : client->complaints()) ADD_FAILURE() << complaint;
    for (const AcceptedRun& run : client->accepted()) {
      const Program& program = programs_[run.program];
      if (program.human) {
        api.post("/v1/runs/" + run.id + "/tasks/ok/complete", R"({"approved":true})");
      }
      EXPECT_EQ(fault_of_run(api, run, program), "") << program.name << " run " << run.id;
      ++wanted[run.program];
      ++runs;
    }
  }
  expect_no_stray_runs(api, wanted);
  return runs;
}

void Crowd::expect_no_stray_runs(Api& api, const std::vector<std::size_t>& wanted) const {
  for (std::size_t i = 0; i < programs_.size(); ++i) {
    // The chain is also what the program "child" calls, once for each of its runs.
    std::size_t most = wanted[i];
    for (std::size_t k = 0; i == 0 && k < programs_.size(); ++k) {
      if (programs_[k].name == "child") most += wanted[k];
    }
    const std::size_t there = count_runs(api, workflows_[i]);
    EXPECT_GE(there, most) << programs_[i].name << ": runs are missing";
    // One more per client may have been in doubt when the clients ended.
    EXPECT_LE(there, most + 2 * clients_.size()) << programs_[i].name << ": nobody started these";
  }
}

}  // namespace troupe::testing
