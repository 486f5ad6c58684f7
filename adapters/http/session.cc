#include "adapters/http/session.h"

#include <charconv>

#include <boost/asio/write.hpp>

#include "adapters/http/sse.h"
#include "adapters/http/websocket.h"

namespace troupe::http {
namespace {

constexpr std::size_t kHeadChunk = 4 << 10;
constexpr std::size_t kBodyChunk = 64 << 10;
// A refused upload is swallowed up to here, so that the client gets to read why.
constexpr std::size_t kLingerBytesMax = 64 << 20;

void append_number(std::string& out, std::size_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

std::chrono::microseconds chrono(Duration time) { return std::chrono::microseconds(time.us); }

}  // namespace

Session::Session(std::shared_ptr<Core> core, std::shared_ptr<Loop> loop, Wire wire, Slot slot,
                 bool overloaded)
    : core_(std::move(core)),
      loop_(std::move(loop)),
      wire_(std::move(wire)),
      slot_(std::move(slot)),
      timer_(loop_->context),
      overloaded_(overloaded),
      scanner_(core_->options.limits.header_bytes_max, core_->options.limits.header_fields_max),
      request_ids_(core_->services.entropy.next()) {}

void Session::start() {
  boost::system::error_code ignored;
  const auto peer = wire_.lowest_layer().remote_endpoint(ignored);
  peer_is_loopback_ = !ignored && peer.address().is_loopback();
  if (!ignored) peer_address_ = peer.address().to_string();
  wire_.lowest_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
  if (loop_->closing) return abort();
  loop_->open.emplace(this, weak_from_this());
  if (!wire_.is_tls()) {
    arm(core_->options.limits.idle_time);
    return read();
  }
  phase_ = Phase::kHandshake;
  arm(core_->options.limits.header_time);
  wire_.handshake([self = shared_from_this()](const boost::system::error_code& error) {
    if (self->phase_ == Phase::kClosed) return;
    if (error) {
      self->core_->trouble.not_made_safe(error.message(), self->peer_address_);
      return self->abort();
    }
    self->phase_ = Phase::kIdle;
    self->arm(self->core_->options.limits.idle_time);
    self->read();
  });
}

void Session::post(std::function<void()> work) {
  // An engine that answers within the call saves the way through the queue.
  if (loop_->on_thread()) return work();
  loop_->post(std::move(work));
}

std::string_view Session::header(std::string_view name) const {
  const auto value = parser_->get()[name];
  return {value.data(), value.size()};
}

void Session::read() {
  // One read may be in flight still when a slow request has been answered with 408.
  if (std::exchange(reading_, true)) return;
  const bool bulk = phase_ == Phase::kBody || phase_ == Phase::kLinger;
  wire_.async_read_some(in_.prepare(bulk ? kBodyChunk : kHeadChunk),
                        [self = shared_from_this()](const auto& error, std::size_t bytes) {
                          self->reading_ = false;
                          self->on_read(error, bytes);
                        });
}

void Session::on_read(const boost::system::error_code& error, std::size_t bytes) {
  if (phase_ == Phase::kClosed) return;
  if (error) return abort();
  if (phase_ == Phase::kLinger) {
    lingered_ += bytes;
    return lingered_ > kLingerBytesMax ? abort() : read();
  }
  if (phase_ == Phase::kWriting) return;
  in_.commit(bytes);
  advance();
}

/// Goes as far as the bytes at hand allow: to a call in flight, an answer being written, or a read.
void Session::advance() {
  if (phase_ == Phase::kIdle || phase_ == Phase::kHead) {
    if (!read_head()) return;
  }
  if (phase_ == Phase::kBody && !read_body()) return;
  if (phase_ == Phase::kHandling) dispatch();
}

void Session::respond(Response response) {
  if (phase_ == Phase::kClosed) return;
  const bool bodiless = response.status == 204 || response.status == 304;
  const bool head_only =
      parser_ && parser_->is_header_done() &&
      parser_->get().method() == boost::beast::http::verb::head;
  if (loop_->closing || core_->draining) close_after_ = true;
  head_out_.assign("HTTP/1.1 ");
  append_number(head_out_, static_cast<std::size_t>(response.status));
  head_out_.append(" ").append(reason_phrase(response.status));
  if (!bodiless) {
    head_out_.append("\r\nContent-Type: ").append(response.content_type);
    head_out_.append("\r\nContent-Length: ");
    append_number(head_out_, response.body.size());
  }
  head_out_.append("\r\n").append(fixed_fields(wire_.is_tls()));
  head_out_.append("X-Request-Id: ").append(request_id_).append("\r\n");
  head_out_.append(response.headers);
  if (call_ != nullptr) head_out_.append(call_->rate_fields);
  const bool old_client = parser_ && parser_->get().version() == 10;
  if (close_after_) head_out_.append("Connection: close\r\n");
  else if (old_client) head_out_.append("Connection: keep-alive\r\n");
  head_out_.append("\r\n");
  body_out_ = bodiless || head_only ? std::string() : std::move(response.body);
  phase_ = Phase::kWriting;
  const auto& limits = core_->options.limits;
  // Small answers fit the socket's buffer, so the clock need not be asked for them.
  if (body_out_.size() > kBodyChunk) {
    arm({limits.body_grace.us +
         static_cast<std::int64_t>(body_out_.size()) * 1'000'000 / limits.rate_bytes_per_s_min});
  } else {
    disarm();
  }
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head_out_),
                                                     asio::buffer(body_out_)};
  asio::async_write(wire_, buffers,
                    [self = shared_from_this()](const auto& error, std::size_t) {
                      self->on_written(error);
                    });
}

