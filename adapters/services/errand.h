#pragma once

#include <cstdint>
#include <mutex>

#include "runtime/port/egress.h"

namespace troupe::services {

/// Requests of one piece of work, one after another, until it is given up: then the one under way
/// ends with its connection, and none follows. Thread-safe.
class Errand {
 public:
  /// `egress` outlives it.
  explicit Errand(Egress& egress) : egress_(egress) {}

  /// `done` is called once, perhaps inside, unless the errand has been given up before that.
  void send(EgressRequest request, Callback<EgressResponse> done);
  void give_up();
  bool is_given_up() const;

 private:
  Egress& egress_;
  mutable std::mutex mutex_;
  bool given_up_ = false;
  std::uint64_t sent_ = 0;      ///< requests so far
  Egress::Ticket ticket_ = 0;   ///< of the last one
};

}  // namespace troupe::services
