#pragma once

#include <string>
#include <vector>

#include "adapters/console/run_view.h"
#include "adapters/console/style.h"

namespace troupe::console {

/// The run as lines: a head, its steps with the bodies of loops below them, a progress bar. Never
/// more lines than the terminal is high: of many steps, those that move are shown and the rest is
/// counted. `now` gives the length of what runs; `frame` turns the spinner.
std::vector<std::string> draw(const RunView& view,
                              TimePoint now,
                              unsigned frame,
                              const Style& style);

/// One event as one line, for logs and pipes; empty if it is not worth a line.
std::string plain_line(std::string_view event);

}  // namespace troupe::console
