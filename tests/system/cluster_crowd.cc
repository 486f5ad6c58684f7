#include "tests/system/cluster_crowd.h"

#include <algorithm>
#include <deque>

#include "tests/system/cluster_graphs.h"

namespace troupe::testing {
namespace {

constexpr int kTicks = 15;
constexpr int kAnswerMs = 3'000;

std::string client_key(int number, long long count) {
  return std::to_string(number) + "-" + std::to_string(count);
}

}  // namespace

Campaign::Campaign(TestCluster& cluster, std::vector<std::string> tenants, std::uint64_t seed)
    : effects_(seed), bus_(cluster.broker().url()) {
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    http_client::Options door = cluster.node(i).access();
    door.connect_time = seconds(1);
    // A node that hangs is given up; asking another one with the same key does no harm.
    door.request_time = seconds(6);
    door.stream_quiet_time = seconds(6);
    doors_.push_back(std::move(door));
  }
  for (const std::string& slug : tenants) {
    if (slug != "default") {
      const Answer made = cluster.api(0).post(
          "/v1/workspaces", R"({"slug":")" + slug + R"(","name":")" + slug + R"("})");
      if (made.status != 201) throw std::runtime_error("no workspace: " + made.text);
    }
    tenants_.push_back({slug, {}});
    Api api(door(0, tenants_.size() - 1));
    // Subjects name a project; the first workspace comes with this one.
    if (slug != "default") api.post("/v1/projects", R"({"slug":"default","name":"default"})");
    publish_all(api, tenants_.back());
  }
  if (has_effects_) effects_.serve(bus_, tenants);
  else std::fprintf(stderr, "NOT RUN: effects outside; this build executes no worker_task\n");
}

void Campaign::publish_all(Api& api, Tenant& tenant) {
  const std::string chain = api.publish(chain_program().graph, "chain");
  programs_ = mixed_programs(chain);
  const Answer checked =
      api.post("/v1/workflows/" + chain + "/validate", R"({"graph":)" + Effects::graph() + "}");
  has_effects_ = checked.text.find("step_type_unavailable") == std::string::npos;
  if (has_effects_) {
    programs_.push_back({"effects", Effects::graph(), false, [](long long n) { return n + 3; }});
  }
  programs_.push_back({"ticking", ticking_graph(kTicks, 0.8), false,
                       [](long long n) { return n + kTicks; }});
  programs_.push_back({"gate", gate_graph(), false, [](long long n) { return n + 1; }});
  tenant.workflows.push_back(chain);
  for (std::size_t i = 1; i < programs_.size(); ++i) {
    tenant.workflows.push_back(api.publish(programs_[i].graph, programs_[i].name));
  }
}

std::string vouched(const Accepted& accepted) {
  return R"({"approved":true,"result":{"v":)" + std::to_string(accepted.run.n + 2) + "}}";
}

void Campaign::said(Said what) {
  const std::lock_guard lock(mutex_);
  said_.push_back(std::move(what));
}

std::vector<Campaign::Said> Campaign::all_said() const {
  const std::lock_guard lock(mutex_);
  return said_;
}

void Campaign::clock_was_wrong(WrongClock clock) {
  const std::lock_guard lock(mutex_);
  wrong_clocks_.push_back(clock);
}

long long Campaign::clock_error(long long from, long long until) const {
  const std::lock_guard lock(mutex_);
  long long error = 0;
  for (const WrongClock& clock : wrong_clocks_) {
    const bool touches = clock.from - clock.by_ms <= until && from <= clock.until + clock.by_ms;
    if (touches) error = std::max(error, clock.by_ms);
  }
  return error;
}

http_client::Options Campaign::door(std::size_t node, std::size_t tenant) const {
  http_client::Options options = doors_.at(node);
  options.headers.emplace_back("X-Tenant-Id", tenants_.at(tenant).slug);
  return options;
}

std::size_t Campaign::program(const std::string& name) const {
  const auto found = std::find_if(programs_.begin(), programs_.end(),
                                  [&](const Program& program) { return program.name == name; });
  if (found == programs_.end()) throw std::runtime_error("no program " + name);
  return static_cast<std::size_t>(found - programs_.begin());
}

void Campaign::pass(int ms) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(ms), [&] { return over_; });
}

void Campaign::end() {
  const std::lock_guard lock(mutex_);
  over_ = true;
  changed_.notify_all();
}

bool Campaign::over() const {
  const std::lock_guard lock(mutex_);
  return over_;
}

// ---- Roamer -------------------------------------------------------------------------------------

http_client::Options Roamer::any_door(std::size_t tenant) {
  return campaign_.door(random_() % campaign_.doors(), tenant);
}

