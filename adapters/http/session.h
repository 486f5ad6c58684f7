#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "adapters/http/call.h"
#include "adapters/http/core.h"
#include "adapters/http/head_scanner.h"
#include "adapters/http/loop.h"
#include "adapters/http/wire.h"
#include "runtime/base/random.h"

namespace troupe::http {

/// One HTTP/1.1 connection: reads a request, has it answered, writes the answer, and so on. While a
/// request is in flight nothing further is read, so pipelined requests wait in the socket. Owned by
/// its operations in flight; lives on its loop's thread. Any transport error just ends it.
class Session final : public Exchange,
                      public Closable,
                      public std::enable_shared_from_this<Session> {
 public:
  /// `overloaded`: every request is refused with 503.
  Session(std::shared_ptr<Core> core, std::shared_ptr<Loop> loop, Wire wire, Slot slot,
          bool overloaded);
  void start();

  void post(std::function<void()> work) override;
  std::string_view header(std::string_view name) const override;
  void respond(Response response) override;
  void stream_events(std::shared_ptr<Feed> feed, FeedPage first) override;
  void upgrade(std::shared_ptr<Feed> feed) override;
  void close_soon() override;
  void abort() override;
  std::string in_flight() const override;

 private:
  enum class Phase { kHandshake, kIdle, kHead, kBody, kHandling, kWriting, kLinger, kClosed };
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  // session.cc: transport
  void read();
  void on_read(const boost::system::error_code& error, std::size_t bytes);
  void advance();
  void next_request();
  void linger();
  void arm(Duration time);
  void disarm();
  void wait_timer();
  void on_deadline();
  void on_written(const boost::system::error_code& error);

  // request.cc: from bytes to a call
  bool read_head();
  bool read_body();
  std::optional<Response> begin_call();
  std::optional<Error> framing_error() const;
  std::optional<Response> refusal();
  std::optional<Response> body_refusal();
  std::optional<Response> refuse_caller();
  std::string client_address() const;
  void enter(const edge::Caller& caller);
  void dispatch();
  void run_handler();
  void refuse(Response response);
  std::size_t body_limit() const;

  std::shared_ptr<Core> core_;
  std::shared_ptr<Loop> loop_;
  Wire wire_;
  std::optional<Slot> slot_;
  Timer timer_;
  bool timer_waits_ = false;
  SteadyTime deadline_ = SteadyTime::max();

  Phase phase_ = Phase::kIdle;
  bool overloaded_;
  bool peer_is_loopback_ = false;
  std::string peer_address_;
  bool close_after_ = false;
  bool has_body_ = false;
  bool is_operator_ = false;    ///< by the credential of the request in flight
  bool is_looking_up_ = false;  ///< who its caller is
  bool reading_ = false;
  SteadyTime body_began_;
  std::size_t body_received_ = 0;
  std::size_t lingered_ = 0;

  boost::beast::flat_buffer in_;
  HeadScanner scanner_;
  std::optional<Parser> parser_;
  CallPtr call_;
  Random request_ids_;
  std::string request_id_;
  std::string head_out_;
  std::string body_out_;
};

}  // namespace troupe::http
