#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/json/text.h"

namespace troupe::json {

/// The text as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string quote(std::string_view text);
void append_quoted(std::string& out, std::string_view text);
/// Shortest form that reads back as the same number; NaN and infinity have none and give null.
void append_number(std::string& out, double number);

/// Appends JSON to one string; puts the commas. Keys are not checked for duplicates.
class Writer {
 public:
  Writer& begin_object() { return open('{'); }
  Writer& end_object() { return close('}'); }
  Writer& begin_array() { return open('['); }
  Writer& end_array() { return close(']'); }
  Writer& key(std::string_view name);
  Writer& string(std::string_view value);
  Writer& number(std::int64_t value);
  Writer& number(std::uint64_t value);
  Writer& number(double value);
  Writer& boolean(bool value);
  Writer& null();
  /// A value that is JSON already.
  Writer& raw(std::string_view json);

  Writer& member(std::string_view name, std::string_view value) { return key(name).string(value); }
  Writer& member(std::string_view name, const char* value) { return key(name).string(value); }
  Writer& member(std::string_view name, const std::string& value) {
    return key(name).string(value);
  }
  Writer& member(std::string_view name, bool value) { return key(name).boolean(value); }
  Writer& member(std::string_view name, double value) { return key(name).number(value); }
  template <class Integer>
  requires std::is_integral_v<Integer> Writer& member(std::string_view name, Integer value) {
    if constexpr (std::is_signed_v<Integer>)
      return key(name).number(std::int64_t{value});
    else
      return key(name).number(std::uint64_t{value});
  }
  Writer& member_raw(std::string_view name, std::string_view json) { return key(name).raw(json); }

  std::size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }
  Text take_text() { return Text::trusted(std::move(out_)); }

 private:
  Writer& open(char bracket);
  Writer& close(char bracket);
  void separate();

  std::string out_;
  bool needs_comma_ = false;
};

}  // namespace troupe::json
