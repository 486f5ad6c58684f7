#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "runtime/base/result.h"
#include "runtime/port/black_box.h"

namespace troupe::black_box {

/// A small mapped file in the data directory: the kernel keeps what was stored there even when the
/// process dies at once. It remembers deaths in a row: an entity that some thread was working on at
/// this death and at the one before has two; an entity that was not being worked on at a death
/// starts again from none, so that kills from outside, which hit anything, seldom add up. Ends by a
/// lost lease are counted for as long as the file is there.
class MappedBlackBox final : public BlackBox {
 public:
  /// Reads what the last life left and begins a new one. kUnavailable or kStorageFull with the
  /// path.
  static Result<std::unique_ptr<MappedBlackBox>> open(const std::string& path);
  ~MappedBlackBox() override;  ///< an orderly end: nothing was being worked on

  void enter(const Uuid& entity) noexcept override;
  void leave() noexcept override;
  int crashes_of(const Uuid& entity) const override;
  void note_fenced() noexcept override;
  std::uint64_t times_fenced() const override;

  struct File;  ///< layout of the file, private to mapped_black_box.cc

 private:
  explicit MappedBlackBox(File* file) : file_(file) {}
  void begin_life();

  File* file_;
  std::atomic<std::uint32_t> next_slot_{0};
  std::map<Uuid, int> crashes_;
};

}  // namespace troupe::black_box
