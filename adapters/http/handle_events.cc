#include <charconv>

#include "adapters/http/guarded_feed.h"
#include "adapters/http/handlers.h"
#include "adapters/http/parse.h"
#include "runtime/json/write.h"

namespace troupe::http {
namespace {

bool wants_stream(const CallPtr& call) {
  return call->header("accept").find("text/event-stream") != std::string_view::npos;
}

/// Last-Event-ID is what a browser sends when it reconnects to the same URL, so it wins over
/// `after`.
Result<std::uint64_t> stream_position(const CallPtr& call) {
  const std::string_view last = call->header("last-event-id");
  if (last.empty()) return call->query.number("after", 0, 0, UINT64_MAX);
  std::uint64_t seq = 0;
  const auto [end, ec] = std::from_chars(last.data(), last.data() + last.size(), seq);
  if (ec != std::errc() || end != last.data() + last.size()) {
    return {Code::kInvalidRequest, "Last-Event-ID is no number of an event."};
  }
  return seq;
}

std::shared_ptr<Feed> open_feed(const CallPtr& call, FeedRequest request) {
  return guarded(call, call->core.services.engine.open_feed(std::move(request)));
}

void stream_run(const CallPtr& call, const store::RunRow& row, std::uint64_t after) {
  std::shared_ptr<Feed> feed =
      open_feed(call, {.scope = call->scope, .run = row.id, .workflow = {}, .after = after});
  // A run that goes on gets its header at once; for one that has ended, whether there is anything
  // left to tell decides between a stream and 204.
  if (!store::ended(row.status)) return call->stream_events(std::move(feed), {});
  Feed& source = *feed;
  source.next(call->then<FeedPage>([call, feed = std::move(feed)](FeedPage page) {
    if (page.events.empty() && page.ended) return call->send({.status = 204});
    call->stream_events(feed, std::move(page));
  }));
}

void list_events(const CallPtr& call, std::uint64_t after, std::uint64_t limit) {
  with_run(call, [call, after, limit](RunId run) {
    call->core.services.engine.events(
        call->scope, run, after, limit, call->then<json::Text>([call](const json::Text& text) {
          call->send_json(std::string(text.view()));
        }));
  });
}

bool upgrade_asked(const CallPtr& call) {
  const std::string_view upgrade = call->header("upgrade");
  return upgrade.size() == 9 && (upgrade[0] | 0x20) == 'w' &&
         !call->header("sec-websocket-key").empty();
}

/// Browsers send Origin and let any page open a WebSocket, so it must be this very host.
bool origin_allowed(const CallPtr& call) {
  std::string_view origin = call->header("origin");
  if (origin.empty()) return true;
  const std::size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;
  return origin.substr(scheme + 3) == call->header("host");
}

void stream_of_run(const CallPtr& call, RunId run, std::uint64_t after) {
  with_run_row(call, run, [call, after](const store::RunRow& row) {
    call->upgrade(
        open_feed(call, {.scope = call->scope, .run = row.id, .workflow = {}, .after = after}));
  });
}

void stream_of_workflow(const CallPtr& call) {
  const auto workflow = id_param<WorkflowId>(call, "id", "workflow");
  if (!workflow) return;
  call->core.scopes.check_workflow(
      call->scope, *workflow, call->then<Unit>([call, workflow](Unit) {
        call->upgrade(
            open_feed(call, {.scope = call->scope, .run = std::nullopt, .workflow = workflow}));
      }));
}

}  // namespace

namespace handle {

void events(const CallPtr& call) {
  const bool live = wants_stream(call);
  const auto after = live ? stream_position(call) : call->query.number("after", 0, 0, UINT64_MAX);
  if (!after.ok()) return call->fail(after.error());
  const auto limit = call->query.number("limit", 50, 1, UINT32_MAX);
  if (!limit.ok()) return call->fail(limit.error());
  if (!live) {
    const std::uint64_t most = call->core.options.limits.page_max;
    return list_events(call, *after, std::min<std::uint64_t>(*limit, most));
  }
  const auto run = id_param<RunId>(call, "run", "run");
  if (!run) return;
  with_run_row(call, *run, [call, after = *after](const store::RunRow& row) {
    stream_run(call, row, after);
  });
}

void stream(const CallPtr& call) {
  if (!upgrade_asked(call)) {
    return call->fail(Code::kInvalidRequest, "This is a WebSocket: send an upgrade request.");
  }
  if (!origin_allowed(call)) {
    return call->fail(Code::kForbidden, "This origin may not open a WebSocket here.");
  }
  const auto after = call->query.number("after", 0, 0, UINT64_MAX);
  if (!after.ok()) return call->fail(after.error());
  const std::string_view in_path = call->param("run");
  const auto run_text = in_path.empty() ? call->query.find("run_id") : in_path;
  if (run_text) {
    const auto run = Uuid::parse(*run_text);
    if (run) return stream_of_run(call, RunId(*run), *after);
    return call->fail(bad_parameter("run_id", "must be a UUID."));
  }
  if (call->query.find("after")) {
    return call->fail(
        bad_parameter("after", "needs run_id: without a run the stream is live only."));
  }
  stream_of_workflow(call);
}

void send_event(const CallPtr& call) {
  auto body = parse_event(call->body);
  if (!body.ok()) return call->fail(body.error());
  with_run(call, [call, body = *std::move(body)](RunId run) {
    call->core.services.engine.send_event(
        call->scope, run, body.event, body.key, body.data,
        call->then<Unit>([call](Unit) { call->send_json(R"({"status":"accepted"})"); }));
  });
}

void broadcast_event(const CallPtr& call) {
  auto body = parse_event(call->body);
  if (!body.ok()) return call->fail(body.error());
  call->core.services.engine.broadcast_event(
      call->scope, body->event, body->key, body->data,
      call->then<std::uint64_t>([call](std::uint64_t delivered) {
        json::Writer out;
        call->send_json(out.begin_object().member("delivered", delivered).end_object().take());
      }));
}

}  // namespace handle
}  // namespace troupe::http
