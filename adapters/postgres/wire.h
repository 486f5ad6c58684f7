#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Integers as PostgreSQL's binary formats have them: big-endian.
namespace troupe::postgres {

template <class Integer>
void append_integer(std::string& bytes, Integer value) {
  const auto bits = static_cast<std::uint64_t>(value);
  for (int shift = static_cast<int>(sizeof(Integer)) * 8 - 8; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(bits >> shift));
  }
}

/// Of two, four or eight bytes, sign included.
inline std::int64_t read_integer(std::string_view bytes) {
  if (bytes.empty()) return 0;
  std::uint64_t value = static_cast<std::uint8_t>(bytes[0]) & 0x80 ? ~std::uint64_t{0} : 0;
  for (const char byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
  return static_cast<std::int64_t>(value);
}

/// A field's value behind its length.
inline void append_field(std::string& bytes, std::string_view value) {
  append_integer(bytes, static_cast<std::int32_t>(value.size()));
  bytes.append(value);
}

}  // namespace troupe::postgres
