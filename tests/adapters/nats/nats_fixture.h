#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/metrics/registry.h"
#include "adapters/nats/connection.h"
#include "adapters/system/entropy.h"
#include "tests/support/kept_log.h"
#include "tests/support/nats_server.h"

namespace troupe::testing {

/// Long enough that only a bug makes a test wait so long.
inline constexpr Duration kPatience = seconds(20);

/// Things that come in on other threads, for a test that waits for them.
template <class T>
class Arrivals {
 public:
  void add(T thing) {
    const std::lock_guard lock(mutex_);
    things_.push_back(std::move(thing));
    changed_.notify_all();
  }
  /// Whether there are so many, at the latest after the patience.
  bool wait_for(std::size_t count, Duration patience = kPatience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::microseconds(patience.us),
                             [&] { return things_.size() >= count; });
  }
  std::vector<T> all() {
    const std::lock_guard lock(mutex_);
    return things_;
  }
  /// The one at `index`; throws if it does not come.
  T at(std::size_t index) {
    if (!wait_for(index + 1)) throw std::runtime_error("it did not come");
    const std::lock_guard lock(mutex_);
    return things_[index];
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return things_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> things_;
};

/// A server of the test's own and what a connection to it needs.
class NatsFixture : public ::testing::Test {
 protected:
  std::unique_ptr<nats::Connection> connect(nats::Options options) {
    auto made = nats::Connection::open(std::move(options), {log, metrics, entropy});
    if (!made.ok()) throw std::runtime_error(made.error().message);
    return *std::move(made);
  }
  nats::Options options() const {
    nats::Options made;
    made.urls = {server->url()};
    made.retry_first = milliseconds(10);
    made.retry_max = milliseconds(100);
    return made;
  }
  /// To the server, and there.
  std::unique_ptr<nats::Connection> connect() {
    auto made = connect(options());
    if (!made->wait_until_connected(kPatience)) throw std::runtime_error("no connection");
    return made;
  }
  static void wait_until_disconnected(nats::Connection& connection) {
    while (connection.connected()) {
      if (!connection.flush(milliseconds(10)).ok()) std::this_thread::yield();
    }
  }
  void start_server(std::string settings = "") {
    server = std::make_unique<NatsServer>(std::move(settings));
  }
  bool shows(std::string_view line) {
    return metrics.exposition().find(line) != std::string::npos;
  }

  KeptLog log;
  metrics::Registry metrics{"test"};
  system::SystemEntropy entropy;
  std::unique_ptr<NatsServer> server;
};

}  // namespace troupe::testing
