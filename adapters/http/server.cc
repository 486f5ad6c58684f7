#include "adapters/http/server.h"

#include <future>
#include <vector>

#include "adapters/http/certificate.h"
#include "adapters/http/session.h"

namespace troupe::http {
namespace {

using asio::ip::tcp;

// Beyond the limit a few more are accepted, only to be told why they are refused.
constexpr std::size_t kRefusalsMax = 64;
constexpr auto kAcceptBackOff = std::chrono::milliseconds(100);

Result<tcp::endpoint> endpoint_of(const Options& options) {
  boost::system::error_code error;
  const std::string name = options.address == "localhost" ? "127.0.0.1" : options.address;
  const auto address = asio::ip::make_address(name, error);
  if (error) return {Code::kConfigInvalid, "\"" + name + "\" is no address to listen on."};
  return tcp::endpoint(address, options.port);
}

}  // namespace

struct Server::State {
  State(Options options, Services services)
      : core(std::make_shared<Core>(std::move(options), services)) {}

  Result<std::uint16_t> listen();
  void accept();
  void accepted(const boost::system::error_code& error, Socket socket, std::shared_ptr<Loop> loop);
  void close_all();
  std::vector<std::string> in_flight() const;
  Wire::TlsContext tls() const {
    Certificate* certificate = core->services.certificate;
    return certificate == nullptr ? nullptr : certificate->current();
  }

  std::shared_ptr<Core> core;
  std::shared_ptr<ConnectionCount> connections = std::make_shared<ConnectionCount>();
  std::vector<std::shared_ptr<Loop>> loops;
  std::optional<tcp::acceptor> acceptor;
  std::optional<asio::steady_timer> back_off;
  std::size_t next_loop = 0;
  bool started = false;
};

Result<std::uint16_t> Server::State::listen() {
  const auto endpoint = endpoint_of(core->options);
  if (!endpoint.ok()) return endpoint.error();
  asio::io_context& context = loops.front()->context;
  acceptor.emplace(context);
  back_off.emplace(context);
  boost::system::error_code error;
  acceptor->open(endpoint->protocol(), error);
  if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor->bind(*endpoint, error);
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    // Both belong to the loop's context and must go before it.
    acceptor.reset();
    back_off.reset();
    return {Code::kUnavailable, "Cannot listen on " + core->options.address + ":" +
                                    std::to_string(core->options.port) + ": " + error.message()};
  }
  return acceptor->local_endpoint(error).port();
}

void Server::State::accept() {
  const std::shared_ptr<Loop> loop = loops[next_loop++ % loops.size()];
  acceptor->async_accept(loop->context, [this, loop](const auto& error, Socket socket) {
    accepted(error, std::move(socket), loop);
  });
}

void Server::State::accepted(const boost::system::error_code& error, Socket socket,
                             std::shared_ptr<Loop> loop) {
  if (error == asio::error::operation_aborted || !acceptor->is_open()) return;
  if (error) {
    // Most likely out of descriptors: trying again at once would only burn the processor.
    back_off->expires_after(kAcceptBackOff);
    back_off->async_wait([this](const auto& cancelled) {
      if (!cancelled && acceptor->is_open()) accept();
    });
    return;
  }
  const std::size_t max = core->options.limits.connections_max;
  const bool fits = connections->try_add(max);
  if (fits || connections->try_add(max + kRefusalsMax)) {
    auto session =
        std::make_shared<Session>(core, loop, Wire(std::move(socket), tls()), Slot(connections),
                                  !fits);
    if (loop->on_thread()) session->start();
    else loop->post([session] { session->start(); });
  }
  accept();
}

void Server::State::close_all() {
  for (const auto& loop : loops) {
    loop->post([loop] {
      loop->closing = true;
      const auto open = loop->open;
      for (const auto& [closable, owner] : open) {
        if (const auto alive = owner.lock()) alive->close_soon();
      }
    });
  }
}

std::vector<std::string> Server::State::in_flight() const {
  std::vector<std::string> all;
  for (const auto& loop : loops) {
    std::promise<void> asked;
    loop->post([&loop, &all, &asked] {
      for (const auto& [closable, owner] : loop->open) {
        const auto alive = owner.lock();
        std::string what = alive == nullptr ? "" : alive->in_flight();
        if (!what.empty()) all.push_back(std::move(what));
      }
      asked.set_value();
    });
    asked.get_future().wait();
  }
  return all;
}

Server::Server(Options options, Services services)
    : state_(std::make_unique<State>(std::move(options), services)) {}

std::shared_ptr<edge::Authority> Server::authority() const { return state_->core->authority; }

Server::~Server() { stop(); }

Result<std::uint16_t> Server::start() {
  TROUPE_ENSURE(!state_->started);
  const int threads = std::max(1, state_->core->options.io_threads);
  for (int i = 0; i < threads; ++i) state_->loops.push_back(std::make_shared<Loop>());
  auto port = state_->listen();
  if (!port.ok()) {
    state_->loops.clear();
    return port;
  }
  state_->started = true;
  state_->accept();
  for (const auto& loop : state_->loops) loop->start();
  return port;
}

void Server::drain() { state_->core->draining = true; }

std::vector<std::string> Server::stop() {
  if (!state_->started) return {};
  state_->started = false;
  drain();
  state_->loops.front()->post([state = state_.get()] {
    boost::system::error_code ignored;
    state->acceptor->close(ignored);
    state->back_off->cancel();
  });
  state_->close_all();
  const auto bound = std::chrono::microseconds(state_->core->options.limits.drain_time.us);
  std::vector<std::string> cut_off;
  if (!state_->connections->wait_for_none(bound)) cut_off = state_->in_flight();
  // Before the core can go: what is under way there may hold the last connection, and so the core.
  state_->core->worker.stop();
  for (const auto& loop : state_->loops) loop->stop();
  state_->acceptor.reset();
  state_->back_off.reset();
  state_->loops.clear();
  return cut_off;
}

}  // namespace troupe::http
