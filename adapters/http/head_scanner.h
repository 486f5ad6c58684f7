#pragma once

#include <cstddef>
#include <string_view>

namespace troupe::http {

/// Finds the end of a request's header in a growing buffer and refuses, before any parser sees
/// them, forms that servers read differently: bare line feeds, folded lines, too many or too large
/// fields. Each byte is looked at once. Not thread-safe; one per connection.
class HeadScanner {
 public:
  enum class State { kMore, kDone, kMalformed, kTooLarge };
  HeadScanner(std::size_t bytes_max, std::size_t fields_max)
      : bytes_max_(bytes_max), fields_max_(fields_max) {}

  /// `data`: everything from the first byte of the request on.
  State scan(std::string_view data);
  std::size_t head_bytes() const { return line_start_; }  ///< once kDone, with the empty line
  void reset() { at_ = line_start_ = lines_ = 0; }

 private:
  std::size_t bytes_max_;
  std::size_t fields_max_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  std::size_t lines_ = 0;
};

}  // namespace troupe::http
