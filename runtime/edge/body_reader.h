#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/json/read.h"
#include "runtime/json/text.h"

namespace troupe::edge {

/// Reads the members of one object of a request body and notes what is wrong with each, so that a
/// caller hears of every mistake at once. A member that is null counts as absent. Views point into
/// the text that was given and must not outlive it.
class BodyReader {
 public:
  /// `pointer`: of this object in the body. A value that is no object is noted as wrong.
  BodyReader(std::string_view object, std::string pointer, std::vector<Issue>& issues);

  std::optional<std::string_view> raw(std::string_view key) const;
  std::optional<std::string> text(std::string_view key, std::size_t bytes_max);
  std::string required_text(std::string_view key, std::size_t bytes_max);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
  std::optional<std::string_view> object(std::string_view key);
  std::optional<std::string_view> array(std::string_view key);
  std::optional<std::vector<std::string>> texts(std::string_view key);

  std::string pointer(std::string_view key) const;
  void wrong(std::string_view key, std::string message, Code code = Code::kInvalidField);
  void missing(std::string_view key);

 private:
  std::string_view object_;
  std::string pointer_;
  std::vector<Issue>& issues_;
};

/// A copy of a part of a body that lives on its own.
json::Text own(std::string_view part);
/// kValidationFailed with these issues.
Error invalid(std::vector<Issue> issues);

}  // namespace troupe::edge
