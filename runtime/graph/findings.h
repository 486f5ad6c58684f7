#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/error.h"

namespace troupe::graph {

/// What a validation has found so far. Keeps the first thousand: nobody reads more, and a hostile
/// document could hold one per byte.
class Findings {
 public:
  void error(Code code, std::string_view step, std::string pointer, std::string message);
  void warning(Code code, std::string_view step, std::string pointer, std::string message);
  bool failed() const { return failed_; }
  /// Nothing more is kept, so costly messages need not be made.
  bool full() const;
  std::vector<Issue> take() { return std::move(issues_); }

 private:
  std::vector<Issue> issues_;
  bool failed_ = false;
};

/// ` (did you mean "x"?)` for the candidate nearest to `name`, or nothing if none is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& candidates);

/// The text in double quotes, cut where it is too long for a message.
std::string in_quotes(std::string_view text);

}  // namespace troupe::graph
