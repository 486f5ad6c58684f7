#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace troupe::json {

/// Decodes the body of a valid JSON string piece by piece, so that comparing needs no buffer.
class Unescaper {
 public:
  explicit Unescaper(std::string_view body) : at_(body.data()), end_(at_ + body.size()) {}

  bool done() const { return at_ == end_; }
  /// The next run of plain bytes, or the UTF-8 bytes of one escape. Valid until the next call.
  std::string_view next() {
    if (*at_ == '\\') return escape();
    const void* const found = std::memchr(at_, '\\', static_cast<std::size_t>(end_ - at_));
    const char* const from = at_;
    at_ = found == nullptr ? end_ : static_cast<const char*>(found);
    return {from, static_cast<std::size_t>(at_ - from)};
  }

 private:
  std::string_view escape();
  std::uint32_t hex4();

  const char* at_;
  const char* end_;
  std::array<char, 4> buffer_{};
};

inline bool has_escape(std::string_view body) {
  return !body.empty() && std::memchr(body.data(), '\\', body.size()) != nullptr;
}

void append_unescaped(std::string& out, std::string_view body);
/// Whether the body of a JSON string stands for this text.
bool unescaped_equals(std::string_view body, std::string_view text);
/// UTF-8 of a code point; returns the number of bytes written to `out`.
std::size_t encode_utf8(std::uint32_t code_point, char* out);

}  // namespace troupe::json