std::optional<Answer> Roamer::ask(std::size_t tenant, const std::string& path,
                                  const std::string& body, const http_client::Headers& headers) {
  // Most calls meet the node of the last one, as they do behind a balancer that keeps connections.
  if (client_tenant_ != tenant || random_() % 4 == 0) client_.reset();
  if (!client_) client_.emplace(any_door(tenant));
  client_tenant_ = tenant;
  auto response = client_->request("POST", path, headers, body);
  if (response && response->status < 500) {
    Answer answer;
    answer.status = response->status;
    answer.text = response->body;
    answer.body = answer.text.empty() ? Json() : parse_json(answer.text);
    return answer;
  }
  if (response && response->status == 500) {
    complaints_.push_back(path + " was answered " + response->body);
  }
  client_.reset();
  campaign_.pass(50);
  return std::nullopt;
}

std::optional<Answer> Roamer::insist(std::size_t tenant, const std::string& path,
                                     const std::string& body,
                                     const http_client::Headers& headers) {
  while (!campaign_.over()) {
    if (auto answer = ask(tenant, path, body, headers)) return answer;
  }
  return std::nullopt;
}

std::optional<Accepted> Roamer::start(std::size_t program) {
  Accepted accepted;
  accepted.tenant = random_() % campaign_.tenants().size();
  accepted.run.program = program;
  accepted.run.n = static_cast<long long>(random_() % 1000);
  if (random_() % 5 == 0) return start_by_message(std::move(accepted));
  // With a key its owner is given, and it may be asked for again; without one the node that is
  // asked takes it, and whoever hears nothing does not know.
  const bool is_keyed = random_() % 3 != 0;
  const std::string key = client_key(number_, count_++);
  const std::string path =
      "/v1/workflows/" + campaign_.tenants()[accepted.tenant].workflows[program] + "/command";
  const std::string body =
      R"({"command":"start","params":{"n":)" + std::to_string(accepted.run.n) + "}}";
  const auto answer = is_keyed ? insist(accepted.tenant, path, body, {{"Idempotency-Key", key}})
                               : ask(accepted.tenant, path, body, {});
  if (!answer) {
    ++in_doubt_;
    return std::nullopt;
  }
  if (answer->status != 200) {
    complaints_.push_back("a start was answered " + answer->text);
    return std::nullopt;
  }
  accepted.run.id = text_at(answer->body, "/run_id");
  accepted_.push_back(accepted);
  if (is_keyed && random_() % 6 == 0) {
    const auto again = insist(accepted.tenant, path, body, {{"Idempotency-Key", key}});
    if (again) ++asked_again_;
    if (again && text_at(again->body, "/run_id") != accepted.run.id) {
      complaints_.push_back("one key made two runs: " + key + " " + again->text);
    }
  }
  return accepted;
}

std::optional<Accepted> Roamer::start_by_message(Accepted accepted) {
  const Campaign::Tenant& tenant = campaign_.tenants()[accepted.tenant];
  const std::string scope = tenant.slug + ".default";
  const std::string key = "m" + client_key(number_, count_++);
  const std::string body = R"({"workflow_id":")" + tenant.workflows[accepted.run.program] +
                           R"(","input":{"n":)" + std::to_string(accepted.run.n) + "}}";
  // What JetStream has may be lost with it; asked for by the same key, it is known or made.
  const bool is_enqueued = random_() % 2 == 0;
  if (is_enqueued) campaign_.bus().publish("troupe.v1.enqueue." + scope, body, key);
  while (!campaign_.over()) {
    const auto reply =
        campaign_.bus().request("troupe.v1.submit." + scope, body, key, kAnswerMs);
    if (reply && !reply->is_empty && reply->error.empty()) {
      accepted.run.id = text_at(parse_json(reply->body), "/run_id");
      accepted_.push_back(accepted);
      campaign_.said({"troupe.v1.enqueue." + scope, body, key});
      return accepted;
    }
    const long long status =
        reply && !reply->error.empty() ? int_at(parse_json(reply->body), "/status") : 503;
    if (status < 500 && status != 429) {
      complaints_.push_back("a submission was answered " + reply->body);
      return std::nullopt;
    }
    campaign_.pass(50);
  }
  ++in_doubt_;
  return std::nullopt;
}

void Roamer::take_event(const Accepted& accepted, const Json& event, std::uint64_t* after) {
  const auto seq = static_cast<std::uint64_t>(int_at(event, "/seq"));
  if (seq != *after + 1) {
    complaints_.push_back("run " + accepted.run.id + ": event " + std::to_string(seq) +
                          " behind " + std::to_string(*after));
  }
  *after = seq;
}

