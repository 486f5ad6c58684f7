#pragma once

#include <cstdint>

#include "runtime/json/text.h"
#include "runtime/port/system.h"

namespace troupe::run {

/// Bodies of this size and more are stored once, content addressed, and journaled by reference.
inline constexpr std::size_t kPayloadBytesMin = 1024;
/// Values over this size appear in events as {bytes, href}.
inline constexpr std::size_t kEventValueBytesMax = 4096;

/// Address of a stored body inside the run's payload bucket and project.
struct PayloadRef {
  Digest hash{};
  std::uint64_t bytes = 0;  ///< 0: not stored
  bool set() const { return bytes != 0; }
  bool operator==(const PayloadRef&) const = default;
};

/// A JSON value that a run holds. Small ones are inline; of large ones the text may be away
/// (`resident` false) after a reload until the loader brings it back. No text and no ref: no value
/// at all.
struct Value {
  json::Text text;
  PayloadRef ref;
  bool present() const { return !text.empty() || ref.set(); }
  bool resident() const { return !text.empty() || !ref.set(); }
  std::uint64_t bytes() const { return ref.set() ? ref.bytes : text.size(); }
};

}  // namespace troupe::run
