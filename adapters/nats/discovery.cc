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
  // One subscription, and so one thread of the library, for all verbs under one name.
  const std::string own = std::string("$SRV.*.") + kName;
  for (const std::string& subject : {std::string("$SRV.*"), own, own + "." + self_.id}) {
    subscriptions_.push_back(
        connection_.subscribe(subject, "", [this](const Message& message) { hear(message); }));
  }
}

void Discovery::hear(const Message& message) {
  const std::string_view word = tokens_of(message.subject())[1];
  Verb verb = Verb::kPing;
  if (word == "INFO") verb = Verb::kInfo;
  else if (word == "STATS") verb = Verb::kStats;
  else if (word != "PING") return;
  if (message.reply().empty()) return;
  const Status status = connection_.publish({std::string(message.reply()), {}, body(verb), {}});
  // Whoever asked hears nothing, as from a node that is gone.
  if (!status.ok()) connection_.services().log.debug("Discovery could not be answered");
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
