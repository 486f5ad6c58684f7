#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace troupe::http {

namespace asio = boost::asio;
using Socket =
    asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;

/// Something on a loop that the server may ask to end: a connection or a stream.
class Closable {
 public:
  virtual ~Closable() = default;
  /// Ends when idle, or right after the request in flight. On the loop's thread.
  virtual void close_soon() = 0;
  /// Ends at once, whatever is in flight.
  virtual void abort() = 0;
  /// What is in flight, in words for a log; empty if nothing is.
  virtual std::string in_flight() const { return {}; }
};

/// Counts the connections of a server and lets it wait for the last one.
class ConnectionCount {
 public:
  bool try_add(std::size_t max);
  void remove();
  bool wait_for_none(std::chrono::microseconds time);

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
};

/// Place of one connection in the count, given back when it is destroyed.
class Slot {
 public:
  explicit Slot(std::shared_ptr<ConnectionCount> count) : count_(std::move(count)) {}
  ~Slot() {
    if (count_) count_->remove();
  }
  Slot(Slot&& other) noexcept = default;
  Slot& operator=(Slot&&) = delete;

 private:
  std::shared_ptr<ConnectionCount> count_;
};

/// One thread with its io_context. Connections hold it, so a late answer of the engine finds it
/// alive even after the server is gone; `post` then drops it.
class Loop {
 public:
  /// Thread-safe. Never runs `work` before it returns.
  void post(std::function<void()> work);
  bool on_thread() const { return std::this_thread::get_id() == thread_id_; }

  void start();
  /// Ends the thread and drops whatever waits; from another thread.
  void stop();

  asio::io_context context{1};  // the hint: one thread runs it, others only post
  /// Open connections and streams; on the loop's thread.
  std::unordered_map<Closable*, std::weak_ptr<Closable>> open;
  bool closing = false;  ///< on the loop's thread: nothing new is kept open

 private:
  std::mutex mutex_;
  bool stopped_ = false;
  std::thread::id thread_id_;
  std::thread thread_;
};

}  // namespace troupe::http
