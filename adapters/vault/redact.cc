#include "adapters/vault/redact.h"

#include <algorithm>

namespace troupe::vault {
namespace {

/// A key of 32 bytes is longer than this in either form; most words and paths are shorter.
constexpr std::size_t kRunMax = 31;

bool may_be_code(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/' || c == '=' || c == '_' || c == '-';
}

bool is_plain(char c) { return (c >= ' ' && c <= '~') || c == '\t' || c == '\r'; }

std::string redact_line(std::string_view line, bool is_cut) {
  if (!std::all_of(line.begin(), line.end(), is_plain)) return "[a line that is no plain text]";
  std::string shown;
  while (!line.empty()) {
    const auto stop = std::find_if_not(line.begin(), line.end(), may_be_code);
    const std::string_view run = line.substr(0, static_cast<std::size_t>(stop - line.begin()));
    const bool may_go_on = is_cut && run.size() == line.size();
    if (run.size() > kRunMax || (may_go_on && !run.empty())) {
      shown += "[redacted]";
    } else {
      shown += run;
    }
    line.remove_prefix(run.size());
    if (line.empty()) break;
    shown += line.front() == '\r' ? ' ' : line.front();
    line.remove_prefix(1);
  }
  return shown;
}

}  // namespace

std::string redact(std::string_view text, bool is_cut) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const bool is_last = end >= text.size();
    const std::string line = redact_line(text.substr(0, end), is_cut && is_last);
    if (!shown.empty() && !line.empty()) shown += " | ";
    shown += line;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return shown;
}

}  // namespace troupe::vault
