#pragma once

#include "runtime/port/system.h"

namespace troupe::system {

/// The kernel's random bits (getrandom), fetched by pages and kept per thread, because a call for
/// each eight bytes would cost more than the identifier that is made of them. A forked child
/// fetches anew, so parent and child never hand out the same bits. Any thread.
class SystemEntropy final : public Entropy {
 public:
  SystemEntropy();
  std::uint64_t next() override;
};

}  // namespace troupe::system
