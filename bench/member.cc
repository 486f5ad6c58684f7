#include "bench/member.h"

#include <chrono>
#include <stdexcept>
#include <thread>

namespace troupe::bench {
namespace {

constexpr std::size_t kInFlight = 200;

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

}  // namespace

Member::Member(const Settings& settings, const std::string& url, int number, Duration step)
    : executor_(parts_.clock, step) {
  postgres::Options server;
  server.conninfo = settings.conninfo;
  store_ = must(postgres::PostgresStore::open(server, parts_.hasher));
  nats::Options link;
  link.urls = {url};
  broker_ = must(nats::Connection::open(link, {parts_.log, parts_.metrics, parts_.entropy}));
  bus_ = std::make_unique<nats::NodeBus>(*broker_);
  actors::Options options;
  options.strict = settings.strict;
  options.attempts_in_flight_max = kInFlight;
  options.node_name = "bench-" + std::to_string(number);
  actors::Ports ports = parts_.ports(*store_, executor_);
  ports.bus = bus_.get();
  node_ = must(actors::Node::start(options, ports));
}

void Member::keep_busy(const StartRequest& request, std::uint64_t outstanding) {
  for (; started_ < parts_.counting.runs_ended() + outstanding; ++started_)
    engine().start(request, [](Result<Started>) {});
}

StartRequest Member::publish(const std::string& graph) {
  const auto scope = must(first_scope(*store_));
  return request_of(scope, must(bench::publish(engine(), scope, graph)));
}

bool holds_within(double seconds, const std::function<bool()>& holds) {
  const double until = monotonic_s() + seconds;
  while (!holds()) {
    if (monotonic_s() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace troupe::bench
