#include "adapters/http/query.h"

#include <charconv>

#include "runtime/json/text.h"
#include "runtime/json/write.h"

namespace troupe::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The JSON walk already knows what UTF-8 is; a quoted text that survives it is clean.
bool clean(std::string_view text) {
  for (const char c : text) {
    if (c == '\0') return false;
  }
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      std::string quoted;
      quoted.reserve(text.size() + 2);
      quoted.push_back('"');
      for (const char d : text)
        quoted.push_back(d == '"' || d == '\\' || (d > 0 && d < 32) ? ' ' : d);
      quoted.push_back('"');
      return json::Text::parse(std::move(quoted)).ok();
    }
  }
  return true;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  if (!clean(out)) return std::nullopt;
  return out;
}

Error bad_parameter(std::string_view name, std::string message) {
  Error error{Code::kInvalidRequest, "?" + std::string(name) + ": " + message, {}};
  error.issues.push_back({Code::kInvalidField, {}, "/query/" + std::string(name), message});
  return error;
}

Result<Query> Query::parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    const auto name = percent_decode(part.substr(0, equals), true);
    const auto value = percent_decode(part.substr(std::min(equals + 1, part.size())), true);
    if (!name || !value) return {Code::kInvalidRequest, "The query string is not valid."};
    query.values_.emplace_back(*name, *value);
  }
  return query;
}

std::optional<std::string_view> Query::find(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) {
      if (value.empty()) return std::nullopt;
      return value;
    }
  }
  return std::nullopt;
}

bool Query::has(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return true;
  }
  return false;
}

Result<std::uint64_t> Query::number(std::string_view name, std::uint64_t fallback,
                                    std::uint64_t min, std::uint64_t max) const {
  const auto text = find(name);
  if (!text) return fallback;
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (ec != std::errc() || end != text->data() + text->size() || value < min || value > max) {
    return bad_parameter(name, "must be a whole number from " + std::to_string(min) + " to " +
                                   std::to_string(max) + ".");
  }
  return value;
}

}  // namespace troupe::http
