#include "runtime/json/walk.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <deque>
#include <vector>

#include "runtime/json/decimal.h"
#include "runtime/json/scan.h"
#include "runtime/json/unescape.h"

namespace troupe::json {

namespace {

struct Key {
  std::string_view name;   ///< decoded
  std::size_t offset = 0;  ///< of its opening quote
  std::uint64_t hash = 0;
};

struct Frame {
  bool object = false;
  bool empty = true;
  std::size_t first_key = 0;  ///< into Scratch::keys
};

/// Memory of one walk, kept per thread so that small texts cost no allocation.
struct Scratch {
  std::vector<Frame> frames;
  std::vector<Key> keys;            ///< of all open objects, the innermost last
  std::deque<std::string> decoded;  ///< of keys with escapes; views into it stay valid

  void clear() {
    constexpr std::size_t kKeysKept = 16 * 1024;  // one huge document must not pin its memory
    if (keys.capacity() > kKeysKept) std::vector<Key>().swap(keys);
    frames.clear();
    keys.clear();
    decoded.clear();
  }
};

std::uint64_t hash_of(std::string_view name) {
  std::uint64_t hash = name.size() * 0x9E3779B97F4A7C15ull;
  while (!name.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = std::min<std::size_t>(8, name.size());
    std::memcpy(&word, name.data(), size);
    hash = (hash ^ word) * 0xD6E8FEB86659FD93ull;
    hash ^= hash >> 32;
    name.remove_prefix(size);
  }
  return hash;
}

const Key* find_duplicate_pairwise(const Key* first, const Key* last) {
  for (const Key* key = first; key != last; ++key) {
    for (const Key* earlier = first; earlier != key; ++earlier) {
      if (earlier->name == key->name) return key;
    }
  }
  return nullptr;
}

/// Sorts by hash, then by name: chosen collisions cost comparisons, never a quadratic search.
const Key* find_duplicate_sorted(Key* first, Key* last) {
  for (Key* key = first; key != last; ++key) key->hash = hash_of(key->name);
  std::sort(first, last, [](const Key& a, const Key& b) {
    if (a.hash != b.hash) return a.hash < b.hash;
    if (const int order = a.name.compare(b.name); order != 0) return order < 0;
    return a.offset < b.offset;
  });
  const Key* found = nullptr;
  for (const Key* key = first + 1; key < last; ++key) {
    const bool same = key->hash == key[-1].hash && key->name == key[-1].name;
    if (same && (found == nullptr || key->offset < found->offset)) found = key;
  }
  return found;
}

class Walk {
 public:
  Walk(std::string_view text, int depth_max, Scratch& scratch)
      : begin_(text.data()),
        at_(begin_),
        end_(begin_ + text.size()),
        depth_max_(depth_max),
        scratch_(scratch) {}

  bool run() {
    skip_space();
    if (at_ == end_) return fail("the text is empty");
    if (!value()) return false;
    while (!scratch_.frames.empty()) {
      if (!(scratch_.frames.back().object ? next_member() : next_element())) return false;
    }
    skip_space();
    return at_ == end_ || fail("unexpected text after the value");
  }
  Fault fault() { return std::move(fault_); }

 private:
  void skip_space() { at_ = scan::skip_space(at_, end_); }
  std::size_t offset(const char* at) const { return static_cast<std::size_t>(at - begin_); }
  bool fail(const char* message) { return fail(message, at_); }
  bool fail(std::string message, const char* at) {
    fault_ = {std::move(message), offset(at)};
    return false;
  }

  bool value();
  bool open(bool object);
  bool close();
  bool next_element();
  bool next_member();
  bool key();
  bool word(std::string_view expected);
  bool number();
  bool digits();
  bool string(bool& escaped);
  bool escape();
  bool code_unit(std::uint32_t& unit);

