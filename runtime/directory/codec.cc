#include "runtime/directory/codec.h"

#include <utility>

#include "runtime/json/read.h"

namespace troupe::directory {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    text.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
    text.push_back(kHex[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_of(text[i]);
    const int low = digit_of(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return bytes;
}

Fields::Fields(const store::Document& document) : document_(document) {
  auto parsed = json::Text::parse(document.body);
  is_damaged_ = !parsed || json::kind(parsed->view()) != json::Kind::kObject;
  if (!is_damaged_) body_ = *std::move(parsed);
}

std::string Fields::text(std::string_view name) {
  if (is_damaged_) return {};
  const auto value = json::member(body_.view(), name);
  is_damaged_ = !value || json::kind(*value) != json::Kind::kString;
  return is_damaged_ ? std::string() : json::decode_string(*value);
}

std::string Fields::bytes(std::string_view name) { return known(from_hex(text(name))); }

std::int64_t Fields::number(std::string_view name) {
  if (is_damaged_) return 0;
  const auto value = json::member(body_.view(), name);
  const auto number = value ? json::as_int(*value) : std::nullopt;
  is_damaged_ = !number;
  return number.value_or(0);
}

bool Fields::flag(std::string_view name) {
  if (is_damaged_) return false;
  const auto value = json::member(body_.view(), name);
  const auto flag = value ? json::as_bool(*value) : std::nullopt;
  is_damaged_ = !flag;
  return flag.value_or(false);
}

std::string Fields::list(std::string_view name) {
  if (is_damaged_) return "[]";
  const auto value = json::member(body_.view(), name);
  is_damaged_ = !value || json::kind(*value) != json::Kind::kArray;
  return is_damaged_ ? "[]" : std::string(*value);
}

TimePoint Fields::time(std::string_view name) { return {number(name)}; }

TimePoint Fields::time_if_any(std::string_view name) {
  const bool is_there = !is_damaged_ && json::member(body_.view(), name);
  return is_there ? time(name) : TimePoint{};
}

Status Fields::status() const {
  if (!is_damaged_) return ok();
  return Error{Code::kCorrupt,
               "A document of kind " + std::to_string(static_cast<int>(document_.kind)) +
                   " does not decode.",
               {}};
}

}  // namespace troupe::directory
