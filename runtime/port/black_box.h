#pragma once

#include <cstdint>

#include "runtime/base/uuid.h"

namespace troupe {

/// Remembers through a crash of the process which entity each thread was working on, so that a run
/// that takes the process down can be found at the next start, and how often the process has ended
/// because it was declared gone. Thread-safe; costs two stores.
class BlackBox {
 public:
  virtual ~BlackBox() = default;
  virtual void enter(const Uuid& entity) noexcept = 0;
  virtual void leave() noexcept = 0;
  /// How often the process has died while working on it, from earlier lives.
  virtual int crashes_of(const Uuid& entity) const = 0;
  /// This life has been declared gone, and ends.
  virtual void note_fenced() noexcept = 0;
  /// Lives that have ended so.
  virtual std::uint64_t times_fenced() const = 0;
};

/// Marks the calling thread as working on an entity while it lives.
class BlackBoxScope {
 public:
  BlackBoxScope(BlackBox* box, const Uuid& entity) : box_(box) {
    if (box_ != nullptr) box_->enter(entity);
  }
  ~BlackBoxScope() {
    if (box_ != nullptr) box_->leave();
  }
  BlackBoxScope(const BlackBoxScope&) = delete;
  BlackBoxScope& operator=(const BlackBoxScope&) = delete;

 private:
  BlackBox* box_;
};

}  // namespace troupe
