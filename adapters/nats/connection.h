#pragma once

#include <nats/nats.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "adapters/nats/deadlines.h"
#include "adapters/nats/login.h"
#include "adapters/nats/message.h"
#include "adapters/nats/options.h"
#include "runtime/base/random.h"
#include "runtime/base/result.h"
#include "runtime/port/log.h"
#include "runtime/port/metrics.h"
#include "runtime/port/system.h"

namespace troupe::nats {

/// The ports that everything in this folder may need. All outlive the connection.
struct Services {
  Logger& log;
  Metrics& metrics;
  Entropy& entropy;
};

class Connection;

/// One interest in a subject. It outlasts lost connections. Destroying it ends it: afterwards the
/// handler is not called any more, and a call under way has returned, unless that call is what
/// destroys it.
class Subscription {
 public:
  ~Subscription();
  /// Takes no new messages, and waits until the handler has seen all that had been sent here. For
  /// those who would wait for an answer in vain.
  void drain(Duration patience);
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

 private:
  friend class Connection;
  Subscription(Connection& connection, std::uint64_t number)
      : connection_(connection), number_(number) {}
  Connection& connection_;
  const std::uint64_t number_;
};

/// A wish to hear of each new link; ends with it, and then is not called any more.
class Watch {
 public:
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  friend class Connection;
  Watch(Connection& connection, std::uint64_t number) : connection_(connection), number_(number) {}
  Connection& connection_;
  const std::uint64_t number_;
};

/// The link to NATS, kept up for as long as it lives: at first by a thread of its own, so that a
/// node starts without a server, later by the library, which knows the cluster's other servers by
/// then; if the library gives up (twice refused for its login), by that thread again. While there
/// is no link, everything is refused with kUnavailable instead of being kept for later.
/// Thread-safe. Must outlive its subscriptions.
class Connection {
 public:
  using Handler = std::function<void(Message)>;

  /// Returns at once, connected or not. kConfigInvalid.
  static Result<std::unique_ptr<Connection>> open(Options options, const Services& services);
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Ends all handlers, sends what they said, ends the link, then the deadlines.
  void close();

  bool connected() const { return is_connected_.load(); }
  bool wait_until_connected(Duration patience);
  /// How often the link has come back.
  std::uint64_t reconnects() const { return reconnects_.load(); }
  /// The largest message that the server takes.
  std::size_t payload_max() const { return payload_max_.load(); }

  Status publish(const Outgoing& message);
  /// `handler` is called by one thread at a time. With a `queue`, one of its members gets each
  /// message. Without a link this is remembered for when there is one.
  std::unique_ptr<Subscription> subscribe(std::string subject, std::string queue, Handler handler);
  /// `heard` is called, on a thread of ours, whenever a link has come up; it must not block.
  std::unique_ptr<Watch> watch(std::function<void()> heard);
  /// Returns when the server has seen all that was said before.
  Status flush(Duration patience);

  Deadlines& deadlines() { return deadlines_; }
  const Services& services() const { return services_; }
  /// The library's connection; null while there is none. Held, it stays valid though it may close.
  std::shared_ptr<natsConnection> link() const;

 private:
  friend class Subscription;
  friend class Watch;
  /// One handler with its gate: what the library's threads see of a subscription.
  class Delivery;
  struct Interest {
    std::string subject;
    std::string queue;
    std::shared_ptr<Delivery> delivery;
    natsSubscription* made = nullptr;  ///< on the present link
    bool is_draining = false;
  };

  Connection(Options options, LibraryOptions library, const Services& services);
  void keep();
  std::shared_ptr<natsConnection> connect(natsStatus& status);
  void adopt(std::shared_ptr<natsConnection> link);
  void drop();
  natsStatus make(natsConnection* link, Interest& interest);
  void drain(std::uint64_t number, Duration patience);
  void end(std::uint64_t number);
  void tell_watches();
  void look();  ///< takes over the library's view of the link
  void said(natsStatus status, const char* text);
  std::int64_t delay_ms(int attempt);

  static void on_disconnected(natsConnection* link, void* self);
  static void on_reconnected(natsConnection* link, void* self);
  static void on_closed(natsConnection* link, void* self);
  static void on_error(natsConnection* link, natsSubscription* sub, natsStatus error, void* self);
  static int64_t on_delay(natsConnection* link, int attempts, void* self);

  const Options options_;
  const LibraryOptions library_;
  const Services services_;
  Counter& reconnects_total_;
  Deadlines deadlines_;

  std::mutex interests_mutex_;  ///< before mutex_; held while the library is told
  std::map<std::uint64_t, Interest> interests_;
  std::uint64_t last_number_ = 0;

  std::mutex watches_mutex_;  ///< held while they are called
  std::map<std::uint64_t, std::function<void()>> watches_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<natsConnection> link_;
  Random random_;
  natsConnection* closed_link_ = nullptr;  ///< of which the library has said its last word
  bool had_link_ = false;
  bool is_closing_ = false;
  std::atomic<bool> is_connected_ = false;
  std::atomic<std::uint64_t> reconnects_ = 0;
  std::atomic<std::size_t> payload_max_ = std::size_t{1} << 20;
  std::thread keeper_;
};

}  // namespace troupe::nats
