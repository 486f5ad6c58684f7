#include <charconv>
#include <cmath>

#include "adapters/lua_sandbox/values.h"

namespace troupe::lua_sandbox {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_code_point(std::string& out, unsigned point) {
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (point >> 6)));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (point >> 12)));
    out.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (point >> 18)));
    out.push_back(static_cast<char>(0x80 | ((point >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  }
}

}  // namespace

bool Decoder::document() {
  if (!value(0)) return false;
  skip_space();
  if (at_ != end_) return fail("text after the value");
  return true;
}

bool Decoder::value(int depth) {
  skip_space();
  if (at_ == end_) return fail("the text ends too early");
  switch (*at_) {
    case '{':
      return object(depth);
    case '[':
      return array(depth);
    case '"':
      return string();
    case 't':
      if (!literal("true")) return false;
      lua_pushboolean(lua_, 1);
      return true;
    case 'f':
      if (!literal("false")) return false;
      lua_pushboolean(lua_, 0);
      return true;
    case 'n':
      if (!literal("null")) return false;
      push_null(lua_);
      return true;
    default:
      return number();
  }
}

bool Decoder::object(int depth) {
  if (depth >= kDepthMax) return fail("nested too deeply");
  ++at_;
  luaL_checkstack(lua_, 6, nullptr);
  lua_createtable(lua_, 0, 4);
  skip_space();
  if (at_ < end_ && *at_ == '}') {
    ++at_;
    return true;
  }
  for (;;) {
    skip_space();
    if (at_ == end_ || *at_ != '"') return fail("a key is expected");
    if (!string()) return false;
    skip_space();
    if (at_ == end_ || *at_ != ':') return fail("':' is expected");
    ++at_;
    if (!value(depth + 1)) return false;
    if (lua_islightuserdata(lua_, -1)) {
      lua_pop(lua_, 2);
    } else {
      lua_rawset(lua_, -3);
    }
    skip_space();
    if (at_ == end_) return fail("the object does not end");
    const char c = *at_++;
    if (c == '}') return true;
    if (c != ',') return fail("',' or '}' is expected");
  }
}

bool Decoder::array(int depth) {
  if (depth >= kDepthMax) return fail("nested too deeply");
  ++at_;
  luaL_checkstack(lua_, 6, nullptr);
  lua_createtable(lua_, 4, 0);
  lua_rawgetp(lua_, LUA_REGISTRYINDEX, &kArrayMetatable);
  lua_setmetatable(lua_, -2);
  skip_space();
  if (at_ < end_ && *at_ == ']') {
    ++at_;
    return true;
  }
  for (lua_Integer index = 1;; ++index) {
    if (!value(depth + 1)) return false;
    lua_rawseti(lua_, -2, index);
    skip_space();
    if (at_ == end_) return fail("the array does not end");
    const char c = *at_++;
    if (c == ']') return true;
    if (c != ',') return fail("',' or ']' is expected");
  }
}

bool Decoder::string() {
  const char* const start = ++at_;
  while (at_ < end_) {
    const unsigned char c = static_cast<unsigned char>(*at_);
    if (c == '"') {
      lua_pushlstring(lua_, start, static_cast<std::size_t>(at_ - start));
      ++at_;
      return true;
    }
    if (c == '\\') return string_with_escapes(start);
    if (c < 0x20) return fail("a control character in a string");
    ++at_;
  }
  return fail("the string does not end");
}

bool Decoder::string_with_escapes(const char* start) {
  scratch_->assign(start, static_cast<std::size_t>(at_ - start));
  while (at_ < end_) {
    const unsigned char c = static_cast<unsigned char>(*at_++);
    if (c == '"') {
      lua_pushlstring(lua_, scratch_->data(), scratch_->size());
      return true;
    }
    if (c < 0x20) return fail("a control character in a string");
    if (c != '\\') {
      scratch_->push_back(static_cast<char>(c));
    } else if (!escape()) {
      return false;
    }
  }
  return fail("the string does not end");
}

bool Decoder::escape() {
  if (at_ == end_) return fail("the string does not end");
  switch (*at_++) {
    case '"':
      scratch_->push_back('"');
      return true;
    case '\\':
      scratch_->push_back('\\');
      return true;
    case '/':
      scratch_->push_back('/');
      return true;
    case 'b':
      scratch_->push_back('\b');
      return true;
    case 'f':
      scratch_->push_back('\f');
      return true;
    case 'n':
      scratch_->push_back('\n');
      return true;
    case 'r':
      scratch_->push_back('\r');
      return true;
    case 't':
      scratch_->push_back('\t');
      return true;
    case 'u':
      break;
    default:
      return fail("an unknown escape in a string");
  }
  unsigned point = 0;
  if (!four_digits(point)) return false;
  if (point >= 0xDC00 && point < 0xE000) return fail("half of a surrogate pair");
  if (point >= 0xD800 && point < 0xDC00) {
    unsigned low = 0;
    if (end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u') return fail("half of a surrogate pair");
    at_ += 2;
    if (!four_digits(low)) return false;
    if (low < 0xDC00 || low >= 0xE000) return fail("half of a surrogate pair");
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
  }
  append_code_point(*scratch_, point);
  return true;
}

bool Decoder::four_digits(unsigned& unit) {
  if (end_ - at_ < 4) return fail("four hexadecimal digits are expected");
  const auto [rest, error] = std::from_chars(at_, at_ + 4, unit, 16);
  if (error != std::errc() || rest != at_ + 4) return fail("four hexadecimal digits are expected");
  at_ += 4;
  return true;
}

bool Decoder::number() {
  const char* const start = at_;
  bool integral = true;
  if (at_ < end_ && *at_ == '-') ++at_;
  if (at_ == end_ || !is_digit(*at_)) return fail("a value is expected");
  if (*at_ == '0' && at_ + 1 < end_ && is_digit(at_[1])) return fail("a number starts with 0");
  while (at_ < end_ && is_digit(*at_)) ++at_;
  if (at_ < end_ && *at_ == '.') {
    integral = false;
    ++at_;
    if (at_ == end_ || !is_digit(*at_)) return fail("a digit is expected");
    while (at_ < end_ && is_digit(*at_)) ++at_;
  }
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
    integral = false;
    ++at_;
    if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (at_ == end_ || !is_digit(*at_)) return fail("a digit is expected");
    while (at_ < end_ && is_digit(*at_)) ++at_;
  }
  if (integral) {
    std::int64_t integer = 0;
    if (std::from_chars(start, at_, integer).ec == std::errc()) {
      lua_pushinteger(lua_, integer);
      return true;
    }
  }
  double real = 0;
  if (std::from_chars(start, at_, real).ec != std::errc() || !std::isfinite(real)) {
    return fail("a number out of range");
  }
  lua_pushnumber(lua_, real);
  return true;
}

bool Decoder::literal(std::string_view word) {
  if (static_cast<std::size_t>(end_ - at_) < word.size() ||
      std::string_view(at_, word.size()) != word) {
    return fail("a value is expected");
  }
  at_ += word.size();
  return true;
}

bool Decoder::open_object() {
  skip_space();
  if (at_ == end_ || *at_ != '{') return fail("an object is expected");
  ++at_;
  first_member_ = true;
  return true;
}

bool Decoder::next_member(std::string_view& key, std::string_view& value, bool& plain) {
  skip_space();
  if (at_ == end_) return fail("the object does not end");
  if (*at_ == '}') return false;
  if (!first_member_) {
    if (*at_ != ',') return fail("',' or '}' is expected");
    ++at_;
    skip_space();
  }
  first_member_ = false;
  const char* const start = at_;
  if (at_ == end_ || *at_ != '"' || !skip_string()) return fail("a key is expected");
  key = std::string_view(start + 1, static_cast<std::size_t>(at_ - start) - 2);
  plain = key.find('\\') == std::string_view::npos;
  skip_space();
  if (at_ == end_ || *at_ != ':') return fail("':' is expected");
  ++at_;
  skip_space();
  const char* const value_start = at_;
  if (!skip_value()) return false;
  value = std::string_view(value_start, static_cast<std::size_t>(at_ - value_start));
  return true;
}

bool Decoder::skip_string() {
  for (++at_; at_ < end_; ++at_) {
    if (*at_ == '"') {
      ++at_;
      return true;
    }
    if (*at_ == '\\') ++at_;
  }
  at_ = end_;
  return fail("the string does not end");
}

// Only finds the end: the value is checked when, and if, it is decoded.
bool Decoder::skip_value() {
  int depth = 0;
  while (at_ < end_) {
    switch (*at_) {
      case '"':
        if (!skip_string()) return false;
        if (depth == 0) return true;
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (depth == 0) return true;
        if (--depth == 0) {
          ++at_;
          return true;
        }
        break;
      case ',':
        if (depth == 0) return true;
        break;
      default:
        break;
    }
    ++at_;
  }
  return fail("the value does not end");
}

}  // namespace troupe::lua_sandbox
