#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/graph/template.h"

namespace troupe::graph {

/// One step of a filter chain: {{ path | default: 0 | json }}.
struct Filter {
  enum class Kind : unsigned char { kDefault, kJson, kLength, kJoin, kUpper, kLower, kTrim };
  Kind kind = Kind::kDefault;
  std::string argument;  ///< kDefault: compact JSON; kJoin: the separator, decoded
};

/// What stands between {{ and }}.
struct Expression {
  Reference reference;
  std::vector<Filter> filters;
};

/// Why an expression does not parse, and at which byte of the string.
struct SyntaxProblem {
  std::size_t offset = 0;
  std::string message;
};

/// Parses the expression that begins behind the "{{" at `text[*at]` and moves `*at` behind its
/// "}}".
std::optional<SyntaxProblem> parse_expression(std::string_view text,
                                              std::size_t* at,
                                              Expression* expression);

/// A value on its way through a chain of filters: a view of raw JSON, with storage for made values.
struct Value {
  std::optional<std::string_view> json;  ///< nothing: the path is missing
  std::string storage;

  void set(std::string made) {
    storage = std::move(made);
    json = storage;
  }
};

/// Looks the path up and filters it. kTemplateUnresolved or kTemplateType where that fails; then
/// `value` is of no use.
Status evaluate(const Expression& expression, const Environment& environment, Value* value);

/// Appends a value as the text that it has inside other text, with the escapes of a JSON string.
void append_inside_string(std::string& out, std::string_view value);

}  // namespace troupe::graph
