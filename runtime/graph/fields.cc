#include "runtime/graph/fields.h"

#include <algorithm>
#include <cmath>

#include "runtime/json/read.h"

namespace troupe::graph {
namespace {

/// Ten years: longer is a mistake, and its microseconds stay far inside int64.
constexpr double kDurationSecondsMax = 315'360'000;

std::string plain(double number) {
  return number == std::floor(number) && std::abs(number) < 1e15
             ? std::to_string(static_cast<std::int64_t>(number))
             : std::to_string(number);
}

}  // namespace

bool is_name(std::string_view text) {
  constexpr std::size_t kNameBytesMax = 64;
  if (text.empty() || text.size() > kNameBytesMax) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::string_view kind_name(json::Kind kind) {
  switch (kind) {
    case json::Kind::kNull:
      return "null";
    case json::Kind::kBool:
      return "true or false";
    case json::Kind::kNumber:
      return "a number";
    case json::Kind::kString:
      return "a string";
    case json::Kind::kArray:
      return "a list";
    case json::Kind::kObject:
      return "an object";
  }
  return {};
}

const json::Tree* Fields::find(std::string_view field) {
  known_.push_back(field);
  const json::Tree* value = object_.find(field);
  return value == nullptr || value->kind == json::Kind::kNull ? nullptr : value;
}

const json::Tree* Fields::need(std::string_view field) {
  const json::Tree* value = find(field);
  if (value == nullptr) missing(field);
  return value;
}

bool Fields::is_kind(std::string_view field, const json::Tree& value, json::Kind kind) {
  if (value.kind == kind) return true;
  invalid(field, "must be " + std::string(kind_name(kind)) + ", not " +
                     std::string(kind_name(value.kind)));
  return false;
}

std::optional<std::string> Fields::text(std::string_view field) {
  const json::Tree* value = find(field);
  if (value == nullptr || !is_kind(field, *value, json::Kind::kString)) return std::nullopt;
  return value->string;
}

std::optional<std::string> Fields::need_text(std::string_view field) {
  if (need(field) == nullptr) return std::nullopt;
  auto value = text(field);
  if (value && value->empty()) {
    invalid(field, "must not be empty");
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> Fields::need_name(std::string_view field) {
  auto name = need_text(field);
  if (!name || is_name(*name)) return name;
  invalid(field, "must be 1 to 64 of the characters A-Z a-z 0-9 _ -");
  return std::nullopt;
}

std::optional<bool> Fields::boolean(std::string_view field) {
  const json::Tree* value = find(field);
  if (value == nullptr || !is_kind(field, *value, json::Kind::kBool)) return std::nullopt;
  return json::as_bool(value->raw);
}

std::optional<std::int64_t> Fields::integer(std::string_view field,
                                            std::int64_t min,
                                            std::int64_t max) {
  const json::Tree* value = find(field);
  if (value == nullptr || !is_kind(field, *value, json::Kind::kNumber)) return std::nullopt;
  const auto number = json::as_int(value->raw);
  if (number && *number >= min && *number <= max) return number;
  invalid(field,
          "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

std::optional<double> Fields::number(std::string_view field, double min, double max) {
  const json::Tree* value = find(field);
  if (value == nullptr || !is_kind(field, *value, json::Kind::kNumber)) return std::nullopt;
  const auto number = json::as_double(value->raw);
  if (number && *number >= min && *number <= max) return number;
  invalid(field, "must be from " + plain(min) + " to " + plain(max));
  return std::nullopt;
}

std::optional<Duration> Fields::duration_s(std::string_view field) {
  const auto given = number(field, 0, kDurationSecondsMax);
  if (!given) return std::nullopt;
  const Duration duration{std::llround(*given * 1e6)};
  if (duration.us > 0) return duration;
  invalid(field, "must be above 0");
  return std::nullopt;
}

void Fields::object(std::string_view field) {
  if (const json::Tree* value = find(field)) is_kind(field, *value, json::Kind::kObject);
}

std::optional<Template> Fields::expanded(std::string_view field) {
  const json::Tree* value = find(field);
  if (value == nullptr) return std::nullopt;
  return compile(field, *value, Place::kStep);
}

std::optional<Template> Fields::expanded_text(std::string_view field, Place place) {
  const json::Tree* value = find(field);
  if (value == nullptr || !is_kind(field, *value, json::Kind::kString)) return std::nullopt;
  return compile(field, *value, place);
}

std::optional<Template> Fields::expanded_test(std::string_view field, Place place) {
  const json::Tree* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (value->kind != json::Kind::kBool && !is_kind(field, *value, json::Kind::kString)) {
    return std::nullopt;
  }
  return compile(field, *value, place);
}

std::optional<Template> Fields::compile(std::string_view field,
                                        const json::Tree& value,
                                        Place place) {
  auto compiled = Template::compile(value.raw);
  if (!compiled.ok()) {
    for (const Issue& issue : compiled.error().issues) {
      context_.findings.error(issue.code, step().id, pointer(field) + issue.pointer, issue.message);
    }
    return std::nullopt;
  }
  if (!compiled->constant()) draft_.templates.push_back({*compiled, pointer(field), place});
  return std::move(compiled).value();
}

void Fields::missing(std::string_view field) {
  error(Code::kMissingField, field, in_quotes(field) + " is missing");
}

void Fields::invalid(std::string_view field, std::string_view what) {
  error(Code::kInvalidField, field, in_quotes(field) + " " + std::string(what));
}

void Fields::error(Code code, std::string_view field, std::string message) {
  context_.findings.error(code, step().id, pointer(field), std::move(message));
}

void Fields::warning(Code code, std::string_view field, std::string message) {
  context_.findings.warning(code, step().id, pointer(field), std::move(message));
}

void Fields::report_unknown() {
  if (context_.findings.warnings_full()) return;
  std::vector<std::string_view> absent;
  for (const std::string_view known : known_) {
    if (object_.find(known) == nullptr) absent.push_back(known);
  }
  // Few are enough to see the mistake; a hostile object could hold any number of them.
  int reports_left = 20;
  for (const auto& [name, value] : object_.members) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    if (reports_left-- == 0) return;
    warning(Code::kUnknownField, name,
            in_quotes(name) + " is not known here" + did_you_mean(name, absent));
  }
}

}  // namespace troupe::graph
