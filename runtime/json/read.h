#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::json {

// Reads inside *valid* JSON (a Text or a part of one). A value is a view of its raw bytes without
// surrounding white space. Nothing here allocates except where a std::string is returned, for keys
// with escapes, and in `equal` for large objects.

enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };

/// Kind of the value, by its first byte.
Kind kind(std::string_view value);
/// The value without white space before and after it.
std::string_view trim(std::string_view value);

/// Member of an object by its (decoded) key; nothing if it is absent or the value is no object.
std::optional<std::string_view> member(std::string_view object, std::string_view key);
/// Element of an array; nothing if it is absent or the value is no array.
std::optional<std::string_view> element(std::string_view array, std::size_t index);
/// One step of a path: a key of an object, or a decimal index of an array.
std::optional<std::string_view> child(std::string_view value, std::string_view segment);
/// By JSON pointer (RFC 6901); "" is the value itself.
std::optional<std::string_view> at_pointer(std::string_view value, std::string_view pointer);

/// Calls `visit(raw_value)` per element, or `visit(decoded_key, raw_value)` per member, in order;
/// stops early when it returns false. A value of another kind has none.
void for_each_element(std::string_view array, const std::function<bool(std::string_view)>& visit);
void for_each_member(std::string_view object,
                     const std::function<bool(std::string_view, std::string_view)>& visit);
/// Elements of an array, members of an object, code points of a string; 0 otherwise.
std::size_t length(std::string_view value);

/// The string without quotes and escapes. For a value that is no string: empty.
std::string decode_string(std::string_view value);
/// An integer that fits int64 (1.0 and 1e2 count as integers).
std::optional<std::int64_t> as_int(std::string_view value);
std::optional<double> as_double(std::string_view value);
std::optional<bool> as_bool(std::string_view value);
/// false, null, "", 0, "false" and nothing are falsy (API.md, `condition`).
bool truthy(std::string_view value);

/// Same JSON value: order of members and form of numbers and escapes do not matter.
bool equal(std::string_view a, std::string_view b);
/// The same value without white space between tokens.
std::string compact(std::string_view value);
/// The same value over several lines, two spaces a level, for people.
std::string pretty(std::string_view value);

}  // namespace troupe::json
