#include <string>
#include <utility>

#include "runtime/graph/expression.h"
#include "runtime/graph/letter_case.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::graph {
namespace {

using json::Kind;

Error wrong_type(const Expression& expression, std::string_view filter, std::string_view needs) {
  return Error{Code::kTemplateType,
               "{{" + expression.reference.text + "}}: " + std::string(filter) + " needs " +
                   std::string(needs),
               {}};
}

/// The text of a value inside other text, decoded.
std::string plain_text(std::string_view value) {
  switch (json::kind(value)) {
    case Kind::kNull:
      return {};
    case Kind::kString:
      return json::decode_string(value);
    case Kind::kArray:
    case Kind::kObject:
      return json::compact(value);
    case Kind::kBool:
    case Kind::kNumber:
      break;
  }
  return std::string(value);
}

std::string trimmed(const std::string& text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t from = text.find_first_not_of(kSpace);
  if (from == std::string::npos) return {};
  return text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

Status change_letters(const Expression& expression, Filter::Kind kind, Value* value) {
  const std::string_view json = *value->json;
  if (json::kind(json) != Kind::kString) {
    const std::string_view name = kind == Filter::Kind::kUpper   ? "upper"
                                  : kind == Filter::Kind::kLower ? "lower"
                                                                 : "trim";
    return wrong_type(expression, name, "a string");
  }
  const std::string text = json::decode_string(json);
  value->set(json::quote(kind == Filter::Kind::kUpper   ? upper_case(text)
                         : kind == Filter::Kind::kLower ? lower_case(text)
                                                        : trimmed(text)));
  return ok();
}

Status join(const Expression& expression, const std::string& separator, Value* value) {
  const std::string_view json = *value->json;
  // An empty Lua table is written as {}, and means the empty list here.
  const bool empty_table = json::kind(json) == Kind::kObject && json::length(json) == 0;
  if (json::kind(json) != Kind::kArray && !empty_table) {
    return wrong_type(expression, "join", "a list");
  }
  std::string joined;
  bool first = true;
  json::for_each_element(json, [&](std::string_view element) {
    if (!first) joined += separator;
    first = false;
    joined += plain_text(element);
    return true;
  });
  value->set(json::quote(joined));
  return ok();
}

Status apply(const Expression& expression, const Filter& filter, Value* value) {
  switch (filter.kind) {
    case Filter::Kind::kDefault:
      if (!value->json || json::kind(*value->json) == Kind::kNull) value->json = filter.argument;
      return ok();
    case Filter::Kind::kJson:
      value->set(json::quote(json::compact(*value->json)));
      return ok();
    case Filter::Kind::kLength: {
      const Kind kind = json::kind(*value->json);
      if (kind != Kind::kArray && kind != Kind::kObject && kind != Kind::kString) {
        return wrong_type(expression, "length", "a list, an object or a string");
      }
      value->set(std::to_string(json::length(*value->json)));
      return ok();
    }
    case Filter::Kind::kJoin:
      return join(expression, filter.argument, value);
    case Filter::Kind::kUpper:
    case Filter::Kind::kLower:
    case Filter::Kind::kTrim:
      return change_letters(expression, filter.kind, value);
  }
  return ok();
}

}  // namespace

Status evaluate(const Expression& expression, const Environment& environment, Value* value) {
  value->json = environment.find(expression.reference, &value->storage);
  for (const Filter& filter : expression.filters) {
    // A missing value passes by all filters up to a default.
    if (!value->json && filter.kind != Filter::Kind::kDefault) continue;
    if (auto status = apply(expression, filter, value); !status.ok()) return status;
  }
  if (!value->json) {
    return Error{
        Code::kTemplateUnresolved, "{{" + expression.reference.text + "}} has no value", {}};
  }
  return ok();
}

void append_inside_string(std::string& out, std::string_view value) {
  switch (json::kind(value)) {
    case Kind::kNull:
      return;
    case Kind::kString:
      // Its escapes are those of a JSON string already.
      out.append(value.substr(1, value.size() - 2));
      return;
    case Kind::kBool:
    case Kind::kNumber:
      out.append(value);
      return;
    case Kind::kArray:
    case Kind::kObject: {
      const std::string quoted = json::quote(json::compact(value));
      out.append(quoted, 1, quoted.size() - 2);
      return;
    }
  }
}

}  // namespace troupe::graph
