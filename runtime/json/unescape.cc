#include "runtime/json/unescape.h"

namespace troupe::json {

namespace {

std::uint32_t hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0');
  return static_cast<std::uint32_t>((c | 0x20) - 'a' + 10) & 0xF;
}

char simple_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;  // quote, backslash and slash stand for themselves
  }
}

}  // namespace

std::size_t encode_utf8(std::uint32_t c, char* out) {
  const auto put = [&](std::size_t i, std::uint32_t byte) { out[i] = static_cast<char>(byte); };
  if (c < 0x80) {
    put(0, c);
    return 1;
  }
  if (c < 0x800) {
    put(0, 0xC0 | (c >> 6));
    put(1, 0x80 | (c & 0x3F));
    return 2;
  }
  if (c < 0x10000) {
    put(0, 0xE0 | (c >> 12));
    put(1, 0x80 | ((c >> 6) & 0x3F));
    put(2, 0x80 | (c & 0x3F));
    return 3;
  }
  put(0, 0xF0 | ((c >> 18) & 0x07));
  put(1, 0x80 | ((c >> 12) & 0x3F));
  put(2, 0x80 | ((c >> 6) & 0x3F));
  put(3, 0x80 | (c & 0x3F));
  return 4;
}

std::uint32_t Unescaper::hex4() {
  std::uint32_t value = 0;
  for (int i = 0; i < 4 && at_ != end_; ++i) value = value << 4 | hex_digit(*at_++);
  return value;
}

std::string_view Unescaper::escape() {
  if (++at_ == end_) return {};
  const char kind = *at_++;
  if (kind != 'u') {
    buffer_[0] = simple_escape(kind);
    return {buffer_.data(), 1};
  }
  std::uint32_t code_point = hex4();
  const bool high_surrogate = code_point >= 0xD800 && code_point < 0xDC00;
  if (high_surrogate && end_ - at_ >= 6) {  // validation has seen its low half behind it
    at_ += 2;
    code_point = 0x10000 + ((code_point & 0x3FF) << 10) + (hex4() & 0x3FF);
  }
  return {buffer_.data(), encode_utf8(code_point, buffer_.data())};
}

void append_unescaped(std::string& out, std::string_view body) {
  for (Unescaper parts(body); !parts.done();) out.append(parts.next());
}

bool unescaped_equals(std::string_view body, std::string_view text) {
  if (!has_escape(body)) return body == text;
  for (Unescaper parts(body); !parts.done();) {
    const std::string_view part = parts.next();
    if (!text.starts_with(part)) return false;
    text.remove_prefix(part.size());
  }
  return text.empty();
}

}  // namespace troupe::json
