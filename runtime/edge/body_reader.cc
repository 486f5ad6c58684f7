#include "runtime/edge/body_reader.h"

#include "runtime/json/tree.h"

namespace troupe::edge {

json::Text own(std::string_view part) { return json::Text::trusted(std::string(part)); }

Error invalid(std::vector<Issue> issues) {
  Error error{Code::kValidationFailed, {}, std::move(issues)};
  if (!error.issues.empty()) {
    const Issue& first = error.issues.front();
    error.message = (first.pointer.empty() ? "The body" : first.pointer) + ": " + first.message;
  }
  return error;
}

BodyReader::BodyReader(std::string_view object, std::string pointer, std::vector<Issue>& issues)
    : object_(object), pointer_(std::move(pointer)), issues_(issues) {
  if (!object.empty() && json::kind(object) != json::Kind::kObject) {
    issues_.push_back({Code::kInvalidField, {}, pointer_, "must be an object."});
    object_ = {};
  }
}

std::string BodyReader::pointer(std::string_view key) const {
  return json::pointer_to(pointer_, key);
}

void BodyReader::wrong(std::string_view key, std::string message, Code code) {
  issues_.push_back({code, {}, pointer(key), std::move(message)});
}

void BodyReader::missing(std::string_view key) {
  wrong(key, "is missing.", Code::kMissingField);
}

std::optional<std::string_view> BodyReader::raw(std::string_view key) const {
  if (object_.empty()) return std::nullopt;
  const auto value = json::member(object_, key);
  if (value && json::kind(*value) == json::Kind::kNull) return std::nullopt;
  return value;
}

std::optional<std::string> BodyReader::text(std::string_view key, std::size_t bytes_max) {
  const auto value = raw(key);
  if (!value) return std::nullopt;
  if (json::kind(*value) != json::Kind::kString) {
    wrong(key, "must be a string.");
    return std::nullopt;
  }
  std::string text = json::decode_string(*value);
  if (text.size() > bytes_max) {
    wrong(key, "is longer than " + std::to_string(bytes_max) + " bytes.", Code::kLimitExceeded);
    return std::nullopt;
  }
  return text;
}

std::string BodyReader::required_text(std::string_view key, std::size_t bytes_max) {
  const std::size_t before = issues_.size();
  auto value = text(key, bytes_max);
  if (value && !value->empty()) return *std::move(value);
  if (issues_.size() == before) {
    if (value) wrong(key, "must not be empty.");
    if (!value) missing(key);
  }
  return {};
}

std::optional<bool> BodyReader::boolean(std::string_view key) {
  const auto value = raw(key);
  if (!value) return std::nullopt;
  const auto boolean = json::as_bool(*value);
  if (!boolean) wrong(key, "must be true or false.");
  return boolean;
}

std::optional<std::int64_t> BodyReader::integer(std::string_view key, std::int64_t min,
                                                std::int64_t max) {
  const auto value = raw(key);
  if (!value) return std::nullopt;
  const auto number =
      json::kind(*value) == json::Kind::kNumber ? json::as_int(*value) : std::nullopt;
  if (number && *number >= min && *number <= max) return number;
  wrong(key, "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max) +
                 ".");
  return std::nullopt;
}

std::optional<std::string_view> BodyReader::object(std::string_view key) {
  const auto value = raw(key);
  if (!value || json::kind(*value) == json::Kind::kObject) return value;
  wrong(key, "must be an object.");
  return std::nullopt;
}

std::optional<std::string_view> BodyReader::array(std::string_view key) {
  const auto value = raw(key);
  if (!value || json::kind(*value) == json::Kind::kArray) return value;
  wrong(key, "must be an array.");
  return std::nullopt;
}

std::optional<std::vector<std::string>> BodyReader::texts(std::string_view key) {
  const auto value = array(key);
  if (!value) return std::nullopt;
  std::vector<std::string> list;
  std::size_t index = 0;
  json::for_each_element(*value, [&](std::string_view element) {
    if (json::kind(element) == json::Kind::kString) {
      list.push_back(json::decode_string(element));
    } else {
      issues_.push_back({Code::kInvalidField,
                         {},
                         json::pointer_to(pointer(key), std::to_string(index)),
                         "must be a string."});
    }
    ++index;
    return true;
  });
  return list;
}

}  // namespace troupe::edge
