// W11: the program as its users start it, `troupe serve` in fresh data directories: from exec to
// the first answer of /readyz, memory when idle, how often any of its threads runs when nobody
// asks, and the time until an event is at a WebSocket client.
//
// Client and server share a machine and its clocks. The time of an event's commit is not to be had
// from outside, so it is bounded from both sides: `at` in the event is stamped when it is decided,
// before its commit (and cut to milliseconds, up to one too many here); the answer over HTTP to
// what caused it is sent after the commit.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "bench/rig.h"
#include "tests/support/api.h"
#include "tests/support/web_socket.h"

namespace troupe::bench {
namespace {

using testing::Api;
using testing::Server;

constexpr int kStarts = 20;
constexpr double kSettle_s = 3;
constexpr double kIdle_s = 5;
constexpr auto kPause = std::chrono::milliseconds(2);  ///< between two events, so that all rests

const char* kWaiting =
    R"({"steps":[{"id":"ok","name":"ok","type":"human_task","task_type":"approve",)"
    R"("task_payload":{}}]})";

void add(Figures* figures, const std::string& name, std::vector<double>& samples) {
  figures->more.emplace_back(name + "_p50_ms", quantile(samples, 0.5));
  figures->more.emplace_back(name + "_p99_ms", quantile(samples, 0.99));
  figures->more.emplace_back(name + "_max_ms", quantile(samples, 1));
}

/// From before the fork to the 200 of a request that is sent as soon as the program names its port.
double timed_start(Server& server) {
  const double begun = monotonic_s();
  server.start();
  Api api(server);
  while (api.get("/readyz").status != 200) {
  }
  return (monotonic_s() - begun) * 1e3;
}

void measure_starts(const Settings& settings,
                    const testing::Environment& environment,
                    Figures* figures) {
  std::vector<double> fresh, again;
  for (int i = 0; i < kStarts; ++i) {
    testing::Environment own = environment;
    own.emplace_back("TROUPE_POSTGRES__SCHEMA", "fresh_" + std::to_string(i));
    Server server(settings.dir + "/fresh-" + std::to_string(i), own);
    fresh.push_back(timed_start(server));
    server.terminate();
    again.push_back(timed_start(server));
    server.terminate();
  }
  const auto both = {std::pair{"ready_fresh", &fresh}, std::pair{"ready_again", &again}};
  for (const auto& [name, samples] : both) {
    figures->more.emplace_back(std::string(name) + "_min_ms", quantile(*samples, 0));
    figures->more.emplace_back(std::string(name) + "_p50_ms", quantile(*samples, 0.5));
    figures->more.emplace_back(std::string(name) + "_max_ms", quantile(*samples, 1));
  }
}

/// Memory once it has settled, and how often its threads run meanwhile; the store's ones, the
/// committer and the readers, have to run for each query.
void measure_idle(int pid, const std::string& when, Figures* figures) {
  std::this_thread::sleep_for(std::chrono::duration<double>(kSettle_s));
  const std::uint64_t all = wakeups(pid);
  const std::uint64_t store = wakeups(pid, "caf.actor");
  std::this_thread::sleep_for(std::chrono::duration<double>(kIdle_s));
  const auto rate = [](std::uint64_t from, std::uint64_t to) {
    return static_cast<double>(to - from) / kIdle_s;
  };
  figures->more.emplace_back(when + "_wakeups_per_s", rate(all, wakeups(pid)));
  figures->more.emplace_back(when + "_store_wakeups_per_s", rate(store, wakeups(pid, "caf.actor")));
  figures->more.emplace_back(when + "_rss_mb", resident_mb(pid));
  figures->more.emplace_back(when + "_rss_with_sandboxes_mb", usage_of(pid).rss_mb);
  figures->more.emplace_back(when + "_pss_with_sandboxes_mb", proportional_mb(pid));
}

/// Reads a WebSocket on a thread of its own and keeps when which event came.
class Listener {
 public:
  struct Arrival {
    testing::Json event;
    double monotonic = 0;    ///< s
    double since_at_ms = 0;  ///< by the wall clock
  };

  Listener(const Server& server, const std::string& path)
      : socket_(server.port(), path, server.token()) {
    if (socket_.status() != 101) throw std::runtime_error("no WebSocket at " + path);
    thread_ = std::thread([this] { read(); });
  }
  /// Waits until the server has closed: at the end of a run, or its own.
  ~Listener() { thread_.join(); }

  /// The first event behind the `seen` first ones of which `fits` holds; counts what it has passed.
  Arrival wait(std::size_t* seen, const std::function<bool(const testing::Json&)>& fits) {
    std::unique_lock lock(mutex_);
    for (;; ++*seen) {
      arrived_.wait(lock, [&] { return *seen < arrivals_.size() || closed_; });
      if (*seen >= arrivals_.size()) throw std::runtime_error("the WebSocket ended");
      if (fits(arrivals_[*seen].event)) return arrivals_[(*seen)++];
    }
  }

