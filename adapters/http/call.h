#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/http/bounded_log.h"
#include "adapters/http/problem.h"
#include "adapters/http/query.h"
#include "adapters/http/response.h"
#include "adapters/http/route.h"
#include "runtime/json/text.h"
#include "runtime/port/engine.h"
#include "runtime/tenancy/authorise.h"

namespace troupe::http {

struct Core;

/// The connection as a request sees it. Implemented by Session.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// Runs `work` on the connection's thread; drops it once the server has stopped. Thread-safe.
  virtual void post(std::function<void()> work) = 0;
  // The rest is for the connection's thread only.
  virtual std::string_view header(std::string_view name) const = 0;
  virtual void respond(Response response) = 0;
  virtual void stream_events(std::shared_ptr<Feed> feed, FeedPage first) = 0;
  virtual void upgrade(std::shared_ptr<Feed> feed) = 0;
};

/// One request from its header to its answer. Made by the connection and kept alive by whoever
/// still owes it something; an answer for a connection that has closed meanwhile is dropped. Used
/// on the connection's thread, except `then` callbacks, which may be called anywhere, once.
class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(Core& core, std::shared_ptr<Exchange> exchange)
      : core(core), exchange_(std::move(exchange)), began(std::chrono::steady_clock::now()) {}

  std::string_view header(std::string_view name) const { return exchange_->header(name); }
  /// A segment of the path as it was sent; empty if the route has no such one.
  std::string_view param(std::string_view name) const { return match.param(name); }

  void send(Response response);
  /// What the caller is not told of it goes to the log.
  void fail(const Error& error, const ProblemExtras& extras = {});
  /// The answer to somebody who may not, of which the log hears as well.
  Response refusal(const Error& error);
  void fail(Code code, std::string_view detail) { send(problem(code, detail)); }
  void send_json(std::string body, int status = 200) {
    send({.status = status, .body = std::move(body)});
  }
  void stream_events(std::shared_ptr<Feed> feed, FeedPage first);
  void upgrade(std::shared_ptr<Feed> feed);

  /// A callback for the engine: brings the result to the connection's thread, answers an error as a
  /// problem and gives a value to `use`.
  template <class T, class Use>
  Callback<T> then(Use use) {
    return [self = shared_from_this(), use = std::move(use)](Result<T> result) {
      self->exchange_->post([self, use, result = std::move(result)]() mutable {
        if (result.ok()) {
          use(std::move(*result));
        } else {
          self->fail(result.error());
        }
      });
    };
  }
  /// The same, with errors given to `use` too.
  template <class T, class Use>
  Callback<T> finally(Use use) {
    return [self = shared_from_this(), use = std::move(use)](Result<T> result) {
      self->exchange_->post(
          [self, use, result = std::move(result)]() mutable { use(std::move(result)); });
    };
  }
  Core& core;
  Match match;
  Query query;
  json::Text body;
  tenancy::Principal principal;  ///< who asks
  store::TenantScope scope;
  /// That they may, and as what; there is one before a handler is called.
  std::optional<tenancy::Grant> grant;
  bool peer_is_loopback = false;
  std::string address;      ///< of the client, as far as it is known
  std::string credential;   ///< the token that came, while the call lives
  std::string request_id;
  std::string rate_fields;  ///< of the answer

 private:
  RequestTrace trace() const;
  bool take_answer() { return !std::exchange(answered_, true); }

  std::shared_ptr<Exchange> exchange_;
  bool answered_ = false;

 public:
  const std::chrono::steady_clock::time_point began;
};
using CallPtr = std::shared_ptr<Call>;

}  // namespace troupe::http
