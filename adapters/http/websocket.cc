#include "adapters/http/websocket.h"

#include "adapters/http/response.h"

namespace troupe::http {

namespace websocket = boost::beast::websocket;
using websocket::close_code;

namespace {

/// The lines of every answer, as fields of a handshake.
void add_fixed_fields(websocket::response_type& answer, bool is_tls) {
  std::string_view lines = fixed_fields(is_tls);
  while (!lines.empty()) {
    const std::size_t colon = lines.find(": ");
    const std::size_t end = lines.find("\r\n");
    const std::string_view value = lines.substr(colon + 2, end - colon - 2);
    answer.set(boost::beast::string_view(lines.data(), colon),
               boost::beast::string_view(value.data(), value.size()));
    lines.remove_prefix(end + 2);
  }
}

}  // namespace

WebSocketStream::WebSocketStream(std::shared_ptr<Core> core, std::shared_ptr<Loop> loop,
                                 Wire wire, Slot slot, std::shared_ptr<Feed> feed)
    : core_(std::move(core)),
      loop_(std::move(loop)),
      socket_(std::move(wire)),
      slot_(std::move(slot)),
      feed_(std::move(feed)),
      timer_(loop_->context) {}

void WebSocketStream::start(Request request) {
  if (loop_->closing) return abort();
  loop_->open.emplace(this, weak_from_this());
  request_ = std::move(request);
  const Limits& limits = core_->options.limits;
  websocket::stream_base::timeout timeout{};
  timeout.handshake_timeout = std::chrono::microseconds(limits.header_time.us);
  timeout.idle_timeout = 2 * std::chrono::microseconds(limits.keep_alive_time.us);
  timeout.keep_alive_pings = true;
  socket_.set_option(timeout);
  socket_.set_option(websocket::stream_base::decorator(
      [is_tls = socket_.next_layer().is_tls()](websocket::response_type& answer) {
        add_fixed_fields(answer, is_tls);
      }));
  socket_.read_message_max(limits.websocket_message_bytes_max);
  socket_.text(true);
  // Once the client says goodbye nothing more is wanted of the feed, however long the farewell
  // takes.
  socket_.control_callback([this](websocket::frame_type kind, boost::beast::string_view) {
    if (kind == websocket::frame_type::close) feed_.reset();
  });
  socket_.async_accept(request_, [self = shared_from_this()](const auto& error) {
    if (self->closed_ || error) return self->abort();
    self->accepted_ = true;
    self->read();
    self->write_next();
  });
}

void WebSocketStream::pull() {
  if (closed_ || closing_ || !feed_) return;
  feed_->next([self = shared_from_this()](Result<FeedPage> page) {
    // Always through the queue: the answer may end the feed, which must not happen inside of it.
    self->loop_->post([self, page = std::move(page)]() mutable { self->on_page(std::move(page)); });
  });
}

void WebSocketStream::on_page(Result<FeedPage> page) {
  if (closed_ || closing_) return;
  if (!page.ok()) {
    const bool again = info(page.error().code).transient;
    return close(again ? close_code::try_again_later : close_code::internal_error);
  }
  page_ = std::move(*page);
  written_ = 0;
  write_next();
}

void WebSocketStream::write_next() {
  if (closed_ || closing_) return;
  if (close_when_written_ != close_code::none) return close(close_when_written_);
  if (written_ == page_.events.size()) {
    return page_.ended ? close(close_code::normal) : pull();
  }
  writing_ = true;
  socket_.async_write(asio::buffer(page_.events[written_].json),
                      [self = shared_from_this()](const auto& error, std::size_t) {
                        self->writing_ = false;
                        if (error) return self->abort();
                        ++self->written_;
                        self->write_next();
                      });
}

void WebSocketStream::read() {
  socket_.async_read(ignored_, [self = shared_from_this()](const auto& error, std::size_t) {
    if (self->closed_) return;
    // Any error ends it, the client's close included: Beast has answered that one by now. While our
    // own close is under way its handler does.
    if (error) return self->closing_ ? void() : self->abort();
    self->ignored_.consume(self->ignored_.size());
    self->read();
  });
}

void WebSocketStream::close(close_code code) {
  if (closed_ || closing_) return;
  closing_ = true;
  feed_.reset();
  socket_.async_close(code, [self = shared_from_this()](const auto&) { self->abort(); });
}

void WebSocketStream::close_soon() {
  // Beast allows one write at a time, and a close is one; so is the end of the handshake.
  if (writing_ || !accepted_) close_when_written_ = close_code::going_away;
  else close(close_code::going_away);
  // A client that reads nothing, or says no farewell, is not waited for.
  timer_.expires_after(std::chrono::microseconds(core_->options.limits.linger_time.us));
  timer_.async_wait([self = shared_from_this()](const auto& error) {
    if (!error) self->abort();
  });
}

void WebSocketStream::abort() {
  if (closed_) return;
  closed_ = true;
  loop_->open.erase(this);
  socket_.next_layer().close();
  timer_.cancel();
  feed_.reset();
}

}  // namespace troupe::http
