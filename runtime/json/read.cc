#include "runtime/json/read.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "runtime/json/decimal.h"
#include "runtime/json/scan.h"
#include "runtime/json/unescape.h"

namespace troupe::json {

namespace {

/// Index of RFC 6901: digits without a zero in front.
std::optional<std::size_t> parse_index(std::string_view segment) {
  if (segment.empty() || (segment.size() > 1 && segment[0] == '0')) return std::nullopt;
  std::size_t index = 0;
  const char* const end = segment.data() + segment.size();
  const std::from_chars_result read = std::from_chars(segment.data(), end, index);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return index;
}

std::string decode_pointer_segment(std::string_view segment) {
  std::string decoded;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const bool tilde = segment[i] == '~' && i + 1 < segment.size();
    if (tilde && segment[i + 1] == '0')
      decoded += '~';
    else if (tilde && segment[i + 1] == '1')
      decoded += '/';
    else
      decoded += segment[i];
    if (tilde && (segment[i + 1] == '0' || segment[i + 1] == '1')) ++i;
  }
  return decoded;
}

using Members = std::vector<std::pair<std::string, std::string_view>>;

Members sorted_members(std::string_view object) {
  Members members;
  scan::each_member(object, [&](std::string_view body, std::string_view value) {
    append_unescaped(members.emplace_back(std::string(), value).first, body);
    return true;
  });
  std::sort(members.begin(), members.end());
  return members;
}

bool equal_objects(std::string_view a, std::string_view b) {
  const std::size_t count = length(a);
  if (count != length(b)) return false;
  constexpr std::size_t kLookUpMax = 16;  // beyond, looking each key up would be quadratic
  bool same = true;
  if (count > kLookUpMax) {
    const Members in_a = sorted_members(a);
    const Members in_b = sorted_members(b);
    for (std::size_t i = 0; same && i < count; ++i) {
      same = in_a[i].first == in_b[i].first && equal(in_a[i].second, in_b[i].second);
    }
    return same;
  }
  for_each_member(a, [&](std::string_view key, std::string_view value) {
    const std::optional<std::string_view> other = member(b, key);
    same = other && equal(value, *other);
    return same;
  });
  return same;
}

bool equal_arrays(std::string_view a, std::string_view b) {
  bool same = length(a) == length(b);
  if (!same) return false;
  const char* const b_end = b.data() + b.size();
  const char* at = b.data() + 1;
  scan::each_element(a, [&](std::string_view value) {
    const char* const start = scan::skip_space(at, b_end);
    const char* const stop = scan::skip_value(start, b_end);
    same = equal(value, scan::view(start, stop));
    at = scan::skip_space(stop, b_end);
    if (at != b_end) ++at;  // the comma
    return same;
  });
  return same;
}

bool equal_strings(std::string_view a, std::string_view b) {
  const std::string_view body = scan::string_body(b);
  if (!has_escape(body)) return unescaped_equals(scan::string_body(a), body);
  return unescaped_equals(scan::string_body(a), decode_string(b));
}

std::size_t count_code_points(std::string_view body) {
  std::size_t count = 0;
  for (Unescaper parts(body); !parts.done();) {
    for (const char c : parts.next()) {
      count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
    }
  }
  return count;
}

}  // namespace

std::string_view trim(std::string_view value) {
  while (!value.empty() && scan::is_space(value.back())) value.remove_suffix(1);
  while (!value.empty() && scan::is_space(value.front())) value.remove_prefix(1);
  return value;
}

Kind kind(std::string_view value) {
  const char* const end = value.data() + value.size();
  const char* const at = scan::skip_space(value.data(), end);
  if (at == end) return Kind::kNull;
  switch (*at) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBool;
    case 'n':
      return Kind::kNull;
    default:
      return Kind::kNumber;
  }
}

std::optional<std::string_view> member(std::string_view object, std::string_view key) {
  std::optional<std::string_view> found;
  scan::each_member(object, [&](std::string_view body, std::string_view value) {
    if (!unescaped_equals(body, key)) return true;
    found = value;
    return false;
  });
  return found;
}

std::optional<std::string_view> element(std::string_view array, std::size_t index) {
  std::optional<std::string_view> found;
  scan::each_element(array, [&](std::string_view value) {
    if (index-- != 0) return true;
    found = value;
    return false;
  });
  return found;
}

