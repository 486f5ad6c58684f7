#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "runtime/base/time.h"

namespace troupe::egress {

/// Who may be asked now: how many requests a host has at once and in a second, and whether it is
/// worth asking. A host is an origin (scheme, name, port). All of it is known for each scope by
/// itself, so that a workspace whose calls are many, slow or in vain holds up no other. For one
/// thread at a time; times are since boot.
class Hosts {
 public:
  struct Options {
    std::size_t requests_max = 128;  ///< at once
    double requests_per_s = 0;       ///< 0: any number
    int failures_max = 10;           ///< in a row, until it is left alone for a while; 0: never
    Duration pause_min = seconds(1);
    Duration pause_max = seconds(60);
  };

  explicit Hosts(Options options) : options_(options) {}

  enum class Word { kBegin, kWait, kLeaveAlone };
  struct Verdict {
    Word word = Word::kBegin;
    Duration pause;  ///< how long it is left alone from now on
  };
  /// Whether another request may begin now. If so it is counted until `ended` or `dropped`. Once a
  /// pause is over one request goes to see, and the others are refused until it is back.
  Verdict begin(const std::string& scope, const std::string& origin, Duration now);
  /// `healthy`: the host did its part, whatever it said. What ends badly during a pause began
  /// before it, and says nothing new.
  void ended(const std::string& scope, const std::string& origin, bool healthy, Duration now);
  /// One that was cancelled: it says nothing about the host.
  void dropped(const std::string& scope, const std::string& origin);

 private:
  /// Hosts beyond this many that nobody asks now are forgotten.
  static constexpr std::size_t kKept = 4096;

  struct Load {
    std::size_t open = 0;
    double tokens = 0;
    Duration filled;
  };
  struct Breaker {
    int failures = 0;
    Duration pause;   ///< 0: it is asked
    Duration until;   ///< since boot
    bool probing = false;
  };
  using Place = std::pair<std::string, std::string>;  ///< scope and origin

  bool has_room(const Place& place, Duration now);
  void forget_idle();

  const Options options_;
  std::map<Place, Load> loads_;
  std::map<Place, Breaker> breakers_;
};

}  // namespace troupe::egress
