#include "runtime/base/uuid.h"

#include <cstring>

namespace troupe {
namespace {

constexpr std::uint64_t kVersionMask = 0xFFFF'FFFF'FFFF'0FFFull;
constexpr std::uint64_t kVariantMask = 0x3FFF'FFFF'FFFF'FFFFull;
constexpr std::uint64_t kVariant = 0x8000'0000'0000'0000ull;

Uuid stamp(std::uint64_t high, std::uint64_t low, std::uint64_t version) {
  return {(high & kVersionMask) | (version << 12), (low & kVariantMask) | kVariant};
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool dash_at(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

std::string Uuid::to_string() const {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text(36, '-');
  int nibble = 0;
  for (std::size_t i = 0; i < 36; ++i) {
    if (dash_at(i)) continue;
    const std::uint64_t half = nibble < 16 ? high : low;
    text[i] = kHex[(half >> (60 - 4 * (nibble % 16))) & 15];
    ++nibble;
  }
  return text;
}

std::array<std::uint8_t, 16> Uuid::bytes() const {
  std::array<std::uint8_t, 16> out;
  for (int i = 0; i < 8; ++i) {
    out[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
    out[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
  }
  return out;
}

Uuid Uuid::from_bytes(const void* sixteen_bytes) {
  std::uint8_t in[16];
  std::memcpy(in, sixteen_bytes, 16);
  Uuid id;
  for (int i = 0; i < 8; ++i) {
    id.high = (id.high << 8) | in[i];
    id.low = (id.low << 8) | in[8 + i];
  }
  return id;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  int nibble = 0;
  for (std::size_t i = 0; i < 36; ++i) {
    if (dash_at(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return std::nullopt;
    std::uint64_t& half = nibble < 16 ? id.high : id.low;
    half = (half << 4) | static_cast<std::uint64_t>(value);
    ++nibble;
  }
  return id;
}

Uuid Uuid::v7(TimePoint now, std::uint64_t random_high, std::uint64_t random_low) {
  const auto ms = static_cast<std::uint64_t>(now.us / 1000);
  return stamp((ms << 16) | (random_high & 0xFFFF), random_low, 7);
}

Uuid Uuid::v8(const std::array<std::uint8_t, 16>& hash) {
  const Uuid raw = from_bytes(hash.data());
  return stamp(raw.high, raw.low, 8);
}

}  // namespace troupe
