#include "adapters/console/style.h"

#include <algorithm>
#include <cstdio>

namespace troupe::console {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

const char* code_of(Color color) {
  switch (color) {
    case Color::kNone:
      return "";
    case Color::kDim:
      return "\x1b[2m";
    case Color::kBold:
      return "\x1b[1m";
    case Color::kRed:
      return "\x1b[31m";
    case Color::kGreen:
      return "\x1b[32m";
    case Color::kYellow:
      return "\x1b[33m";
    case Color::kBlue:
      return "\x1b[34m";
  }
  return "";
}

/// Bytes of the first `columns` code points.
std::size_t prefix(std::string_view text, int columns) {
  std::size_t at = 0;
  while (at < text.size() && columns > 0) {
    ++at;
    while (at < text.size() && continues(text[at])) ++at;
    --columns;
  }
  return at;
}

}  // namespace

std::string clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) {
      out += ' ';
    } else if (byte == 0xC2 && i + 1 < text.size() &&
               static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      out += ' ';  // U+0080…U+009F: control characters of eight-bit terminals.
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

int width_of(std::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

Line& Line::add(std::string_view text, Color color) {
  const int room = style_.width - used_;
  if (room <= 0 || text.empty()) return *this;
  const int wanted = width_of(text);
  const bool paint = style_.color && color != Color::kNone;
  if (paint) out_ += code_of(color);
  if (wanted <= room) {
    out_ += text;
    used_ += wanted;
  } else {
    out_ += text.substr(0, prefix(text, room - 1));
    out_ += style_.unicode ? "…" : "~";
    used_ = style_.width;
  }
  if (paint) out_ += "\x1b[0m";
  return *this;
}

Line& Line::column(int column) {
  return add(std::string(static_cast<std::size_t>(std::max(1, column - used_)), ' '));
}

std::string duration_text(std::int64_t microseconds) {
  const std::int64_t tenths = std::max<std::int64_t>(0, microseconds) / 100'000;
  const std::int64_t seconds = tenths / 10;
  char out[32];
  if (seconds < 60) {
    std::snprintf(out, sizeof out, "%d.%ds", static_cast<int>(seconds),
                  static_cast<int>(tenths % 10));
  } else if (seconds < 3600) {
    std::snprintf(out, sizeof out, "%dm %02ds", static_cast<int>(seconds / 60),
                  static_cast<int>(seconds % 60));
  } else {
    std::snprintf(out, sizeof out, "%lldh %02dm", static_cast<long long>(seconds / 3600),
                  static_cast<int>(seconds / 60 % 60));
  }
  return out;
}

std::string bar(const Style& style, std::uint64_t done, std::uint64_t total, int cells) {
  const double part = total == 0 ? 0 : static_cast<double>(std::min(done, total)) / double(total);
  const int filled = static_cast<int>(part * cells);
  std::string out;
  for (int i = 0; i < cells; ++i) {
    if (style.unicode) {
      out += i < filled ? "█" : "░";
    } else {
      out += i < filled ? "#" : "-";
    }
  }
  return out;
}

}  // namespace troupe::console
