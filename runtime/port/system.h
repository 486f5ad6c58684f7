#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/base/time.h"

namespace troupe {

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;  ///< the wall clock; may step
  /// Since some moment before this process: runs on while the process or the machine is stopped,
  /// and never steps. A clock without steps of its own may stand in.
  virtual Duration since_boot() const { return now() - TimePoint{}; }
};

/// Unpredictable bits, fit for identifiers and secrets. Thread-safe.
class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual std::uint64_t next() = 0;
};

/// Collision-resistant hash for content addresses and request digests (BLAKE2b-128). Thread-safe.
using Digest = std::array<std::uint8_t, 16>;
class Hasher {
 public:
  virtual ~Hasher() = default;
  virtual Digest hash(std::string_view bytes) const = 0;
};

/// A compiled regular expression (ECMA-262 subset that runs in linear time).
class Pattern {
 public:
  virtual ~Pattern() = default;
  virtual bool found_in(std::string_view text) const = 0;
};
class PatternCompiler {
 public:
  virtual ~PatternCompiler() = default;
  virtual Result<std::shared_ptr<const Pattern>> compile(std::string_view source) const = 0;
};

}  // namespace troupe
