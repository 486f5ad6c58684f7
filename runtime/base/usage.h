#pragma once

#include <cstdint>

namespace troupe {

/// What models have used up: tokens, and what they cost. `input` is what was neither read from nor
/// written to a provider's cache; `reasoning` is a part of `output`.
struct Usage {
  std::int64_t input = 0, cache_read = 0, cache_write = 0, output = 0, reasoning = 0;
  std::int64_t cost_picousd = 0;  ///< 10^-12 US dollars; 0: no price is known

  bool operator==(const Usage&) const = default;
  /// As archives and lists ask: there is something in it.
  bool set() const { return *this != Usage{}; }
  Usage& operator+=(const Usage& other) {
    input += other.input;
    cache_read += other.cache_read;
    cache_write += other.cache_write;
    output += other.output;
    reasoning += other.reasoning;
    cost_picousd += other.cost_picousd;
    return *this;
  }
};

}  // namespace troupe
