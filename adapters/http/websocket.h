#pragma once

#include <memory>
#include <string>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "adapters/http/core.h"
#include "adapters/http/loop.h"
#include "adapters/http/wire.h"

namespace troupe::http {

/// Events over a WebSocket, one per text frame. Takes over a connection; closes with 1000 after a
/// run's terminal event. What the client sends is read (for pings and its close) and ignored. Owned
/// by its operations; lives on its loop's thread.
class WebSocketStream final : public Closable,
                              public std::enable_shared_from_this<WebSocketStream> {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;

  WebSocketStream(std::shared_ptr<Core> core, std::shared_ptr<Loop> loop, Wire wire, Slot slot,
                  std::shared_ptr<Feed> feed);
  void start(Request request);
  void close_soon() override;
  void abort() override;

 private:
  void pull();
  void on_page(Result<FeedPage> page);
  void write_next();
  void read();
  void close(boost::beast::websocket::close_code code);

  std::shared_ptr<Core> core_;
  std::shared_ptr<Loop> loop_;
  boost::beast::websocket::stream<Wire> socket_;
  Slot slot_;
  std::shared_ptr<Feed> feed_;
  Timer timer_;  ///< for the farewell
  Request request_;
  FeedPage page_;
  std::size_t written_ = 0;  ///< events of `page_`
  bool accepted_ = false;
  bool writing_ = false;
  bool closing_ = false;
  bool closed_ = false;
  boost::beast::websocket::close_code close_when_written_ =
      boost::beast::websocket::close_code::none;
  boost::beast::flat_buffer ignored_;
};

}  // namespace troupe::http
