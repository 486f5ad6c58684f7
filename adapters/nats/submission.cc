#include "adapters/nats/submission.h"

#include <chrono>
#include <utility>

#include "adapters/nats/subject.h"
#include "runtime/edge/problem.h"
#include "runtime/json/write.h"

namespace troupe::nats {

Submission::Submission(Connection& connection, Intake& intake, Options options)
    : intake_(intake), options_(options), shared_(std::make_shared<Shared>(connection)) {
  subscription_ = connection.subscribe(kSubmitDoor.subject, kQueue,
                                       [this](const Message& message) { hear(message); });
}

void Submission::hear(const Message& message) {
  const std::int64_t began_us = monotonic_us();
  const std::string reply(message.reply());
  bool is_full = false;
  {
    const std::lock_guard lock(shared_->mutex);
    is_full = shared_->in_flight >= options_.in_flight_max;
    if (!is_full) ++shared_->in_flight;
  }
  if (is_full) {
    return shared_->answer(reply, began_us,
                           Error{Code::kOverloaded, "Too many submissions are under way.", {}});
  }
  const auto tokens = tokens_of(message.subject());
  Arrival arrival{kSubmitDoor,
                  std::string(tokens[3]),
                  std::string(tokens[4]),
                  std::string(message.body()),
                  std::string(message.header("Idempotency-Key").value_or("")),
                  std::string(message.header(kAuthorizationHeader).value_or(""))};
  intake_.start(std::move(arrival),
                [shared = shared_, reply, began_us](const Result<RunId>& run) {
                  shared->answer(reply, began_us, run);
                  shared->ended();
                });
}

void Submission::Shared::answer(const std::string& reply, std::int64_t began_us,
                                const Result<RunId>& run) {
  const auto took_ns = static_cast<std::uint64_t>(monotonic_us() - began_us) * 1000;
  Outgoing message{reply, {}, {}, {}};
  std::string body;
  if (run.ok()) {
    stats.answered(took_ns);
    accepted.add();
    json::Writer out;
    body = out.begin_object().member("run_id", run->to_string()).end_object().take();
  } else {
    const std::string code(info(run.error().code).name);
    stats.refused(took_ns, code);
    refused.add();
    body = edge::problem_json(run.error());
    message.headers = {{kErrorHeader, code}};
  }
  if (reply.empty()) return;
  message.body = body;
  outlet.with([&](Connection& connection) {
    const Status status = connection.publish(message);
    if (status.ok()) return;
    // The sender asks again; only its key tells whether that makes a second run.
    connection.services().log.debug("The answer to a submission could not be sent",
                                    {{"error", status.error().message}});
  });
}

void Submission::Shared::ended() {
  const std::lock_guard lock(mutex);
  --in_flight;
  changed.notify_all();
}

void Submission::close() {
  if (subscription_ == nullptr) return;
  subscription_->drain(options_.drain_time);
  subscription_ = nullptr;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(lock, std::chrono::microseconds(options_.drain_time.us),
                              [this] { return shared_->in_flight == 0; });
  }
  shared_->outlet.close();
}

}  // namespace troupe::nats
