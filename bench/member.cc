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
    : executor_(clock_, step) {
  postgres::Options server;
  server.conninfo = settings.conninfo;
  store_ = must(postgres::PostgresStore::open(server, hasher_));
  nats::Options link;
  link.urls = {url};
  broker_ = must(nats::Connection::open(link, {log_, metrics_, entropy_}));
  bus_ = std::make_unique<nats::NodeBus>(*broker_);
  actors::Options options;
  options.strict = settings.strict;
  options.attempts_in_flight_max = kInFlight;
  options.node_name = "bench-" + std::to_string(number);
  actors::Ports ports{*store_, executor_, syntax_, patterns_, clock_, entropy_,
                      hasher_, log_,      counting_};
  ports.bus = bus_.get();
  node_ = must(actors::Node::start(options, ports));
}

void Member::keep_busy(const StartRequest& request, std::uint64_t outstanding) {
  for (; started_ < counting_.runs_ended() + outstanding; ++started_)
    engine().start(request, [](Result<Started>) {});
}

StartRequest Member::publish(const std::string& graph) {
  const auto reader = store_->open_reader();
  store::Workflow draft;
  draft.workspace = must(reader->workspaces()).front().id;
  draft.project = must(reader->projects(draft.workspace)).front().id;
  draft.name = "bench";
  draft.graph = graph;
  const auto workflow = must(await<store::Workflow>([&](Callback<store::Workflow> done) {
    engine().create_workflow(draft, std::move(done));
  }));
  must(await<store::Version>([&](Callback<store::Version> done) {
    engine().publish({draft.workspace, draft.project}, workflow.id, "", std::move(done));
  }));
  StartRequest request;
  request.workspace = draft.workspace;
  request.project = draft.project;
  request.workflow = workflow.id;
  request.input = json::Text::trusted("{}");
  request.input_given = true;
  return request;
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
