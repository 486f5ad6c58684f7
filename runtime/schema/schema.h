#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/json/text.h"
#include "runtime/port/system.h"

namespace troupe::schema {

/// Documents that `$ref` may reach, by absolute URI. Nothing is ever fetched.
using RemoteSchemas = std::map<std::string, json::Text>;

/// A compiled JSON Schema (2020-12). Immutable; thread-safe.
class Schema {
 public:
  /// kSchemaInvalid with the pointer of what is wrong.
  static Result<std::shared_ptr<const Schema>> compile(const json::Text& schema,
                                                       const PatternCompiler& patterns,
                                                       const RemoteSchemas* remotes = nullptr);
  /// Empty: the instance (valid JSON) fits. Otherwise kAnswerInvalid issues with pointers into the
  /// instance, at most `issues_max`.
  std::vector<Issue> validate(std::string_view instance, std::size_t issues_max = 20) const;

  struct Compiled;  ///< private to schema.cc
  explicit Schema(std::unique_ptr<const Compiled> compiled);
  ~Schema();

 private:
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace troupe::schema