std::string Roamer::follow(const Accepted& accepted, const std::vector<std::string>& types) {
  std::uint64_t after = 0;
  while (!campaign_.over()) {
    http_client::Client stream(any_door(accepted.tenant));
    std::string found;
    const auto response = stream.stream(
        "/v1/runs/" + accepted.run.id + "/events?after=" + std::to_string(after), {},
        [&](const http_client::Event& event) {
          if (campaign_.over()) return false;
          if (event.id.empty()) return true;  // Progress and log lines are live only.
          const Json json = parse_json(event.data);
          take_event(accepted, json, &after);
          const std::string type = text_at(json, "/event_type");
          if (std::find(types.begin(), types.end(), type) != types.end()) found = type;
          return found.empty();
        });
    if (!found.empty() || (response && response->status == 204)) return found;
    if (response && response->status == 404) {
      complaints_.push_back("run " + accepted.run.id + " was accepted and is not known");
      return "";
    }
    campaign_.pass(50);
  }
  return "";
}

void Roamer::approve(const Accepted& accepted) {
  const auto answer = insist(accepted.tenant,
                             "/v1/runs/" + accepted.run.id + "/tasks/ok/complete",
                             R"({"approved":true})");
  // A repeated answer meets its own first one.
  if (answer && answer->status != 200 && answer->status != 409) {
    complaints_.push_back("an approval was answered " + answer->text);
  }
}

void Roamer::vouch(const Accepted& accepted) {
  const std::string task = std::string("/tasks/") + Effects::kOnce + "/complete";
  const auto answer =
      insist(accepted.tenant, "/v1/runs/" + accepted.run.id + task, vouched(accepted));
  if (answer && answer->status != 200 && answer->status != 409) {
    complaints_.push_back("an answer about an effect was answered " + answer->text);
  }
}

void Roamer::churn() {
  const std::size_t lasting = campaign_.program("ticking");
  while (!campaign_.over()) {
    const auto accepted = start(random_() % lasting);
    if (!accepted) continue;
    const Program& program = campaign_.programs()[accepted->run.program];
    if (program.human) {
      follow(*accepted, {"human_task_created"});
      approve(*accepted);
    } else if (program.name == "effects" && random_() % 2 == 0) {
      // Nothing waits here but a step that asks what has come of its effect.
      if (follow(*accepted, {"run_completed", "step_waiting"}) == "step_waiting") vouch(*accepted);
    } else if (random_() % 3 == 0 && program.name != "effects") {
      follow(*accepted, {"run_completed"});
    }
    campaign_.pass(20);
  }
}

void Roamer::keep_ticking(int runs) {
  const std::size_t ticking = campaign_.program("ticking");
  std::deque<Accepted> open;
  while (!campaign_.over()) {
    while (static_cast<int>(open.size()) < runs && !campaign_.over()) {
      if (const auto accepted = start(ticking)) open.push_back(*accepted);
    }
    if (open.empty()) continue;
    follow(open.front(), {"run_completed"});
    open.pop_front();
  }
}

void Roamer::start_and_leave(const std::string& program, int runs) {
  for (int i = 0; i < runs && !campaign_.over(); ++i) start(campaign_.program(program));
}

// ---- ClusterCrowd -------------------------------------------------------------------------------

ClusterCrowd::ClusterCrowd(Campaign& campaign, std::uint64_t seed)
    : campaign_(campaign), random_(seed) {}

ClusterCrowd::~ClusterCrowd() { end(); }

Roamer& ClusterCrowd::add() {
  const int number = static_cast<int>(roamers_.size());
  roamers_.push_back(std::make_unique<Roamer>(campaign_, random_(), number));
  return *roamers_.back();
}

void ClusterCrowd::start(int churning, int ticking, int gates, int humans) {
  Roamer& leaver = add();
  leaver.start_and_leave("gate", gates);
  leaver.start_and_leave("human", humans);
  constexpr int kHolders = 3;
  for (int i = 0; i < kHolders; ++i) {
    threads_.emplace_back([&holder = add(), ticking] { holder.keep_ticking(ticking / kHolders); });
  }
  for (int i = 0; i < churning; ++i) {
    threads_.emplace_back([&client = add()] { client.churn(); });
  }
}

void ClusterCrowd::end() {
  campaign_.end();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::vector<Accepted> ClusterCrowd::accepted() const {
  std::vector<Accepted> all;
  for (const auto& one : roamers_) {
    all.insert(all.end(), one->accepted().begin(), one->accepted().end());
  }
  return all;
}

std::vector<std::string> ClusterCrowd::complaints() const {
  std::vector<std::string> all;
  for (const auto& one : roamers_) {
    all.insert(all.end(), one->complaints().begin(), one->complaints().end());
  }
  return all;
}

int ClusterCrowd::in_doubt() const {
  int count = 0;
  for (const auto& one : roamers_) count += one->in_doubt();
  return count;
}

int ClusterCrowd::asked_again() const {
  int count = 0;
  for (const auto& one : roamers_) count += one->asked_again();
  return count;
}

}  // namespace troupe::testing
