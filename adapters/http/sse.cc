#include "adapters/http/sse.h"

#include <boost/asio/write.hpp>

#include "adapters/http/response.h"

namespace troupe::http {
namespace {

// A reader that takes nothing for this many keep-alive periods is gone.
constexpr int kStalledTicksMax = 4;

}  // namespace

SseStream::SseStream(std::shared_ptr<Core> core, std::shared_ptr<Loop> loop, Wire wire,
                     Slot slot, std::shared_ptr<Feed> feed)
    : core_(std::move(core)),
      loop_(std::move(loop)),
      wire_(std::move(wire)),
      slot_(std::move(slot)),
      feed_(std::move(feed)),
      timer_(loop_->context) {}

void SseStream::append_frame(std::string& out, const LiveEvent& event) {
  if (event.seq != 0) out.append("id: ").append(std::to_string(event.seq)).append("\n");
  // White space inside a user's JSON may hold line ends, and each line needs its own field.
  std::string_view rest = event.json;
  while (true) {
    const std::size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
    out.append("data: ").append(rest.substr(0, end)).append("\n");
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  out.append("\n");
}

void SseStream::start(std::string_view request_id, FeedPage first) {
  if (loop_->closing) return abort();
  loop_->open.emplace(this, weak_from_this());
  pending_.append(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n"
      "Connection: close\r\n");
  pending_.append(fixed_fields(wire_.is_tls())).append("X-Request-Id: ").append(request_id);
  pending_.append("\r\n\r\nretry: 2000\n\n");
  for (const LiveEvent& event : first.events) append_frame(pending_, event);
  ended_ = first.ended;
  watch_client();
  tick();
  write();
}

void SseStream::pull() {
  if (pulling_ || closed_ || !feed_) return;
  pulling_ = true;
  feed_->next([self = shared_from_this()](Result<FeedPage> page) {
    // Always through the queue: the answer may end the feed, which must not happen inside of it.
    self->loop_->post([self, page = std::move(page)]() mutable { self->on_page(std::move(page)); });
  });
}

void SseStream::on_page(Result<FeedPage> page) {
  pulling_ = false;
  if (closed_) return;
  // The head is out, so an error can only end the stream; the client comes back after its last
  // event.
  if (!page.ok()) return abort();
  for (const LiveEvent& event : page->events) append_frame(pending_, event);
  ended_ = page->ended;
  write();
}

void SseStream::write() {
  if (writing_ || closed_) return;
  if (pending_.empty()) return ended_ ? abort() : pull();
  writing_ = true;
  stalled_ticks_ = quiet_ticks_ = 0;
  out_.swap(pending_);
  pending_.clear();
  asio::async_write(wire_, asio::buffer(out_),
                    [self = shared_from_this()](const auto& error, std::size_t) {
                      self->writing_ = false;
                      if (error) return self->abort();
                      self->write();
                    });
}

void SseStream::watch_client() {
  wire_.async_read_some(asio::buffer(ignored_),
                        [self = shared_from_this()](const auto& error, std::size_t) {
                          if (self->closed_) return;
                          if (error) return self->abort();
                          self->watch_client();
                        });
}

void SseStream::tick() {
  timer_.expires_after(std::chrono::microseconds(core_->options.limits.keep_alive_time.us));
  timer_.async_wait([self = shared_from_this()](const auto& error) {
    if (error || self->closed_) return;
    if (self->writing_ && ++self->stalled_ticks_ >= kStalledTicksMax) return self->abort();
    if (!self->writing_ && self->quiet_ticks_++ > 0) {
      self->pending_.append(": keep-alive\n\n");
      self->write();
      self->quiet_ticks_ = 1;
    }
    self->tick();
  });
}

void SseStream::abort() {
  if (closed_) return;
  closed_ = true;
  loop_->open.erase(this);
  wire_.shutdown_send();
  wire_.close();
  timer_.cancel();
  feed_.reset();
}

}  // namespace troupe::http