void Session::on_written(const boost::system::error_code& error) {
  if (phase_ == Phase::kClosed) return;
  if (error) return abort();
  call_.reset();
  // Lingering is for clients that are still sending; a server that stops waits for nobody else.
  if (loop_->closing && parser_ && parser_->is_done()) return abort();
  if (close_after_ || loop_->closing) return linger();
  next_request();
}

void Session::next_request() {
  parser_.reset();
  scanner_.reset();
  body_out_ = {};
  phase_ = Phase::kIdle;
  arm(core_->options.limits.idle_time);
  if (in_.size() > 0) return advance();
  // A connection that waits keeps no large buffer.
  if (in_.capacity() > kBodyChunk) in_ = {};
  read();
}

void Session::linger() {
  wire_.shutdown_send();
  phase_ = Phase::kLinger;
  in_.consume(in_.size());
  arm(core_->options.limits.linger_time);
  read();
}

void Session::arm(Duration time) {
  deadline_ = std::chrono::steady_clock::now() + chrono(time);
  // A later deadline needs no new timer: the one that waits looks again when it fires.
  if (timer_waits_ && timer_.expiry() <= deadline_) return;
  wait_timer();
}

void Session::disarm() { deadline_ = SteadyTime::max(); }

void Session::wait_timer() {
  timer_waits_ = true;
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](const auto& error) {
    if (error || self->phase_ == Phase::kClosed) return;
    self->timer_waits_ = false;
    self->on_deadline();
  });
}

void Session::on_deadline() {
  if (deadline_ == SteadyTime::max()) return;
  if (std::chrono::steady_clock::now() < deadline_) return wait_timer();
  if (phase_ == Phase::kHead || phase_ == Phase::kBody) {
    close_after_ = true;
    return refuse(problem(Code::kRequestTimeout, "The request came too slowly."));
  }
  if (phase_ == Phase::kHandling && is_looking_up_) {
    return call_->fail(Code::kUnavailable, "The store does not say who asks.");
  }
  abort();
}

void Session::close_soon() {
  if (phase_ == Phase::kHandshake) return abort();
  if (phase_ == Phase::kIdle && in_.size() == 0) return abort();
  close_after_ = true;
}

std::string Session::in_flight() const {
  if (phase_ <= Phase::kIdle || phase_ == Phase::kClosed) return {};
  if (call_ == nullptr || call_->match.route == nullptr) return "a request that is coming in";
  const auto since = std::chrono::steady_clock::now() - call_->began;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  return std::string(name(call_->match.route->method)) + " " +
         std::string(call_->match.route->pattern) + " for " + std::to_string(ms) + " ms";
}

void Session::abort() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  loop_->open.erase(this);
  wire_.close();
  timer_.cancel();
  call_.reset();
  slot_.reset();
}

void Session::stream_events(std::shared_ptr<Feed> feed, FeedPage first) {
  if (phase_ == Phase::kClosed) return;
  auto stream = std::make_shared<SseStream>(core_, loop_, std::move(wire_), std::move(*slot_),
                                            std::move(feed));
  slot_.reset();
  abort();
  stream->start(request_id_, std::move(first));
}

void Session::upgrade(std::shared_ptr<Feed> feed) {
  if (phase_ == Phase::kClosed) return;
  auto stream = std::make_shared<WebSocketStream>(core_, loop_, std::move(wire_),
                                                  std::move(*slot_), std::move(feed));
  slot_.reset();
  auto request = parser_->release();
  abort();
  stream->start(std::move(request));
}

}  // namespace troupe::http