  const char* begin_;
  const char* at_;
  const char* end_;
  int depth_max_;
  Scratch& scratch_;
  Fault fault_;
};

bool Walk::value() {
  if (at_ == end_) return fail("the text ends where a value is expected");
  bool escaped = false;
  switch (*at_) {
    case '{':
      return open(true);
    case '[':
      return open(false);
    case '"':
      return string(escaped);
    case 't':
      return word("true");
    case 'f':
      return word("false");
    case 'n':
      return word("null");
    default:
      break;
  }
  if (*at_ == '-' || scan::is_digit(*at_)) return number();
  if (*at_ == ']' || *at_ == '}') return fail("a value is missing here");
  return fail("unexpected character");
}

bool Walk::open(bool object) {
  if (scratch_.frames.size() >= static_cast<std::size_t>(std::max(depth_max_, 0))) {
    return fail("nested more than " + std::to_string(depth_max_) + " levels deep", at_);
  }
  ++at_;
  scratch_.frames.push_back({object, true, scratch_.keys.size()});
  return true;
}

bool Walk::close() {
  ++at_;
  const Frame frame = scratch_.frames.back();
  scratch_.frames.pop_back();
  if (!frame.object) return true;
  constexpr std::size_t kPairwiseMax = 12;
  Key* const first = scratch_.keys.data() + frame.first_key;
  Key* const last = scratch_.keys.data() + scratch_.keys.size();
  const bool few = static_cast<std::size_t>(last - first) <= kPairwiseMax;
  const Key* const found =
      few ? find_duplicate_pairwise(first, last) : find_duplicate_sorted(first, last);
  if (found != nullptr) {
    return fail("the key \"" + std::string(found->name) + "\" stands twice in one object",
                begin_ + found->offset);
  }
  scratch_.keys.resize(frame.first_key);
  return true;
}

bool Walk::next_element() {
  skip_space();
  if (at_ == end_) return fail("the text ends inside an array");
  Frame& frame = scratch_.frames.back();
  if (*at_ == ']') return close();
  if (!frame.empty) {
    if (*at_ != ',') return fail("expected ',' or ']'");
    ++at_;
    skip_space();
  }
  frame.empty = false;
  return value();
}

bool Walk::next_member() {
  skip_space();
  if (at_ == end_) return fail("the text ends inside an object");
  Frame& frame = scratch_.frames.back();
  if (*at_ == '}') return close();
  if (!frame.empty) {
    if (*at_ != ',') return fail("expected ',' or '}'");
    ++at_;
    skip_space();
  }
  frame.empty = false;
  if (!key()) return false;
  skip_space();
  if (at_ == end_) return fail("the text ends inside an object");
  if (*at_ != ':') return fail("expected ':' after a key");
  ++at_;
  skip_space();
  return value();
}

bool Walk::key() {
  if (at_ == end_) return fail("the text ends inside an object");
  if (*at_ != '"') return fail("expected a key in double quotes");
  const char* const start = at_;
  bool escaped = false;
  if (!string(escaped)) return false;
  std::string_view name = scan::view(start + 1, at_ - 1);
  if (escaped) {
    append_unescaped(scratch_.decoded.emplace_back(), name);
    name = scratch_.decoded.back();
  }
  scratch_.keys.push_back({name, offset(start)});
  return true;
}

bool Walk::word(std::string_view expected) {
  if (!scan::view(at_, end_).starts_with(expected)) return fail("unexpected word");
  at_ += expected.size();
  return true;
}

bool Walk::digits() {
  if (at_ == end_ || !scan::is_digit(*at_)) return fail("expected a digit");
  while (at_ != end_ && scan::is_digit(*at_)) ++at_;
  return true;
}

bool Walk::number() {
  const char* const start = at_;
  if (*at_ == '-') ++at_;
  const char* const integer = at_;
  if (!digits()) return false;
  if (*integer == '0' && at_ - integer > 1) return fail("a number may not begin with 0", integer);
  const bool short_integer = at_ - integer <= 300;
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    if (!digits()) return false;
  }
  const bool exponent = at_ != end_ && (*at_ | 0x20) == 'e';
  if (exponent) {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return false;
  }
  if (short_integer && !exponent) return true;
  // Only magnitudes beside the largest double, 1.79…e308, need the conversion.
  const Decimal decimal(scan::view(start, at_));
  if (decimal.zero() || decimal.magnitude() < 308) return true;
  double ignored = 0;
  if (decimal.magnitude() == 308 && std::from_chars(start, at_, ignored).ec == std::errc()) {
    return true;
  }
  return fail("the number is too large", start);
}

bool Walk::string(bool& escaped) {
  const char* const start = at_;
  ++at_;
  while (true) {
    at_ = scan::find_string_special(at_, end_);
    if (at_ == end_) return fail("the string has no closing quote", start);
    if (*at_ == '"') {
      ++at_;
      return true;
    }
    if (*at_ != '\\') return fail("a string may not contain a control character unescaped");
    escaped = true;
    if (!escape()) return false;
  }
}

bool Walk::escape() {
  const char* const start = at_;
  if (end_ - at_ < 2) return fail("the text ends inside an escape");
  at_ += 2;
  constexpr std::string_view kSimple = "\"\\/bfnrt";
  if (kSimple.find(at_[-1]) != std::string_view::npos) return true;
  if (at_[-1] != 'u') return fail("unknown escape", start);
  std::uint32_t unit = 0;
  if (!code_unit(unit)) return false;
  if (unit < 0xD800 || unit > 0xDFFF) return true;
  const bool pair = unit < 0xDC00 && end_ - at_ >= 2 && at_[0] == '\\' && at_[1] == 'u';
  if (!pair) return fail("half of a surrogate pair stands alone", start);
  at_ += 2;
  if (!code_unit(unit)) return false;
  return (unit >= 0xDC00 && unit <= 0xDFFF) || fail("half of a surrogate pair stands alone", start);
}

bool Walk::code_unit(std::uint32_t& unit) {
  if (end_ - at_ < 4) return fail("\\u needs four hexadecimal digits");
  const std::from_chars_result read = std::from_chars(at_, at_ + 4, unit, 16);
  if (read.ptr != at_ + 4) return fail("\\u needs four hexadecimal digits");
  at_ += 4;
  return true;
}

/// Start of the first sequence that is not UTF-8.
std::size_t first_bad_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    const std::size_t size = std::min(wanted, text.size() - at);
    if (lead >= 0x80 && !simdjson::validate_utf8(text.data() + at, size)) break;
    at += size;
  }
  return at;
}

}  // namespace

Fault check(std::string_view text, int depth_max) {
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    return {"the bytes are not UTF-8", first_bad_utf8(text)};
  }
  if (text.starts_with("\xEF\xBB\xBF")) return {"a byte order mark is not allowed", 0};
  thread_local Scratch scratch;
  scratch.clear();
  Walk walk(text, depth_max, scratch);
  if (walk.run()) return {};
  return walk.fault();
}

}  // namespace troupe::json
