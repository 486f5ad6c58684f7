#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace troupe::vault {

/// Places for work that takes much memory. Nobody waits for one. Any thread; outlives its places.
class HashGate {
 public:
  explicit HashGate(std::uint32_t places) : free_(places) {}
  HashGate(const HashGate&) = delete;
  HashGate& operator=(const HashGate&) = delete;

  /// A place while this lives.
  class Place {
   public:
    explicit Place(HashGate& gate) : gate_(&gate) {}
    ~Place() {
      if (gate_ != nullptr) gate_->free_.fetch_add(1, std::memory_order_release);
    }
    Place(Place&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Place& operator=(Place&&) = delete;

   private:
    HashGate* gate_;
  };

  /// Nothing if all are taken.
  std::optional<Place> try_enter() {
    std::uint32_t free = free_.load(std::memory_order_relaxed);
    while (free > 0) {
      if (free_.compare_exchange_weak(free, free - 1, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
        return Place(*this);
      }
    }
    return std::nullopt;
  }

 private:
  std::atomic<std::uint32_t> free_;
};

}  // namespace troupe::vault
