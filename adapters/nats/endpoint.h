#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace troupe::nats {

/// What one way in has done so far, as service discovery shows it. Thread-safe.
class EndpointStats {
 public:
  struct Shown {
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
    std::uint64_t processing_ns = 0;
    std::string last_error;
  };
  void answered(std::uint64_t took_ns) {
    const std::lock_guard lock(mutex_);
    ++shown_.requests;
    shown_.processing_ns += took_ns;
  }
  void refused(std::uint64_t took_ns, std::string error) {
    const std::lock_guard lock(mutex_);
    ++shown_.requests;
    ++shown_.errors;
    shown_.processing_ns += took_ns;
    shown_.last_error = std::move(error);
  }
  Shown shown() const {
    const std::lock_guard lock(mutex_);
    return shown_;
  }

 private:
  mutable std::mutex mutex_;
  Shown shown_;
};

/// One way in, for service discovery. The stats outlive whoever shows them.
struct Endpoint {
  std::string name;
  std::string subject;
  std::string queue;
  const EndpointStats* stats = nullptr;
};

}  // namespace troupe::nats
