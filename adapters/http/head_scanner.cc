#include "adapters/http/head_scanner.h"

namespace troupe::http {

HeadScanner::State HeadScanner::scan(std::string_view data) {
  while (true) {
    const std::size_t newline = data.find('\n', at_);
    if (newline == std::string_view::npos) {
      at_ = data.size();
      return at_ > bytes_max_ ? State::kTooLarge : State::kMore;
    }
    if (newline >= bytes_max_) return State::kTooLarge;
    if (newline == line_start_ || data[newline - 1] != '\r') return State::kMalformed;
    const char first = data[line_start_];
    if (first == ' ' || first == '\t') return State::kMalformed;
    const bool empty = newline - 1 == line_start_;
    at_ = line_start_ = newline + 1;
    if (empty) return lines_ == 0 ? State::kMalformed : State::kDone;
    if (++lines_ > fields_max_ + 1) return State::kTooLarge;
  }
}

}  // namespace troupe::http