 private:
  void read() {
    try {
      while (auto text = socket_.next()) {
        const double now = monotonic_s();
        const TimePoint wall = clock_.now();
        Arrival arrival{testing::parse_json(*text), now, 0};
        const auto at = parse_rfc3339(testing::text_at(arrival.event, "/at"));
        if (at) arrival.since_at_ms = static_cast<double>((wall - *at).us) / 1e3;
        const std::lock_guard lock(mutex_);
        arrivals_.push_back(std::move(arrival));
        arrived_.notify_all();
      }
    } catch (const std::exception&) {
      // A socket that stays silent has ended as well, for who waits.
    }
    const std::lock_guard lock(mutex_);
    closed_ = true;
    arrived_.notify_all();
  }

  system::SystemClock clock_;
  testing::WebSocket socket_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Arrival> arrivals_;
  bool closed_ = false;
  std::thread thread_;
};

/// What both bounds say, event by event.
struct Delays {
  std::vector<double> since_at, after_answer;
};

/// A run that waits for a person is paused and resumed in turns; a socket follows this one run,
/// which reads each event back from the store.
Delays follow_run(const Server& server, std::uint64_t count) {
  Api api(server);
  const std::string flow = api.publish(kWaiting);
  const std::string run = api.start(flow);
  (void)api.wait_for(run, "run_paused");
  Delays delays;
  std::size_t seen = 0;
  Listener listener(server, "/v1/workflows/" + flow + "/stream?run_id=" + run + "&after=0");
  for (std::uint64_t i = 0; i < count; ++i) {
    const bool pause = i % 2 == 0;
    const testing::Answer answer = api.control(flow, run, pause ? "pause" : "resume");
    const double answered = monotonic_s();
    if (answer.status != 200) throw std::runtime_error("a command was refused: " + answer.text);
    const auto came = listener.wait(&seen, [&](const testing::Json& event) {
      return pause ? testing::text_at(event, "/data/reason") == "user"
                   : testing::text_at(event, "/event_type") == "run_resumed";
    });
    delays.since_at.push_back(came.since_at_ms);
    delays.after_answer.push_back((came.monotonic - answered) * 1e3);
    std::this_thread::sleep_for(kPause);
  }
  (void)api.control(flow, run, "stop");  // which ends the stream
  return delays;
}

/// Runs of three steps, one after another; the socket follows all runs of the workflow.
Delays follow_workflow(Api& api, Listener& listener, const std::string& flow, std::uint64_t count) {
  Delays delays;
  std::size_t seen = 0;
  while (delays.since_at.size() < count) {
    const std::string run = api.start(flow);
    const double answered = monotonic_s();
    const auto next = [&](const std::string& type) {
      const auto came = listener.wait(&seen, [&](const testing::Json& event) {
        return testing::text_at(event, "/event_type") == type &&
               testing::text_at(event, "/run_id") == run;
      });
      delays.since_at.push_back(came.since_at_ms);
      return came;
    };
    delays.after_answer.push_back((next("run_created").monotonic - answered) * 1e3);
    for (int step = 0; step < 3; ++step) next("step_completed");
    next("run_completed");
    std::this_thread::sleep_for(kPause);
  }
  return delays;
}

void take_costs(Api& api, int pid, Figures* figures) {
  const Usage used = usage_of(pid);
  const std::string metrics = api.get("/metrics").text;
  figures->cpu_s = used.cpu_s;
  figures->rss_peak_mb = used.rss_peak_mb;
  figures->commits =
      static_cast<std::uint64_t>(metric_in(metrics, "commit_duration_seconds_count"));
  figures->bytes_written = static_cast<std::uint64_t>(written_bytes(pid));
}

}  // namespace

Figures run_program(const Settings& settings) {
  Figures figures;
  figures.n = settings.n > 0 ? settings.n : 2000;
  testing::Environment environment = {
      {"TROUPE_ENGINE__DURABILITY", settings.strict ? "strict" : "run_ahead"}};
  if (settings.store == "postgres") {
    environment.emplace_back("TROUPE_STORE__KIND", "postgres");
    environment.emplace_back("TROUPE_POSTGRES__URL", settings.conninfo);
  }
  const double begun = monotonic_s();
  measure_starts(settings, environment, &figures);
  Server server(settings.dir + "/served", environment);
  (void)timed_start(server);
  const int pid = server.process().pid();
  measure_idle(pid, "idle", &figures);

  Delays of_run = follow_run(server, figures.n / 2);
  figures.p50_ms = quantile(of_run.since_at, 0.5);
  figures.p99_ms = quantile(of_run.since_at, 0.99);
  figures.max_ms = quantile(of_run.since_at, 1);
  add(&figures, "run_after_answer", of_run.after_answer);

  Api api(server);
  const std::string flow = api.publish(chain_graph(3));
  Listener listener(server, "/v1/workflows/" + flow + "/stream");
  Delays of_workflow = follow_workflow(api, listener, flow, figures.n / 2);
  add(&figures, "workflow_since_at", of_workflow.since_at);
  add(&figures, "workflow_after_answer", of_workflow.after_answer);
  measure_idle(pid, "idle_again", &figures);
  take_costs(api, pid, &figures);
  figures.seconds = monotonic_s() - begun;
  server.kill_hard();  // which ends the stream of a workflow
  return figures;
}

}  // namespace troupe::bench
