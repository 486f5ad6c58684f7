#include "runtime/json/decimal.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/json/scan.h"

namespace troupe::json {

namespace {

constexpr std::int64_t kExponentMax = 1'000'000'000'000'000;

__extension__ using Wide = unsigned __int128;

std::uint64_t multiply_modulo(std::uint64_t a, std::uint64_t b, std::uint64_t modulus) {
  return static_cast<std::uint64_t>(static_cast<Wide>(a) * b % modulus);
}

std::uint64_t power_of_ten_modulo(std::int64_t exponent, std::uint64_t modulus) {
  std::uint64_t result = 1 % modulus;
  std::uint64_t base = 10 % modulus;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = multiply_modulo(result, base, modulus);
    base = multiply_modulo(base, base, modulus);
  }
  return result;
}

/// "e+12" and the like; saturates, since a text may name any exponent.
std::int64_t parse_exponent(const char* at, const char* end) {
  if (at == end) return 0;
  ++at;
  const bool negative = at != end && *at == '-';
  if (at != end && (*at == '-' || *at == '+')) ++at;
  std::int64_t value = 0;
  for (; at != end && scan::is_digit(*at); ++at) {
    value = std::min(value * 10 + (*at - '0'), kExponentMax);
  }
  return negative ? -value : value;
}

}  // namespace

Decimal::Decimal(std::string_view number) {
  const char* at = number.data();
  const char* const end = at + number.size();
  const bool minus = at != end && *at == '-';
  if (minus) ++at;
  const char* first = nullptr;  // significant digits, and where the integer digits end
  const char* last = nullptr;
  const char* point = nullptr;
  for (; at != end && (scan::is_digit(*at) || *at == '.'); ++at) {
    if (*at == '.') {
      point = at;
    } else if (*at != '0') {
      if (first == nullptr) first = at;
      last = at;
    }
  }
  if (first == nullptr) return;
  if (point == nullptr) point = at;
  negative_ = minus;
  text_ = scan::view(first, last + 1);
  count_ = last - first + 1 - (first < point && point < last ? 1 : 0);
  // Digits behind the point count from -1 downwards, those before it from 0 upwards.
  exponent_ = parse_exponent(at, end) + (last < point ? point - last - 1 : point - last);
}

std::optional<std::uint64_t> Decimal::coefficient() const {
  if (count_ > 20) return std::nullopt;
  Wide value = 0;
  for (const char c : text_) {
    if (c != '.') value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

std::uint64_t Decimal::coefficient_modulo(std::uint64_t modulus) const {
  Wide value = 0;
  for (const char c : text_) {
    if (c != '.') value = (value * 10 + static_cast<unsigned>(c - '0')) % modulus;
  }
  return static_cast<std::uint64_t>(value);
}

std::optional<std::int64_t> Decimal::as_int64() const {
  if (zero()) return 0;
  if (exponent_ < 0 || magnitude() > 18) return std::nullopt;
  std::uint64_t value = *coefficient();  // at most 19 digits
  for (std::int64_t i = 0; i < exponent_; ++i) value *= 10;
  const std::uint64_t limit = std::uint64_t{1} << 63;
  if (value > limit || (value == limit && !negative_)) return std::nullopt;
  return negative_ ? static_cast<std::int64_t>(~value + 1) : static_cast<std::int64_t>(value);
}

std::uint64_t Decimal::hash() const {
  constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;
  const std::uint64_t sign = negative_ ? 1 : 0;
  const auto exponent = static_cast<std::uint64_t>(exponent_);
  return (coefficient_modulo(kPrime) * 2 + sign) * 0x9E3779B97F4A7C15ull ^ exponent;
}

std::strong_ordering Decimal::compare_size(const Decimal& other) const {
  if (zero() || other.zero()) return count_ <=> other.count_;
  if (magnitude() != other.magnitude()) return magnitude() <=> other.magnitude();
  const char* a = text_.data();
  const char* b = other.text_.data();
  const char* const a_end = a + text_.size();
  const char* const b_end = b + other.text_.size();
  while (true) {
    if (a != a_end && *a == '.') ++a;
    if (b != b_end && *b == '.') ++b;
    if (a == a_end || b == b_end) return (a != a_end) <=> (b != b_end);
    if (*a != *b) return *a <=> *b;
    ++a;
    ++b;
  }
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  if (a.negative_ != b.negative_) return b.negative_ <=> a.negative_;
  return a.negative_ ? b.compare_size(a) : a.compare_size(b);
}

bool is_multiple_of(const Decimal& number,
                    const Decimal& divisor,
                    double number_approximately,
                    double divisor_approximately) {
  if (number.zero()) return true;
  const std::optional<std::uint64_t> modulus = divisor.coefficient();
  if (!modulus) return std::fmod(number_approximately, divisor_approximately) == 0;
  if (*modulus == 0) return false;
  // The digits end in no zero, so they cannot divide by a positive power of ten.
  const std::int64_t shift = number.exponent() - divisor.exponent();
  if (shift < 0) return false;
  const std::uint64_t digits = number.coefficient_modulo(*modulus);
  return multiply_modulo(digits, power_of_ten_modulo(shift, *modulus), *modulus) == 0;
}

}  // namespace troupe::json
