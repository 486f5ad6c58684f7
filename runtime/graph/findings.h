#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/error.h"

namespace troupe::graph {

/// What a validation has found so far. Keeps the first thousand errors and the first hundred
/// warnings: nobody reads more, and a hostile document could hold one per byte.
class Findings {
 public:
  void error(Code code, std::string_view step, std::string pointer, std::string message);
  void warning(Code code, std::string_view step, std::string pointer, std::string message);
  bool failed() const { return errors_ > 0; }
  /// No more of them are kept, so costly messages need not be made.
  bool errors_full() const;
  bool warnings_full() const;
  std::vector<Issue> take() { return std::move(issues_); }

 private:
  std::vector<Issue> issues_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

/// ` (did you mean "x"?)` for the candidate nearest to `name`, or nothing if none is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& candidates);

/// The text in double quotes, cut where it is too long for a message.
std::string in_quotes(std::string_view text);

}  // namespace troupe::graph
