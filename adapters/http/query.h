#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/result.h"

namespace troupe::http {

/// "%41" → "A"; nothing if an escape is malformed or the result is not UTF-8 or holds U+0000.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// The parameters after '?', decoded. A repeated name keeps its first value.
class Query {
 public:
  /// kInvalidRequest if an escape is malformed.
  static Result<Query> parse(std::string_view text);

  /// The value, or nothing if the name is absent or its value is empty.
  std::optional<std::string_view> find(std::string_view name) const;
  /// Whether it is given at all, with or without a value.
  bool has(std::string_view name) const;
  /// A whole number in [min, max], `fallback` if absent. The error points at the parameter.
  Result<std::uint64_t> number(std::string_view name, std::uint64_t fallback, std::uint64_t min,
                               std::uint64_t max) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

/// kInvalidRequest that points at a parameter.
Error bad_parameter(std::string_view name, std::string message);

}  // namespace troupe::http
