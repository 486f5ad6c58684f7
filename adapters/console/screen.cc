#include "adapters/console/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace troupe::console {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

bool speaks_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = variable(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != std::string_view::npos ||
           value.find("utf8") != std::string_view::npos;
  }
  return false;
}

}  // namespace

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Screen::show(const std::vector<std::string>& lines) {
  // One write per picture: a terminal never shows half of it.
  std::string out;
  if (drawn_ > 0) out += "\x1b[" + std::to_string(drawn_) + "A";
  for (const std::string& line : lines) {
    out += "\r";
    out += line;
    out += "\x1b[K\n";
  }
  out += "\x1b[J";
  drawn_ = lines.size();
  write_all(descriptor_, out);
}

bool terminal_style(int descriptor, Style* style) {
  if (::isatty(descriptor) == 0 || variable("TERM") == "dumb") return false;
  style->color = variable("NO_COLOR").empty();
  style->unicode = speaks_utf8();
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 && size.ws_row > 4) {
    style->width = size.ws_col;
    style->height = size.ws_row;
  }
  return true;
}

}  // namespace troupe::console
