#pragma once

#include <cstdint>
#include <vector>

#include "runtime/base/bytes.h"
#include "runtime/port/store.h"

namespace troupe::journal {

/// Where an entity's frames are: the head, and enough of the way back to fill the skip pointers of
/// the next frame (one back, 64 back, 4,096 back). Part of the entity's state and snapshot. Frames
/// are numbered from 1 in their entity.
class Chain {
 public:
  std::uint64_t frames() const { return frames_; }
  store::Pos head() const { return head_; }
  /// Pointers for the next frame: previous, 64 back, 4,096 back (0: none that far).
  struct Back { store::Pos one = 0, far64 = 0, far4096 = 0; };
  Back back() const;
  /// The next frame is at `pos`.
  void append(store::Pos pos);

  void encode(ByteWriter& out) const;
  static Chain decode(ByteReader& in);

 private:
  std::uint64_t frames_ = 0;
  store::Pos head_ = 0;
  // Positions of the last frames whose number is a multiple of 64 and of 4,096 are enough when skip
  // pointers are written only by frames at those multiples; see frame.h.
  store::Pos last64_ = 0;
  store::Pos last4096_ = 0;
};

}  // namespace troupe::journal
