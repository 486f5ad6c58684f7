// W7-nats: the same as W7 over NATS: `troupe.v1.submit.…` by request and reply, from a connection
// of its own through a real NATS server. First as many as it takes, 256 at a time, until the last
// of their runs (of one step each) has ended: that is what it can do for good, for it accepts
// faster than it executes. Then, on a clock that waits for nobody, half of that, whose times from
// the due moment are the latency. Every answer is durable.

#include <cmath>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "adapters/nats/inbox.h"
#include "adapters/nats/submission.h"
#include "bench/rig.h"
#include "tests/support/nats_server.h"

namespace troupe::bench {
namespace {

constexpr std::size_t kOutstanding = 256;
constexpr double kPatience_s = 30;

/// Sends requests and counts their answers. Used by one thread; answers come on the connection's.
class Asker {
 public:
  Asker(nats::Connection& connection, std::string subject, std::string body)
      : connection_(connection), subject_(std::move(subject)), body_(std::move(body)) {
    answers_ = connection.subscribe("_INBOX.bench.*", "", [this](const nats::Message& message) {
      const double now = monotonic_s();
      const std::lock_guard lock(mutex_);
      const std::string_view subject = message.subject();
      const auto number =
          *nats::parse_hex(subject.substr(subject.rfind('.') + 1));
      took_ms_.push_back((now - due_[number]) * 1e3);
      if (message.header(nats::kErrorHeader) || message.no_responders()) ++refused_;
      changed_.notify_one();
    });
    if (!connection.flush(seconds(5))) throw std::runtime_error("NATS does not answer");
  }

  /// `due`: since when its sender would have been waiting.
  void ask(double due) {
    std::string reply = "_INBOX.bench.";
    {
      const std::lock_guard lock(mutex_);
      reply += nats::hex_of(due_.size());
      due_.push_back(due);
    }
    const Status sent = connection_.publish({subject_, reply, body_, {}});
    if (!sent) throw std::runtime_error(sent.error().message);
  }
  /// Until fewer than `count` are open.
  void wait_open_below(std::size_t count) {
    std::unique_lock lock(mutex_);
    const bool is_so = changed_.wait_for(lock, std::chrono::duration<double>(kPatience_s), [&] {
      return due_.size() - took_ms_.size() < count;
    });
    if (!is_so) throw std::runtime_error("requests are not answered");
  }
  std::size_t answered() {
    const std::lock_guard lock(mutex_);
    return took_ms_.size();
  }
  /// Of all after the `skipped` first answers.
  std::vector<double> times(std::size_t skipped) {
    const std::lock_guard lock(mutex_);
    return {took_ms_.begin() + static_cast<std::ptrdiff_t>(skipped), took_ms_.end()};
  }
  std::size_t refused() {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

 private:
  nats::Connection& connection_;
  const std::string subject_;
  const std::string body_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<double> due_;
  std::vector<double> took_ms_;
  std::size_t refused_ = 0;
  std::unique_ptr<nats::Subscription> answers_;
};

/// Requests per second that are answered when always as many are open.
double saturate(Asker& asker, double seconds) {
  const double begun = monotonic_s();
  while (monotonic_s() - begun < seconds) {
    asker.wait_open_below(kOutstanding);
    asker.ask(monotonic_s());
  }
  const double rate = static_cast<double>(asker.answered()) / (monotonic_s() - begun);
  asker.wait_open_below(1);
  return rate;
}

/// At an even pace, however long the answers take.
void pace(Asker& asker, double rate, double seconds) {
  const double begun = monotonic_s();
  const auto count = static_cast<std::uint64_t>(rate * seconds);
  for (std::uint64_t i = 0; i < count; ++i) {
    const double due = begun + static_cast<double>(i) / rate;
    const double early = due - monotonic_s();
    if (early > 0) std::this_thread::sleep_for(std::chrono::duration<double>(early));
    asker.ask(due);
  }
  asker.wait_open_below(1);
}

std::unique_ptr<nats::Connection> connect(const std::string& url, const nats::Services& services,
                                          bool sends_at_once) {
  nats::Options options;
  options.urls = {url};
  options.send_at_once = sends_at_once;
  auto connection = nats::Connection::open(options, services);
  if (!connection || !(*connection)->wait_until_connected(seconds(5)))
    throw std::runtime_error("no connection to NATS");
  return std::move(*connection);
}

}  // namespace

Figures run_submit(Rig& rig, const Settings& settings) {
  const WorkflowId workflow = rig.publish(chain_graph(1));
  const testing::NatsServer broker;
  system::SystemClock clock;
  system::StderrLogger log(LogLevel::kError, system::LogFormat::kText, clock);
  const nats::Services services{log, rig.metrics(), rig.entropy()};
  const auto node = connect(broker.url(), services, true);
  nats::Intake intake(rig.engine(), rig.hasher(), nullptr, nats::Intake::Options{});
  nats::Submission submission(*node, intake, nats::Submission::Options{});
  // As clients are that set nothing.
  const auto client = connect(broker.url(), services, false);
  Asker asker(*client, "troupe.v1.submit.default.default",
              R"({"workflow_id":")" + workflow.to_string() + R"(","input":{"x":1}})");
  if (!node->flush(seconds(5))) throw std::runtime_error("NATS does not answer");

  Figures figures;
  const std::uint64_t before = rig.ended();
  const double begun = monotonic_s();
  const double accepted = saturate(asker, settings.seconds / 2);
  const std::size_t saturated = asker.answered();
  rig.wait_ended(before + saturated, 60);
  const double sustained = static_cast<double>(saturated) / (monotonic_s() - begun);
  pace(asker, sustained / 2, settings.seconds / 2);
  rig.wait_ended(before + asker.answered() - asker.refused(), 60);
  figures.seconds = monotonic_s() - begun;
  figures.n = rig.ended() - before;
  figures.runs_per_s = static_cast<double>(figures.n) / figures.seconds;
  std::vector<double> times = asker.times(saturated);
  figures.p50_ms = quantile(times, 0.5);
  figures.p99_ms = quantile(times, 0.99);
  figures.max_ms = quantile(times, 1);
  figures.more.emplace_back("requests_per_s", accepted);
  figures.more.emplace_back("sustained_requests_per_s", sustained);
  figures.more.emplace_back("paced_requests_per_s", sustained / 2);
  figures.more.emplace_back("refused", static_cast<double>(asker.refused()));
  submission.close();
  return figures;
}

}  // namespace troupe::bench
