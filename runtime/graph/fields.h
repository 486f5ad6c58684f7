#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/graph/draft.h"

namespace troupe::graph {

/// Reads the fields of one object of the document (a step, or `retry` in it) and reports what is
/// wrong with them. A field that is JSON null counts as absent. Every field asked for is known; the
/// rest is reported by `report_unknown`.
class Fields {
 public:
  Fields(StepDraft& draft, const json::Tree& object, std::string pointer, ParseContext& context)
      : draft_(draft), object_(object), pointer_(std::move(pointer)), context_(context) {}

  StepDraft& draft() { return draft_; }
  Step& step() { return draft_.step; }
  ParseContext& context() { return context_; }
  std::string pointer(std::string_view field) const { return json::pointer_to(pointer_, field); }

  const json::Tree* find(std::string_view field);
  /// Reports kMissingField if it is absent.
  const json::Tree* need(std::string_view field);

  std::optional<std::string> text(std::string_view field);
  /// A string that is there and not empty.
  std::optional<std::string> need_text(std::string_view field);
  /// The same for one that is a name.
  std::optional<std::string> need_name(std::string_view field);
  std::optional<bool> boolean(std::string_view field);
  std::optional<std::int64_t> integer(std::string_view field, std::int64_t min, std::int64_t max);
  std::optional<double> number(std::string_view field, double min, double max);
  /// Seconds above 0.
  std::optional<Duration> duration_s(std::string_view field);
  void object(std::string_view field);

  template <class Value>
  std::optional<Value> choice(std::string_view field,
                              std::initializer_list<std::pair<std::string_view, Value>> choices) {
    const auto given = text(field);
    if (!given) return std::nullopt;
    std::string names;
    for (const auto& [name, value] : choices) {
      if (name == *given) return value;
      names += (names.empty() ? "" : ", ") + std::string(name);
    }
    invalid(field, "must be one of: " + names);
    return std::nullopt;
  }

  /// Any JSON with templates in its strings.
  std::optional<Template> expanded(std::string_view field);
  /// The same for a field that must be a string.
  std::optional<Template> expanded_text(std::string_view field, Place place = Place::kStep);
  /// A string, or a literal true or false.
  std::optional<Template> expanded_test(std::string_view field, Place place = Place::kStep);

  void missing(std::string_view field);
  void invalid(std::string_view field, std::string_view what);
  void error(Code code, std::string_view field, std::string message);
  void warning(Code code, std::string_view field, std::string message);
  void report_unknown();

 private:
  bool is_kind(std::string_view field, const json::Tree& value, json::Kind kind);
  std::optional<Template> compile(std::string_view field, const json::Tree& value, Place place);

  StepDraft& draft_;
  const json::Tree& object_;
  std::string pointer_;
  ParseContext& context_;
  std::vector<std::string_view> known_;
};

/// 1 to 64 of the characters A-Z a-z 0-9 _ -
bool is_name(std::string_view text);

/// "a string", "a number", … for messages.
std::string_view kind_name(json::Kind kind);

}  // namespace troupe::graph
