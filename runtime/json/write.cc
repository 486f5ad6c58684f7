#include "runtime/json/write.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace troupe::json {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Letter behind the backslash for a byte, 'u' where it needs \u00XX, 0 where it stands as it is.
constexpr std::array<char, 128> make_escapes() {
  std::array<char, 128> escapes{};
  for (std::size_t i = 0; i < 0x20; ++i) escapes[i] = 'u';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}
constexpr std::array<char, 128> kEscapes = make_escapes();

/// Whether none of eight bytes needs a second look: no quote, backslash, control, non-ASCII.
bool all_plain(const char* at) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ull;
  constexpr std::uint64_t kHighs = 0x8080808080808080ull;
  std::uint64_t word = 0;
  std::memcpy(&word, at, 8);
  const auto has_zero = [&](std::uint64_t x) { return (x - kOnes) & ~x; };
  const std::uint64_t control = (word - kOnes * 0x20) & ~word;
  const std::uint64_t quote = has_zero(word ^ kOnes * '"');
  const std::uint64_t backslash = has_zero(word ^ kOnes * '\\');
  return ((word | control | quote | backslash) & kHighs) == 0;
}

/// Size of the valid UTF-8 sequence at `at`, whose lead is not ASCII; 0 if it is not one.
std::size_t sequence_size(const char* at, const char* end) {
  const auto byte = [&](std::ptrdiff_t i) { return static_cast<unsigned char>(at[i]); };
  const unsigned char lead = byte(0);
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || static_cast<std::size_t>(end - at) < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(static_cast<std::ptrdiff_t>(i)) & 0xC0) != 0x80) return 0;
  }
  // The second byte rules out longer forms than needed, surrogates, and what is past U+10FFFF.
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;
  if (lead == 0xED && byte(1) > 0x9F) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;
  return size;
}

void append_escape(std::string& out, char c) {
  const char escape = kEscapes[static_cast<unsigned char>(c)];
  out += '\\';
  out += escape;
  if (escape != 'u') return;
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "00";
  out += kHex[static_cast<unsigned char>(c) >> 4];
  out += kHex[static_cast<unsigned char>(c) & 0xF];
}

template <class Number>
void append_chars(std::string& out, Number number) {
  std::array<char, 32> buffer;
  const std::to_chars_result end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  out.append(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  const char* at = text.data();
  const char* const end = at + text.size();
  const char* plain = at;  // start of what can be appended as it is
  const auto flush = [&] { out.append(plain, static_cast<std::size_t>(at - plain)); };
  while (at != end) {
    if (end - at >= 8 && all_plain(at)) {
      at += 8;
      continue;
    }
    const auto byte = static_cast<unsigned char>(*at);
    if (byte < 0x80) {
      if (kEscapes[byte] != 0) {
        flush();
        append_escape(out, *at);
        plain = at + 1;
      }
      ++at;
    } else if (const std::size_t size = sequence_size(at, end); size != 0) {
      at += size;
    } else {
      flush();
      out += kReplacement;
      plain = ++at;
    }
  }
  flush();
  out += '"';
}

std::string quote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_quoted(out, text);
  return out;
}

void append_number(std::string& out, double number) {
  if (std::isfinite(number))
    append_chars(out, number);
  else
    out += "null";
}

Writer& Writer::open(char bracket) {
  separate();
  out_ += bracket;
  needs_comma_ = false;
  return *this;
}

Writer& Writer::close(char bracket) {
  out_ += bracket;
  needs_comma_ = true;
  return *this;
}

void Writer::separate() {
  if (needs_comma_) out_ += ',';
  needs_comma_ = true;
}

Writer& Writer::key(std::string_view name) {
  separate();
  append_quoted(out_, name);
  out_ += ':';
  needs_comma_ = false;
  return *this;
}

Writer& Writer::string(std::string_view value) {
  separate();
  append_quoted(out_, value);
  return *this;
}

Writer& Writer::number(std::int64_t value) {
  separate();
  append_chars(out_, value);
  return *this;
}

Writer& Writer::number(std::uint64_t value) {
  separate();
  append_chars(out_, value);
  return *this;
}

Writer& Writer::number(double value) {
  separate();
  append_number(out_, value);
  return *this;
}

Writer& Writer::boolean(bool value) { return raw(value ? "true" : "false"); }

Writer& Writer::null() { return raw("null"); }

Writer& Writer::raw(std::string_view json) {
  separate();
  // "No value" (an empty Text) has no JSON form; null keeps the document valid.
  out_ += json.empty() ? std::string_view("null") : json;
  return *this;
}

}  // namespace troupe::json
