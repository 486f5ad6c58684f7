#pragma once

namespace troupe::services {

/// What is being asked for one attempt. Thread-safe.
class Asked {
 public:
  virtual ~Asked() = default;
  virtual void start() = 0;
  /// Ends what is under way; whoever waits need not be told any more.
  virtual void give_up() = 0;
};

}  // namespace troupe::services
