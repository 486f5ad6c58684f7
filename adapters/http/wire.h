#pragma once

#include <memory>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include "adapters/http/loop.h"

namespace troupe::http {

/// The bytes of one accepted connection, in the clear or under TLS: what Asio calls an asynchronous
/// stream. Under TLS nothing may be read or written before `handshake` has succeeded. Moves leave
/// an empty one behind. Lives on its loop's thread.
class Wire {
 public:
  using executor_type = Socket::executor_type;
  using lowest_layer_type = Socket;
  using TlsContext = std::shared_ptr<asio::ssl::context>;

  explicit Wire(Socket socket) : socket_(std::make_unique<Socket>(std::move(socket))) {}
  /// Null for a connection in the clear.
  Wire(Socket socket, TlsContext context) {
    if (context == nullptr) {
      socket_ = std::make_unique<Socket>(std::move(socket));
    } else {
      tls_ = std::make_unique<Tls>(std::move(socket), *context);
      context_ = std::move(context);
    }
  }

  executor_type get_executor() { return lowest_layer().get_executor(); }
  Socket& lowest_layer() { return tls_ ? tls_->next_layer() : *socket_; }
  bool is_tls() const { return tls_ != nullptr; }

  /// Calls `done(error)`.
  template <class Done>
  void handshake(Done done) {
    if (tls_ == nullptr) return asio::post(get_executor(), [done] { done(Error{}); });
    tls_->async_handshake(asio::ssl::stream_base::server, std::move(done));
  }
  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Handler>(handler));
    return socket_->async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Handler>(handler));
    return socket_->async_write_some(buffers, std::forward<Handler>(handler));
  }
  /// For a few bytes while nothing is on its way: they fit the empty buffer, so it cannot block.
  template <class Buffers>
  void write_now(const Buffers& buffers) {
    Error ignored;
    if (tls_) tls_->write_some(buffers, ignored);
    else socket_->write_some(buffers, ignored);
  }
  void shutdown_send() {
    Error ignored;
    lowest_layer().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }
  /// Also of one that has been moved away, of which there is nothing to close.
  void close() {
    if (tls_ == nullptr && socket_ == nullptr) return;
    Error ignored;
    lowest_layer().close(ignored);
  }

 private:
  using Error = boost::system::error_code;
  using Tls = asio::ssl::stream<Socket>;

  TlsContext context_;
  std::unique_ptr<Tls> tls_;
  std::unique_ptr<Socket> socket_;  ///< null under TLS
};

// What Beast's WebSocket asks of a stream that it does not know: how it ends.
inline void beast_close_socket(Wire& wire) { wire.close(); }
inline void teardown(boost::beast::role_type, Wire& wire, boost::system::error_code& error) {
  wire.shutdown_send();
  wire.close();
  error = {};
}
template <class Handler>
void async_teardown(boost::beast::role_type, Wire& wire, Handler&& handler) {
  wire.shutdown_send();
  wire.close();
  asio::post(wire.get_executor(), [handler = std::forward<Handler>(handler)]() mutable {
    handler(boost::system::error_code());
  });
}

}  // namespace troupe::http
