#include "runtime/graph/letter_case.h"

#include <cstdint>

namespace troupe::graph {
namespace {

/// Alphabets whose capitals stand `distance` before their small letters.
struct Alphabet {
  std::uint32_t capital_first, capital_last, distance;
};
constexpr Alphabet kAlphabets[] = {
    {0x41, 0x5A, 0x20},   {0xC0, 0xD6, 0x20},   {0xD8, 0xDE, 0x20},   {0x391, 0x3A1, 0x20},
    {0x3A3, 0x3AB, 0x20}, {0x410, 0x42F, 0x20}, {0x400, 0x40F, 0x50},
};

/// Ranges in which capital and small letter take turns, the capital on even or on odd code points.
struct Turns {
  std::uint32_t first, last;
  std::uint32_t capital_parity;
};
constexpr Turns kTurns[] = {
    {0x100, 0x12F, 0}, {0x132, 0x137, 0}, {0x139, 0x148, 1},
    {0x14A, 0x177, 0}, {0x179, 0x17E, 1}, {0x460, 0x481, 0},
};

std::uint32_t upper(std::uint32_t point) {
  if (point == 0x3C2) return 0x3A3;  // the Greek final sigma has the capital of the other one
  if (point == 0xFF) return 0x178;
  for (const Alphabet& a : kAlphabets) {
    if (point >= a.capital_first + a.distance && point <= a.capital_last + a.distance) {
      return point - a.distance;
    }
  }
  for (const Turns& t : kTurns) {
    if (point >= t.first && point <= t.last)
      return point % 2 == t.capital_parity ? point : point - 1;
  }
  return point;
}

std::uint32_t lower(std::uint32_t point) {
  if (point == 0x178) return 0xFF;
  for (const Alphabet& a : kAlphabets) {
    if (point >= a.capital_first && point <= a.capital_last) return point + a.distance;
  }
  for (const Turns& t : kTurns) {
    if (point >= t.first && point <= t.last)
      return point % 2 == t.capital_parity ? point + 1 : point;
  }
  return point;
}

/// Every letter of the table has one or two bytes in either case, so longer sequences are copied.
std::string map_letters(std::string_view utf8, std::uint32_t (*map)(std::uint32_t)) {
  std::string out;
  out.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x80) {
      out += static_cast<char>(map(byte));
    } else if (byte >= 0xC2 && byte <= 0xDF && i + 1 < utf8.size()) {
      const auto next = static_cast<unsigned char>(utf8[++i]);
      const std::uint32_t point = map((byte & 0x1Fu) << 6 | (next & 0x3Fu));
      out += static_cast<char>(0xC0 | point >> 6);
      out += static_cast<char>(0x80 | (point & 0x3F));
    } else {
      out += static_cast<char>(byte);
    }
  }
  return out;
}

}  // namespace

std::string upper_case(std::string_view utf8) { return map_letters(utf8, upper); }
std::string lower_case(std::string_view utf8) { return map_letters(utf8, lower); }

}  // namespace troupe::graph
