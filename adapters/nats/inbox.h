#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "adapters/nats/connection.h"

namespace troupe::nats {

/// One request and what comes back. `hear` is called by the inbox's one thread; either `finish` or
/// `fail` ends it, once, and then nothing else is called.
class Exchange {
 public:
  virtual ~Exchange() = default;
  struct Heard {
    bool is_last = false;
    std::optional<Duration> patience;  ///< from now on; nothing: as before
  };
  virtual Heard hear(Message message) = 0;
  /// The last message has been heard.
  virtual void finish() = 0;
  virtual void fail(Error error) = 0;
  /// What `fail` is told when the patience is at its end.
  virtual Error too_late() const = 0;
};

/// Many requests over one subscription: each has a reply subject of its own below one prefix, under
/// a number that others cannot guess. No thread per request. Thread-safe. Must end before its
/// connection.
class Inbox {
 public:
  /// `prefix`: "_INBOX" for those who answer from outside.
  Inbox(Connection& connection, const std::string& prefix);
  ~Inbox() { close(); }

  struct Opened {
    std::uint64_t number = 0;  ///< 0: the inbox is closed, and the exchange has failed
    std::string reply;         ///< the subject to answer to
  };
  Opened open(std::shared_ptr<Exchange> exchange, Duration patience);
  /// False if it has ended already.
  bool fail(std::uint64_t number, Error error);
  /// The same on the thread of the deadlines, for who may hold locks.
  void fail_soon(std::uint64_t number, Error error);
  /// As if it had never been: nothing of it is called any more, except a call under way. False if
  /// it has ended already.
  bool drop(std::uint64_t number) { return take(number) != nullptr; }
  /// Fails everything that is open; nothing can be opened any more.
  void close();

  /// Answers that came after the end.
  std::uint64_t late() const { return late_.load(); }

 private:
  struct Entry {
    std::shared_ptr<Exchange> exchange;
    Deadlines::Ticket deadline;
  };
  void hear(Message message);
  std::shared_ptr<Exchange> find(std::uint64_t number);
  std::shared_ptr<Exchange> take(std::uint64_t number);
  void wait_for(std::uint64_t number, Duration patience);
  Deadlines::Ticket arm(std::uint64_t number, Duration patience);
  void came_late();

  Connection& connection_;
  Counter& late_total_;
  const std::string base_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Entry> entries_;
  bool is_closed_ = false;
  std::atomic<std::uint64_t> late_ = 0;
  std::unique_ptr<Subscription> subscription_;
};

/// Sixteen hexadecimal digits.
std::string hex_of(std::uint64_t number);
std::optional<std::uint64_t> parse_hex(std::string_view text);

}  // namespace troupe::nats
