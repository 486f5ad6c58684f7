#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/port/membership.h"

namespace troupe {

/// Messages between nodes. Whatever it carries may be lost, doubled, late or out of order: nothing
/// durable hangs on it. Bodies are opaque, up to 64 MiB. Thread-safe; handlers run on threads of
/// the bus and must not block.
class Bus {
 public:
  /// Answers a request, once, from any thread, at any time.
  class Reply {
   public:
    using Send = std::function<void(const std::string& body)>;
    Reply() = default;
    Reply(std::string request, Send send) : request_(std::move(request)), send_(std::move(send)) {}
    explicit operator bool() const { return send_ != nullptr; }
    void operator()(const std::string& body) const { send_(body); }
    /// What names the request among all that there are. A copy of it has the same name.
    const std::string& request() const { return request_; }

   private:
    std::string request_;
    Send send_;
  };
  /// `reply` is empty where none is wanted.
  using Handler = std::function<void(std::string body, Reply reply)>;
  using Answer = std::function<void(Result<std::string>)>;

  virtual ~Bus() = default;
  /// From now on hears what is sent to this node and to all.
  virtual Status listen(store::NodeNumber self, Handler handler) = 0;
  /// After it returns the handler is not called any more.
  virtual void close() = 0;
  /// `answer` is called exactly once: with the reply, or kTimeout after `patience`, or kUnavailable
  /// where nobody can be reached.
  virtual void request(store::NodeNumber to, std::string body, Duration patience,
                       Answer answer) = 0;
  virtual void tell(store::NodeNumber to, std::string body) = 0;
  /// Every other node that listens.
  virtual void tell_all(std::string body) = 0;
  virtual bool connected() const = 0;
};

}  // namespace troupe
