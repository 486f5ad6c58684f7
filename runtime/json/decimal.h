#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::json {

/// A JSON number read exactly, without rounding to binary: ±digits × 10^exponent. A view of the
/// number's text, which must outlive it. Zero, in any spelling, has no digits and no sign.
class Decimal {
 public:
  explicit Decimal(std::string_view number);

  bool negative() const { return negative_; }
  bool zero() const { return count_ == 0; }
  bool integer() const { return zero() || exponent_ >= 0; }
  /// Significant digits, without zeroes before and after them.
  std::int64_t digits() const { return count_; }
  /// Power of ten of the last significant digit. Saturates at ±10^15.
  std::int64_t exponent() const { return exponent_; }
  /// Power of ten of the first significant digit.
  std::int64_t magnitude() const { return exponent_ + count_ - 1; }
  /// The digits as an integer, if it fits.
  std::optional<std::uint64_t> coefficient() const;
  /// The remainder of the digits, as an integer, by `modulus` (not 0).
  std::uint64_t coefficient_modulo(std::uint64_t modulus) const;
  std::optional<std::int64_t> as_int64() const;
  /// The same for equal numbers.
  std::uint64_t hash() const;

  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);
  friend bool operator==(const Decimal& a, const Decimal& b) { return (a <=> b) == 0; }

 private:
  std::strong_ordering compare_size(const Decimal& other) const;

  std::string_view text_;  ///< from the first to the last significant digit; may contain a point
  std::int64_t count_ = 0;
  std::int64_t exponent_ = 0;
  bool negative_ = false;
};

/// Whether `number` is an integer multiple of `divisor` (> 0). Exact for divisors of up to 19
/// significant digits; beyond, as exact as doubles are.
bool is_multiple_of(const Decimal& number,
                    const Decimal& divisor,
                    double number_approximately,
                    double divisor_approximately);

}  // namespace troupe::json
