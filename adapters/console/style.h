#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::console {

enum class Color { kNone, kDim, kBold, kRed, kGreen, kYellow, kBlue };

/// What the terminal at hand can show.
struct Style {
  bool color = false;
  bool unicode = true;
  int width = 80;
  int height = 24;
};

/// Text from a run as it may be shown: control characters (a way to take over a terminal) become
/// spaces.
std::string clean(std::string_view text);
/// Columns that the text takes; one per code point.
int width_of(std::string_view text);

/// Builds one line that never exceeds the style's width, so that the terminal never wraps it and a
/// redraw covers exactly what was drawn before.
class Line {
 public:
  explicit Line(const Style& style) : style_(style) {}
  /// Cuts the text where the width ends. `text` must be clean.
  Line& add(std::string_view text, Color color = Color::kNone);
  /// Spaces up to a column, at least one.
  Line& column(int column);
  int used() const { return used_; }
  std::string take() { return std::move(out_); }

 private:
  const Style& style_;
  std::string out_;
  int used_ = 0;
};

/// "0.8s", "12.4s", "3m 05s", "2h 10m".
std::string duration_text(std::int64_t microseconds);
/// A bar of `cells` columns, filled in proportion.
std::string bar(const Style& style, std::uint64_t done, std::uint64_t total, int cells);

}  // namespace troupe::console
