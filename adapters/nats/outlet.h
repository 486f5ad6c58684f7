#pragma once

#include <mutex>
#include <shared_mutex>
#include <utility>

#include "adapters/nats/connection.h"

namespace troupe::nats {

/// The way out for answers that may come when their owner is gone: whoever may answer late shares
/// it, and after `close` what they say goes nowhere. Thread-safe.
class Outlet {
 public:
  explicit Outlet(Connection& connection) : connection_(&connection) {}

  /// Calls `use(Connection&)`, which may publish, unless closed.
  template <class Use>
  void with(Use use) {
    const std::shared_lock lock(mutex_);
    if (connection_ != nullptr) use(*connection_);
  }
  /// Waits for uses under way.
  void close() {
    const std::unique_lock lock(mutex_);
    connection_ = nullptr;
  }

 private:
  std::shared_mutex mutex_;
  Connection* connection_;
};

}  // namespace troupe::nats
