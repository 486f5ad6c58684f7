#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/json/text.h"
#include "runtime/port/system.h"

namespace troupe::schema {

/// Schemas that a $ref may name, by absolute URI. Nothing is ever fetched.
using RemoteSchemas = std::map<std::string, json::Text, std::less<>>;

struct Compiled;

/// A compiled JSON Schema of draft 2020-12: human-task forms, response schemas, tool arguments.
/// `format` and `content…` are annotations and assert nothing. Immutable; several threads may
/// validate at once. The work of one validation is bounded, whatever schema and instance are: one
/// that recurses without end, or takes too many steps, reports that as its only issue.
class Schema {
 public:
  /// The error is kSchemaInvalid; its issues name places in the schema by JSON pointer.
  static Result<std::shared_ptr<const Schema>> compile(const json::Text& schema,
                                                       const PatternCompiler& patterns,
                                                       const RemoteSchemas* remotes = nullptr);
  ~Schema();
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  /// Checks valid JSON. Issues are kAnswerInvalid, name places in the instance by JSON pointer, and
  /// begin their message with the keyword. None: the instance is valid.
  std::vector<Issue> validate(std::string_view instance, std::size_t issues_max = 20) const;

 private:
  explicit Schema(std::unique_ptr<const Compiled> compiled);

  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace troupe::schema
