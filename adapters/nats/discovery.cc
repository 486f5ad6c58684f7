#include "adapters/nats/discovery.h"

#include <utility>

#include "adapters/nats/subject.h"
#include "runtime/base/ensure.h"
#include "runtime/json/write.h"

namespace troupe::nats {
namespace {

constexpr const char* kName = "troupe";

void write_stats(json::Writer& out, const Endpoint& endpoint) {
  const EndpointStats::Shown shown = endpoint.stats->shown();
  out.member("num_requests", shown.requests)
      .member("num_errors", shown.errors)
      .member("last_error", shown.last_error)
      .member("processing_time", shown.processing_ns)
      .member("average_processing_time",
              shown.requests == 0 ? 0 : shown.processing_ns / shown.requests);
}

}  // namespace

Discovery::Discovery(Connection& connection, Self self, std::vector<Endpoint> endpoints)
    : connection_(connection), self_(std::move(self)), endpoints_(std::move(endpoints)) {
  TROUPE_ENSURE(is_queue_name(self_.id));
  const std::pair<const char*, Verb> verbs[] = {
      {"PING", Verb::kPing}, {"INFO", Verb::kInfo}, {"STATS", Verb::kStats}};
  const std::string own = std::string(".") + kName;
  for (const auto& [word, verb] : verbs) {
    for (const std::string& rest : {std::string(), own, own + "." + self_.id}) {
      const auto answer = [this, verb = verb](const Message& message) {
        if (message.reply().empty()) return;
        const Status status =
            connection_.publish({std::string(message.reply()), {}, body(verb), {}});
        // Whoever asked hears nothing, as from a node that is gone.
        if (!status.ok()) connection_.services().log.debug("Discovery could not be answered");
      };
      subscriptions_.push_back(
          connection_.subscribe(std::string("$SRV.") + word + rest, "", answer));
    }
  }
}

std::string Discovery::body(Verb verb) const {
  const char* const type = verb == Verb::kPing   ? "io.nats.micro.v1.ping_response"
                           : verb == Verb::kInfo ? "io.nats.micro.v1.info_response"
                                                 : "io.nats.micro.v1.stats_response";
  json::Writer out;
  out.begin_object()
      .member("type", type)
      .member("name", kName)
      .member("id", self_.id)
      .member("version", self_.version)
      .member_raw("metadata", "{}");
  if (verb == Verb::kInfo) out.member("description", "Troupe, a runtime for durable agent work");
  if (verb == Verb::kStats) out.member("started", to_rfc3339(self_.started));
  if (verb != Verb::kPing) {
    out.key("endpoints").begin_array();
    for (const Endpoint& endpoint : endpoints_) {
      out.begin_object()
          .member("name", endpoint.name)
          .member("subject", endpoint.subject)
          .member("queue_group", endpoint.queue);
      if (verb == Verb::kInfo) out.member_raw("metadata", "{}");
      if (verb == Verb::kStats) write_stats(out, endpoint);
      out.end_object();
    }
    out.end_array();
  }
  return out.end_object().take();
}

}  // namespace troupe::nats
