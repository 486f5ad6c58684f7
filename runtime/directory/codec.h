#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/result.h"
#include "runtime/base/secret_text.h"
#include "runtime/base/time.h"
#include "runtime/base/uuid.h"
#include "runtime/json/text.h"
#include "runtime/port/documents.h"

namespace troupe::directory {

std::string to_hex(std::string_view bytes);
/// Nothing for what is no such text.
std::optional<std::string> from_hex(std::string_view text);

/// Reads the members of a document's body. What is missing or of another kind is remembered, so
/// that a decoder asks once, at its end.
class Fields {
 public:
  /// The document outlives it.
  explicit Fields(const store::Document& document);

  std::string text(std::string_view name);
  std::string bytes(std::string_view name);  ///< kept as hexadecimal digits
  std::int64_t number(std::string_view name);
  /// A number that is not negative and fits.
  template <class Count>
  Count count(std::string_view name) {
    const std::int64_t value = number(name);
    if (value < 0 || std::cmp_greater(value, std::numeric_limits<Count>::max())) {
      is_damaged_ = true;
      return 0;
    }
    return static_cast<Count>(value);
  }
  bool flag(std::string_view name);
  std::string list(std::string_view name);  ///< as it stands; nobody but this server wrote it
  TimePoint time(std::string_view name);  ///< microseconds; 0: unset
  /// Likewise; unset in a document that an older version wrote without it.
  TimePoint time_if_any(std::string_view name);
  template <class AnyId>
  AnyId id(std::string_view name) {
    const std::string value = text(name);
    if (value.empty()) return {};
    const auto parsed = Uuid::parse(value);
    if (!parsed) is_damaged_ = true;
    return AnyId(parsed.value_or(Uuid{}));
  }
  /// The value of something that may be unknown to this version.
  template <class Value>
  Value known(const std::optional<Value>& value) {
    if (!value) is_damaged_ = true;
    return value.value_or(Value{});
  }
  /// Says that what has been read does not go together.
  void reject() { is_damaged_ = true; }
  /// kCorrupt, naming the kind of the document.
  Status status() const;

 private:
  const store::Document& document_;
  json::Text body_;
  bool is_damaged_ = false;
};

}  // namespace troupe::directory
