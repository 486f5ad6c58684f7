#include <algorithm>

#include "adapters/http/handlers.h"
#include "adapters/http/openapi.h"
#include "adapters/http/render.h"
#include "runtime/json/write.h"

namespace troupe::http::handle {

void live(const CallPtr& call) {
  // Says only that this process answers: a lost dependency is no reason to restart it.
  call->send_json(R"({"status":"ok"})");
}

void ready(const CallPtr& call) {
  std::vector<Health> health = call->core.services.engine.health();
  if (call->core.draining) health.push_back({"server", false, "The server is stopping."});
  const bool ready =
      std::all_of(health.begin(), health.end(),
                  [](const Health& one) { return one.ready || !one.required; });
  const bool verbose = call->query.has("verbose");
  json::Writer out;
  out.begin_object().member("status", ready ? "ok" : "unavailable");
  if (!ready || verbose) {
    out.key("checks").begin_array();
    for (const Health& one : health) {
      out.begin_object().member("name", one.name).member("ready", one.ready);
      if (verbose) out.member("detail", one.detail);
      out.end_object();
    }
    out.end_array();
  }
  call->send_json(out.end_object().take(), ready ? 200 : 503);
}

void metrics(const CallPtr& call) {
  call->send({.body = call->core.services.metrics_text.exposition(),
              .content_type = "text/plain; version=0.0.4; charset=utf-8"});
}

void openapi(const CallPtr& call) { call->send_json(openapi_document(call->core.options.version)); }

void list_nodes(const CallPtr& call) {
  call->send_json(render_list(call->core.services.engine.nodes()));
}

void drain_node(const CallPtr& call) {
  call->core.services.engine.drain(std::string(call->param("name")), [call](Result<Unit> told) {
    if (!told) return call->fail(told.error());
    call->send_json(R"({"status":"draining"})", 202);
  });
}

}  // namespace troupe::http::handle
