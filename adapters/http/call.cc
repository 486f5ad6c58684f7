#include "adapters/http/call.h"

#include "adapters/http/core.h"
#include "runtime/tenancy/audit.h"

namespace troupe::http {
namespace {

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace

RequestTrace Call::trace() const {
  return {match.route == nullptr ? std::string_view() : match.route->pattern, request_id, address,
          tenancy::audit_actor(principal)};
}

void Call::fail(const Error& error, const ProblemExtras& extras) {
  core.trouble.failed(error, trace());
  send(problem(error, extras));
}

Response Call::refusal(const Error& error) {
  core.trouble.refused(error, trace());
  return problem(error);
}

void Call::send(Response response) {
  if (!take_answer()) return;
  core.metrics.observe(match.route, response.status, seconds_since(began));
  exchange_->respond(std::move(response));
}

void Call::stream_events(std::shared_ptr<Feed> feed, FeedPage first) {
  if (!take_answer()) return;
  core.metrics.observe(match.route, 200, seconds_since(began));
  exchange_->stream_events(std::move(feed), std::move(first));
}

void Call::upgrade(std::shared_ptr<Feed> feed) {
  if (!take_answer()) return;
  core.metrics.observe(match.route, 101, seconds_since(began));
  exchange_->upgrade(std::move(feed));
}

}  // namespace troupe::http
