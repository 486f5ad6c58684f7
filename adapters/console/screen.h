#pragma once

#include <string>
#include <vector>

#include "adapters/console/style.h"

namespace troupe::console {

/// Draws a block of lines on a terminal over the block drawn before. Belongs to one thread. A
/// terminal that is gone is not an error: the run matters, not its picture.
class Screen {
 public:
  explicit Screen(int descriptor) : descriptor_(descriptor) {}
  void show(const std::vector<std::string>& lines);
  /// What was drawn stays; the next block starts below it.
  void leave() { drawn_ = 0; }

 private:
  int descriptor_;
  std::size_t drawn_ = 0;
};

/// What the descriptor can show; nothing if it is no terminal or a dumb one. NO_COLOR and a locale
/// without UTF-8 are respected.
bool terminal_style(int descriptor, Style* style);

/// Writes everything, or gives up when the descriptor is closed.
void write_all(int descriptor, std::string_view text);

}  // namespace troupe::console