std::optional<std::string_view> child(std::string_view value, std::string_view segment) {
  const Kind parent = kind(value);
  if (parent == Kind::kObject) return member(value, segment);
  if (parent != Kind::kArray) return std::nullopt;
  const std::optional<std::size_t> index = parse_index(segment);
  return index ? element(value, *index) : std::nullopt;
}

std::optional<std::string_view> at_pointer(std::string_view value, std::string_view pointer) {
  std::optional<std::string_view> at = trim(value);
  while (at && !pointer.empty()) {
    if (pointer.front() != '/') return std::nullopt;
    pointer.remove_prefix(1);
    const std::string_view segment = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(segment.size());
    const bool plain = segment.find('~') == std::string_view::npos;
    at = plain ? child(*at, segment) : child(*at, decode_pointer_segment(segment));
  }
  return at;
}

void for_each_element(std::string_view array, const std::function<bool(std::string_view)>& visit) {
  scan::each_element(array, visit);
}

void for_each_member(std::string_view object,
                     const std::function<bool(std::string_view, std::string_view)>& visit) {
  std::string decoded;
  scan::each_member(object, [&](std::string_view body, std::string_view value) {
    if (!has_escape(body)) return visit(body, value);
    decoded.clear();
    append_unescaped(decoded, body);
    return visit(decoded, value);
  });
}

std::size_t length(std::string_view value) {
  std::size_t count = 0;
  switch (kind(value)) {
    case Kind::kArray:
      scan::each_element(value, [&](std::string_view) { return ++count != 0; });
      return count;
    case Kind::kObject:
      scan::each_member(value, [&](std::string_view, std::string_view) { return ++count != 0; });
      return count;
    case Kind::kString:
      return count_code_points(scan::string_body(trim(value)));
    case Kind::kNull:
    case Kind::kBool:
    case Kind::kNumber:
      return 0;
  }
  return 0;
}

std::string decode_string(std::string_view value) {
  const std::string_view body = scan::string_body(trim(value));
  std::string decoded;
  decoded.reserve(body.size());
  append_unescaped(decoded, body);
  return decoded;
}

std::optional<std::int64_t> as_int(std::string_view value) {
  value = trim(value);
  if (value.empty() || kind(value) != Kind::kNumber) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = value.data() + value.size();
  const std::from_chars_result read = std::from_chars(value.data(), end, number);
  if (read.ec == std::errc() && read.ptr == end) return number;
  return Decimal(value).as_int64();
}

std::optional<double> as_double(std::string_view value) {
  value = trim(value);
  if (value.empty() || kind(value) != Kind::kNumber) return std::nullopt;
  double number = 0;
  const std::from_chars_result read =
      std::from_chars(value.data(), value.data() + value.size(), number);
  if (read.ec == std::errc()) return number;
  // Out of range: validation has refused overflow, so the number is too small to tell from zero.
  if (Decimal(value).magnitude() < 0) return value.front() == '-' ? -0.0 : 0.0;
  return std::nullopt;
}

std::optional<bool> as_bool(std::string_view value) {
  value = trim(value);
  if (value == "true") return true;
  if (value == "false") return false;
  return std::nullopt;
}

bool truthy(std::string_view value) {
  value = trim(value);
  if (value.empty()) return false;
  switch (kind(value)) {
    case Kind::kNull:
      return false;
    case Kind::kBool:
      return value.front() == 't';
    case Kind::kNumber:
      return !Decimal(value).zero();
    case Kind::kString: {
      const std::string_view body = scan::string_body(value);
      return !body.empty() && !unescaped_equals(body, "false");
    }
    case Kind::kArray:
    case Kind::kObject:
      return true;
  }
  return true;
}

bool equal(std::string_view a, std::string_view b) {
  a = trim(a);
  b = trim(b);
  if (a == b) return true;  // bytes that are the same need no look inside
  if (a.empty() || b.empty() || kind(a) != kind(b)) return false;
  switch (kind(a)) {
    case Kind::kNull:
    case Kind::kBool:
      return false;
    case Kind::kNumber:
      return Decimal(a) == Decimal(b);
    case Kind::kString:
      return equal_strings(a, b);
    case Kind::kArray:
      return equal_arrays(a, b);
    case Kind::kObject:
      return equal_objects(a, b);
  }
  return false;
}

}  // namespace troupe::json
